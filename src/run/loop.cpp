// SPDX-License-Identifier: MIT
#include "loop_parts.hpp"
#include "task_tree.hpp"

#include <simul/base/assert.hpp>
#include <simul/detail/promise_base.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace simul {
namespace {

/// How much shared work may be begun in one go, before descriptors, timers and posts get their turn.
constexpr int shared_steps_a_turn = 256;

} // namespace

loop::parts::parts(loop& self, const loop_options& options)
    : owner(self), io(detail::make_backend(static_cast<detail::backend_kind>(options.backend), options.seed)),
      gate(std::make_shared<detail::outside_gate>(self, *io)),
      generator(options.seed != 0 ? options.seed : std::random_device{}()),
      slow_step(options.slow_step)
{
    // A run in virtual time is one that can be repeated, so without a seed it is always the same.
    if (options.backend == backend::sim && options.seed == 0)
        generator.seed(1);
}

loop::loop(loop_options options) : parts_(std::make_unique<parts>(*this, options))
{
    remember_loop(*parts_);
    random_order_ = options.seed != 0;
    const char* const wanted = std::getenv("SIMUL_DEBUG");
    set_debug(options.debug || (wanted && std::string_view(wanted) == "1"));
}

loop::~loop()
{
    if (!is_closed())
        close();
    forget_loop(*parts_);
}

loop& loop::current()
{
    return static_cast<loop&>(executor::require("loop::current"));
}

bool loop::is_running() const noexcept
{
    return parts_->runs_in.load(std::memory_order_relaxed) != std::thread::id{};
}

bool loop::is_closed() const noexcept
{
    return parts_->closed;
}

bool loop::is_idle() const noexcept
{
    return const_cast<loop*>(this)->top().first_child() == nullptr;
}

time_point loop::now() const noexcept
{
    return parts_->io ? parts_->io->now() : std::chrono::time_point_cast<duration>(clock::now());
}

std::uint64_t loop::random() noexcept
{
    return parts_->generator();
}

std::string_view loop::backend_name() const noexcept
{
    return parts_->io ? parts_->io->name() : "closed";
}

void loop::set_debug(bool on)
{
    debug_ = on;
    const duration blocked = std::min(parts_->slow_step, duration::max() / 10) * 10;
    parts_->dog = on ? std::make_unique<detail::watchdog>(std::max<duration>(blocked, std::chrono::milliseconds(20))) : nullptr;
}

void loop::check_usable(const char* operation) const
{
    if (parts_->closed)
        throw closed_error(std::string(operation) + ": the loop is closed");
    if (parts_->forked)
        throw invalid_state(std::string(operation) +
                            ": this loop belongs to the parent process: after fork() make a new one, or exec");
}

// ---- scheduling

namespace {

/// What is scheduled from the loop's own thread, or before it runs anywhere.
void check_thread(const loop::parts& parts, const char* operation)
{
    const std::thread::id runs_in = parts.runs_in.load(std::memory_order_relaxed);
    if (runs_in != std::thread::id{} && runs_in != std::this_thread::get_id())
        throw invalid_state(std::string(operation) +
                            " was called from another thread than the loop's: use call_soon_threadsafe");
}

/// Holds a callback that was made, until it is scheduled; what refuses it throws and must not leak it.
struct unscheduled {
    detail::callback* made;
    ~unscheduled()
    {
        if (made)
            made->release();
    }
    detail::callback& keep() { return *std::exchange(made, nullptr); }
};

} // namespace

callback_handle loop::soon(detail::callback& made)
{
    unscheduled held{&made};
    check_usable("call_soon");
    check_thread(*parts_, "call_soon");
    ready_.push_back(held.keep());
    return callback_handle(made);
}

callback_handle loop::at(time_point when, detail::callback& made)
{
    unscheduled held{&made};
    check_usable("call_at");
    check_thread(*parts_, "call_at");
    made.deadline = when;
    made.fire = [](detail::timer& due) noexcept {
        detail::callback& called = static_cast<detail::callback&>(due);
        called.home().post(called);
    };
    parts_->timers.add(held.keep());
    return callback_handle(made);
}

void loop::soon_threadsafe(detail::callback& made)
{
    unscheduled held{&made};
    check_usable("call_soon_threadsafe");
    post_from_outside(held.keep());
}

