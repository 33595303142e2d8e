// SPDX-License-Identifier: MIT
//
// What comes into a loop from outside: descriptors, signals, and fork().
#include "loop_parts.hpp"
#include "signal_routes.hpp"

#include <simul/detail/executor.hpp>

#include <mutex>
#include <poll.h>
#include <pthread.h>
#include <set>
#include <string>

namespace simul {

// ---- descriptors

/// One callback at one descriptor. Its poll operation is level-triggered by being started again after each call.
struct fd_watch final : detail::work, detail::operation {
    fd_watch(loop::parts& of, int watched, bool writing, detail::callback& called) noexcept : owner(of), fn(&called)
    {
        kind = detail::operation_kind::poll;
        fd = watched;
        flags = writing ? POLLOUT : POLLIN;
        complete = [](detail::operation& ended) noexcept { static_cast<fd_watch&>(ended).polled(); };
    }
    virtual ~fd_watch() { fn->release(); }

    void begin() noexcept
    {
        polling = true;
        owner.io->start(*this);
    }
    void polled() noexcept
    {
        polling = false;
        owner.owner.post(*this);
    }
    void run() noexcept override
    {
        if (!fn->cancelled() && result < 0 && result != -ECANCELED) {
            owner.owner.report({"a watched descriptor (" + std::to_string(fd) + ") can't be polled any more",
                                std::make_exception_ptr(error::from_errno(-result, "poll")), {}, {}, {}});
            owner.watches.erase({fd, flags == POLLOUT});
            delete this;
            return;
        }
        fn->call();
        if (fn->cancelled()) // unwatched, now or before
            delete this;
        else
            begin();
    }
    void drop() noexcept override
    {
        if (fn->cancelled())
            delete this; // the others are still in `watches`, which deletes them
    }

    loop::parts& owner;
    detail::callback* fn;
    bool polling = false;
};

void loop::watch(int fd, bool writing, detail::callback& made)
{
    try {
        check_usable("watch");
        if (fd < 0)
            throw error(std::errc::bad_file_descriptor, "watch: the descriptor is negative");
        unwatch(fd, writing);
    } catch (...) {
        made.release();
        throw;
    }
    auto* const added = new fd_watch(*parts_, fd, writing, made);
    parts_->watches[{fd, writing}] = added;
    added->begin();
}

bool loop::unwatch(int fd, bool writing)
{
    const auto found = parts_->watches.find({fd, writing});
    if (found == parts_->watches.end())
        return false;
    fd_watch& gone = *found->second;
    parts_->watches.erase(found);
    gone.fn->cancel(); // it deletes itself once its operation has come back
    if (gone.polling)
        parts_->io->cancel(gone);
    return true;
}

// ---- signals

void loop::handle_signal(int number, detail::callback& made)
{
    try {
        check_usable("on_signal");
        detail::route_signal(number, *parts_);
    } catch (...) {
        made.release();
        throw;
    }
    if (detail::callback* const replaced = std::exchange(parts_->signal_callbacks[number], &made))
        replaced->release();
}

bool loop::remove_signal(int number)
{
    const auto found = parts_->signal_callbacks.find(number);
    if (found == parts_->signal_callbacks.end())
        return false;
    detail::unroute_signal(number);
    found->second->cancel();
    found->second->release();
    parts_->signal_callbacks.erase(found);
    return true;
}

void loop::parts::take_signals() noexcept
{
    const std::uint64_t arrived = pending_signals.exchange(0, std::memory_order_acquire);
    for (const auto& [number, called] : signal_callbacks)
        if ((arrived >> (number - 1)) & 1)
            signalled(*called);
}

void loop::parts::signalled(detail::callback& called) noexcept
{
    // The callback stays registered, so it can't be queued itself: it may be queued already.
    struct call final : detail::work, detail::pooled {
        explicit call(detail::callback& of) noexcept : callback(of) { of.acquire(); }
        virtual ~call() { callback.release(); }
        void run() noexcept override
        {
            callback.call();
            delete this;
        }
        void drop() noexcept override { delete this; }
        detail::callback& callback;
    };
    owner.ready_.push_back(*new call(called));
}

void loop::release_watches_and_signals() noexcept
{
    for (const auto& [key, each] : parts_->watches)
        delete each;
    parts_->watches.clear();
    while (!parts_->signal_callbacks.empty())
        remove_signal(parts_->signal_callbacks.begin()->first);
}

// ---- fork

namespace {

struct loop_registry {
    std::mutex mutex;
    std::set<loop::parts*> loops;
};

loop_registry& registry()
{
    static loop_registry* const the_only = [] {
        auto* const made = new loop_registry; // never destroyed: loops may end after main
        pthread_atfork([] { registry().mutex.lock(); }, [] { registry().mutex.unlock(); },
                       [] {
                           for (loop::parts* const each : registry().loops) {
                               each->forked = true;
                               if (each->io)
                                   each->io->after_fork_in_child();
                           }
                           registry().mutex.unlock();
                       });
        return made;
    }();
    return *the_only;
}

} // namespace

void remember_loop(loop::parts& made)
{
    const std::lock_guard held(registry().mutex);
    registry().loops.insert(&made);
}

void forget_loop(loop::parts& gone)
{
    const std::lock_guard held(registry().mutex);
    registry().loops.erase(&gone);
}

} // namespace simul
