// SPDX-License-Identifier: MIT
//
// Threads that wait for calls that block. The one that became idle last is woken first, so those that aren't needed any
// more are left alone, and go.
#include "job_threads.hpp"
#include "os_thread.hpp"

#include <simul/detail/executor.hpp>
#include <simul/run/to_thread.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace simul::detail {
namespace {

constexpr std::size_t most_threads = 64;
constexpr std::chrono::seconds patience_when_idle{10};

thread_local bool runs_jobs_here = false;

class job_threads {
public:
    /// In a child of fork(), its parent's are kept, untouched: else they look like a leak.
    explicit job_threads(job_threads* of_the_parent) noexcept : of_the_parent_(of_the_parent) {}

    void give(work& job);
    /// All that are idle go, and are waited for.
    void dismiss_idle() noexcept;
    /// What has not begun is dropped; what runs is waited for.
    void close() noexcept;

private:
    struct member {
        job_threads& of;
        std::thread thread;
        std::condition_variable called;
        work* given = nullptr;
        member* next = nullptr; ///< among the idle
        bool dismissed = false;
    };

    bool add_thread(work& first);
    void run(member& me) noexcept;
    work* next_job(member& me) noexcept;
    bool wait_for_a_job(member& me, std::unique_lock<std::mutex>& held);
    void dismiss_idle(std::unique_lock<std::mutex>& held);

    std::mutex mutex_;
    std::condition_variable changed_;
    work_list waiting_;            ///< jobs for which there was no thread
    member* idle_ = nullptr;       ///< the latest first
    std::size_t threads_ = 0;      ///< begun and not left
    std::size_t dismissed_ = 0;    ///< of these, told to go
    std::unique_ptr<member> left_; ///< the last to leave, to be joined
    bool closed_ = false;
    [[maybe_unused]] job_threads* of_the_parent_;
};

void job_threads::give(work& job)
{
    const std::lock_guard held(mutex_);
    if (closed_)
        throw closed_error("to_thread: the process is ending");
    if (idle_) {
        member& called = *idle_;
        idle_ = called.next;
        called.given = &job;
        called.called.notify_one();
        return;
    }
    // A job of a job gets its thread in any case: the outer one may wait for it.
    if ((threads_ >= most_threads && !runs_jobs_here) || !add_thread(job))
        waiting_.push_back(job);
}

/// False when there can be no more, but there are some.
bool job_threads::add_thread(work& first)
{
    auto made = std::make_unique<member>(*this);
    made->given = &first;
    try {
        made->thread = start_without_signals(
            [](void* with) {
                member& me = *static_cast<member*>(with);
                me.of.run(me);
            },
            made.get());
    } catch (const std::system_error& refused) {
        if (threads_ == 0)
            throw error(refused.code(), "to_thread: starting a thread: " + refused.code().message());
        return false;
    }
    ++threads_;
    made.release(); // NOLINT(bugprone-unused-return-value): its own, until it is in left_
    return true;
}

void job_threads::run(member& me) noexcept
{
    name_this_thread("simul-job");
    runs_jobs_here = true;
    std::unique_lock held(mutex_);
    do
        while (work* const job = next_job(me)) {
            held.unlock();
            job->run();
            held.lock();
        }
    while (!closed_ && wait_for_a_job(me, held));
    --threads_;
    if (me.dismissed)
        --dismissed_;
    const std::unique_ptr<member> before = std::exchange(left_, std::unique_ptr<member>(&me));
    changed_.notify_all();
    held.unlock();
    if (before)
        before->thread.join();
}

work* job_threads::next_job(member& me) noexcept
{
    work* const given = std::exchange(me.given, nullptr);
    return given ? given : waiting_.pop_front();
}

bool job_threads::wait_for_a_job(member& me, std::unique_lock<std::mutex>& held)
{
    me.next = idle_;
    idle_ = &me;
    me.called.wait_for(held, patience_when_idle, [&] { return me.given || me.dismissed; });
    if (me.given)
        return true;
    if (!me.dismissed) { // who dismisses has taken it out
        member** place = &idle_;
        while (*place != &me)
            place = &(*place)->next;
        *place = me.next;
    }
    return false;
}

void job_threads::dismiss_idle(std::unique_lock<std::mutex>& held)
{
    while (idle_) {
        member& told = *idle_;
        idle_ = told.next;
        told.dismissed = true;
        ++dismissed_;
        told.called.notify_one();
    }
    changed_.wait(held, [&] { return dismissed_ == 0; });
    if (const std::unique_ptr<member> last = std::move(left_)) {
        held.unlock();
        last->thread.join();
        held.lock();
    }
}

void job_threads::dismiss_idle() noexcept
{
    std::unique_lock held(mutex_);
    dismiss_idle(held);
}

void job_threads::close() noexcept
{
    std::unique_lock held(mutex_);
    closed_ = true;
    while (work* const never_begun = waiting_.pop_front()) {
        held.unlock();
        never_begun->drop();
        held.lock();
    }
    dismiss_idle(held);
    changed_.wait(held, [&] { return threads_ == 0; });
    dismiss_idle(held);
}

// Never destroyed: a thread may still be about to leave it. A child of fork() makes its own.
std::atomic<job_threads*> the_only{nullptr};
job_threads* of_the_parent = nullptr;

job_threads& threads()
{
    struct at_exit {
        at_exit()
        {
            in_forked_children([] { of_the_parent = the_only.exchange(nullptr, std::memory_order_relaxed); });
        }
        ~at_exit()
        {
            if (job_threads* const here = the_only.load(std::memory_order_acquire))
                here->close();
        }
    };
    static const at_exit closes_at_exit;
    if (job_threads* const here = the_only.load(std::memory_order_acquire))
        return *here;
    auto made = std::make_unique<job_threads>(of_the_parent);
    job_threads* first = nullptr;
    if (the_only.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel))
        return *made.release();
    return *first;
}

} // namespace

job_luggage::job_luggage(const std::source_location& given_at)
    : name("to_thread"),
      at(given_at),
      locals(inherited_locals()),
      outside(outside_job::begin()),
      way_back(detail::way_back())
{
    if (at.line() != 0) {
        const std::string file = at.file_name();
        name = file.substr(file.find_last_of('/') + 1) + ":" + std::to_string(at.line());
    }
}

void job_luggage::drop_locals() noexcept
{
    if (locals)
        release(std::exchange(locals, nullptr));
}

void give_to_job_threads(work& job)
{
    threads().give(job);
}

void dismiss_idle_job_threads() noexcept
{
    if (job_threads* const here = the_only.load(std::memory_order_acquire))
        here->dismiss_idle();
}

} // namespace simul::detail