void loop::post_owned(detail::work& w)
{
    if (is_running())
        post(w);
    else
        ready_.push_back(w); // not running anywhere: whoever calls is the one who will run it
}

void loop::post_from_outside(detail::work& w) noexcept
{
    // What is posted may make the loop end at once, and be closed and destroyed by its own thread: it waits for us to leave.
    parts_->posting.fetch_add(1, std::memory_order_seq_cst);
    if (parts_->closed.load(std::memory_order_seq_cst)) {
        w.drop();
    } else {
        detail::work* head = parts_->remote.load(std::memory_order_relaxed);
        do
            w.next = head;
        // seq_cst, as are the accesses to `sleeping`: either we see the loop asleep, or it sees our work before it sleeps.
        while (!parts_->remote.compare_exchange_weak(head, &w, std::memory_order_seq_cst, std::memory_order_relaxed));
        parts_->wake_if_sleeping();
    }
    parts_->posting.fetch_sub(1, std::memory_order_seq_cst);
}

void loop::parts::wake_if_sleeping() noexcept
{
    if (sleeping.load(std::memory_order_seq_cst) && sleeping.exchange(false, std::memory_order_seq_cst))
        io->wake();
}

void loop::parts::take_remote() noexcept
{
    if (!remote.load(std::memory_order_relaxed))
        return;
    detail::work* newest_first = remote.exchange(nullptr, std::memory_order_acquire);
    detail::work* oldest_first = nullptr;
    while (newest_first) {
        detail::work* const rest = newest_first->next;
        newest_first->next = oldest_first;
        oldest_first = std::exchange(newest_first, rest);
    }
    while (oldest_first) {
        detail::work* const rest = oldest_first->next;
        owner.ready_.push_back(*oldest_first);
        oldest_first = rest;
    }
}

void loop::arm(detail::timer& t) noexcept
{
    parts_->timers.add(t);
}

void loop::disarm(detail::timer& t) noexcept
{
    parts_->timers.remove(t);
}

void loop::expect_outside(int change) noexcept
{
    parts_->io->expect_outside(change);
}

// ---- running

namespace {

/// In random order; the seed decides.
detail::work_chain shuffled(detail::work_chain ready, std::mt19937_64& generator)
{
    std::vector<detail::work*> order;
    while (detail::work* const each = ready.pop_front())
        order.push_back(each);
    detail::work_list random;
    for (std::size_t left = order.size(); left > 0; --left) {
        std::swap(order[generator() % left], order[left - 1]);
        random.push_back(*order[left - 1]);
    }
    return random.take_all();
}

/// What debug mode says about a step, asked before it runs: afterwards its frame may be gone.
std::string describe_step(detail::work& next)
{
    if (auto* const resumed = dynamic_cast<detail::leaf*>(&next)) {
        detail::context& line = *resumed->frame().line;
        const std::source_location& at = resumed->frame().where;
        return "task " + line.name() + ", resumed at " + at.file_name() + ":" + std::to_string(at.line());
    }
    if (auto* const begun = dynamic_cast<detail::context*>(&next))
        return "the first step of the task spawned at " + std::string(begun->spawned_at().file_name()) + ":" +
               std::to_string(begun->spawned_at().line());
    return "a callback";
}

} // namespace

/// This thread runs this loop, for a scope.
class loop::running_here {
public:
    explicit running_here(loop& self) : self_(self)
    {
        self.check_usable("run");
        if (self.is_running())
            throw invalid_state("this loop is running already");
        if (executor::current())
            throw invalid_state("a loop can't be run inside a running loop: co_await the task instead");
        self.parts_->io->enter_thread();
        self.parts_->runs_in = std::this_thread::get_id();
        exchange_current(&self);
    }
    ~running_here()
    {
        exchange_current(nullptr);
        self_.set_running(nullptr);
        self_.parts_->runs_in = std::thread::id{};
    }

private:
    loop& self_;
};

void loop::parts::run_observed(detail::work& next) noexcept
{
    const std::string step = describe_step(next);
    dog->step_begins(step);
    const clock::time_point begin = clock::now();
    next.run();
    const duration took = clock::now() - begin;
    dog->step_ends();
    if (took >= slow_step) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
        owner.report({"a step took " + std::to_string(ms) + " ms and kept everything else waiting: " + step, {}, {}, {}, {}});
    }
}

void loop::parts::fire_timers() noexcept
{
    const time_point reached = io->now();
    while (detail::timer* const due = timers.take_due(reached))
        due->fire(*due);
}

namespace {

void call_hook(detail::callback* hook) noexcept
{
    if (!hook)
        return;
    hook->acquire(); // it may replace itself
    hook->call();
    hook->release();
}

} // namespace

void loop::parts::wait_for_events(bool has_work)
{
    call_hook(before_wait);
    if (has_work || !owner.ready_.empty() || stopping.load(std::memory_order_relaxed)) {
        io->wait(time_point::min());
    } else {
        const time_point until = timers.next_deadline();
        sleeping.store(true, std::memory_order_seq_cst);
        const bool was_called = called();
        const bool can_go_on = io->wait(was_called ? time_point::min() : until);
        sleeping.store(false, std::memory_order_seq_cst);
        if (worker)
            worker->back();
        if (!can_go_on && !was_called && !remote.load(std::memory_order_seq_cst))
            throw deadlock_error("every task waits, and nothing is left that could wake one:\n" + detail::task_tree(owner));
    }
    call_hook(after_wait);
    io->dispatch();
    take_remote();
}

void loop::turn()
{
    parts& p = *parts_;
    if (p.forked) [[unlikely]]
        check_usable("run");
    p.take_remote();
    detail::context* const shared = p.worker ? p.next_of_crew() : nullptr;
    // With work at hand and nothing under way outside there is nothing to look for.
    if ((ready_.empty() && !shared) || p.io->in_flight() != 0 || p.before_wait || p.after_wait)
        p.wait_for_events(shared != nullptr);
    if (p.pending_signals.load(std::memory_order_relaxed) != 0) [[unlikely]]
        p.take_signals();
    if (!p.timers.empty())
        p.fire_timers();
    run_batch();
    if (!shared)
        return;
    if (debug_) [[unlikely]]
        p.run_observed(*shared);
    else
        shared->run();
}

// Null when there is no shared work, or enough of our own; then it may be time to sleep.
detail::context* loop::parts::next_of_crew() noexcept
{
    const bool may_begin = worker->may_begin();
    owner.steps_left_ = may_begin ? shared_steps_a_turn : 0;
    if (!may_begin)
        return nullptr;
    if (detail::context* const found = worker->find())
        return found;
    return nothing_ready() ? worker->search() : nullptr;
}

void loop::parts::join_crew(detail::worker* as) noexcept
{
    worker = as;
    owner.sharing_ = as;
}

void loop::run_as_worker(const detail::crew& of)
{
    const running_here scope(*this);
    while (!of.finished()) {
        if (of.cancels_all())
            parts_->cancel_roots();
        turn();
    }
}

void loop::run_batch()
{
    parts& p = *parts_;
    if (p.batch.empty()) // else a callback left a turn early, and its rest comes first
        p.batch = ready_.take_all();
    if (random_order_) [[unlikely]]
        p.batch = shuffled(p.batch, p.generator);
    p.leaving = false;
    while (detail::work* const next = p.batch.pop_front()) {
        p.batch.prefetch_front();
        if (debug_) [[unlikely]]
            p.run_observed(*next);
        else
            next->run();
        if (p.leaving) [[unlikely]]
            return;
    }
}

void loop::run_once()
{
    const running_here scope(*this);
    turn();
}

void loop::run_forever()
{
    const running_here scope(*this);
    do
        turn();
    while (!parts_->stopping.load(std::memory_order_relaxed) && !parts_->leaving);
    parts_->stopping.store(false, std::memory_order_relaxed);
}

void loop::stop() noexcept
{
    parts_->stopping.store(true, std::memory_order_relaxed);
}

void loop::stop_threadsafe() noexcept
{
    parts_->posting.fetch_add(1, std::memory_order_seq_cst); // as in post_from_outside
    if (!parts_->closed.load(std::memory_order_seq_cst)) {
        parts_->stopping.store(true, std::memory_order_seq_cst);
        parts_->wake_if_sleeping();
    }
    parts_->posting.fetch_sub(1, std::memory_order_seq_cst);
}

void loop::leave() noexcept
{
    parts_->leaving = true;
}

void loop::run_until_done(detail::future_state_base& main)
{
    const running_here scope(*this);
    while (!main.done()) {
        turn();
        if (parts_->stopping.load(std::memory_order_relaxed) || parts_->leaving) [[unlikely]] {
            parts_->stopping.store(false, std::memory_order_relaxed);
            if (!main.done())
                throw invalid_state("the loop was stopped before the task it ran was done");
        }
    }
}

// ---- the end

void loop::shutdown(duration patience)
{
    const running_here scope(*this);
    parts_->cancelled_roots = false;
    // In real time too: a task that refuses to end may do so without ever letting the clock advance.
    const time_point until = deadline_after(now(), patience);
    const time_point until_really = deadline_after(clock::now(), patience);
    detail::callback& alarm = detail::make_callback([] {}, *this);
    callback_handle alarmed = at(until, alarm);
    while (parts_->unfinished()) {
        if (now() >= until || clock::now() >= until_really) {
            report({"tasks did not end when they were cancelled; the loop is closed under them:\n" + detail::task_tree(*this),
                    {}, {}, {}, {}});
            break;
        }
        parts_->cancel_roots();
        turn();
    }
    alarmed.cancel();
}

bool loop::parts::unfinished() const noexcept
{
    return worker ? worker->of().roots() > 0 : !owner.is_idle();
}

// In rounds: all that are there are asked, once, for their clean-up may wait too; when they have ended, those that were
// started meanwhile, which are younger.
void loop::parts::cancel_roots() noexcept
{
    detail::context* const eldest = owner.top().first_child();
    const bool first_round = !std::exchange(cancelled_roots, true);
    if (!eldest || !(first_round || eldest->cancelling() == 0))
        return;
    for (detail::context* each = eldest; each; each = each->next_sibling())
        if (first_round || each->cancelling() == 0)
            each->cancel();
}

void loop::parts::drop_queued() noexcept
{
    take_remote();
    for (detail::work_chain each : {batch, owner.ready_.take_all()})
        while (detail::work* const never_run = each.pop_front())
            never_run->drop();
    batch = {};
}

void loop::close()
{
    parts& p = *parts_;
    if (p.closed)
        return;
    if (is_running())
        throw invalid_state("a running loop can't be closed: stop it first");

    // From here on nothing is queued any more: posts are dropped, whatever other threads and the destructors of frames do.
    p.closed.store(true, std::memory_order_seq_cst);
    while (p.posting.load(std::memory_order_seq_cst) > 0)
        std::this_thread::yield();

    p.gate->close();
    // First the operations: no frame may go while the kernel writes into it. What they complete is dropped below.
    p.resources.close_all();
    if (!p.forked)
        p.io.reset();
    p.drop_queued();

    while (detail::context* const pending = top().first_child()) {
        report({"a task was still pending when its loop was closed", {}, pending->name(), pending->spawned_at(), {}});
        pending->destroy_unfinished();
    }
    while (detail::timer* const never_fired = p.timers.take_due(never))
        never_fired->fire(*never_fired);
    for (detail::callback** each : {&p.before_wait, &p.after_wait})
        if (detail::callback* const dropped = std::exchange(*each, nullptr))
            dropped->release();
    release_watches_and_signals();
    p.dog.reset();
}

// ---- problems

void loop::report(problem found) noexcept
{
    if (const auto handler = parts_->error_handler) { // kept: it may replace itself
        try {
            handler->handle(found);
            return;
        } catch (...) {
            std::fprintf(stderr, "simul: the error handler failed: %s\n", describe(std::current_exception()).c_str());
        }
    }
    std::fprintf(stderr, "%s\n", found.text().c_str());
}

void loop::set_handler(detail::handler* made)
{
    parts_->error_handler.reset(made);
}

void loop::hook(bool before, detail::callback& made)
{
    detail::callback*& slot = before ? parts_->before_wait : parts_->after_wait;
    if (detail::callback* const replaced = std::exchange(slot, &made))
        replaced->release();
}

} // namespace simul
