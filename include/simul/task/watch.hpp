// SPDX-License-Identifier: MIT
//
// watch<T>: a value that changes, and those who want to know; only the latest counts.
//
//     simul::watch<config> current(load());
//
//     simul::task<> follow(simul::watch<config>::observer mine) { while (auto c = co_await mine.changed()) apply(*c); }
//
//     auto following = simul::spawn(follow(current.observe()));
//     current.set(load());                                      // never waits
//     current.close();                                          // observers get what is new, then nullopt
//
// An observer that is slow misses what lies between, and never the last value.
//
// Costs a spin lock per operation and a copy per look, made under that lock.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/audience.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace simul {

/// *Cancel:* a cancelled wait has seen nothing. *Threads:* all of it, from any; one observer by one task at a time.
/// *Lifetime:* it and its observers may be destroyed in any order; who waits then gets `invalid_state`.
template <std::copyable T> class watch : private detail::audience {
    class changed_awaiter;

public:
    using value_type = T;

    /// Remembers which value it saw last. May be moved, while no task waits at it.
    class [[nodiscard("it remembers what was seen last: keep it in a variable")]] observer : private detail::listener {
    public:
        observer(observer&& other) noexcept : listener(std::move(other)), seen_(other.seen_) {}

        /// `co_await` it: waits for a value newer than the last seen one, and gives the latest; nullopt when there is none
        /// and the watch is closed. *Throws:* `invalid_state` when the watch was destroyed, or another task waits here.
        auto changed() { return changed_awaiter(watched(), *this); }
        /// The latest value, which then was seen.
        T get() { return *watched().look(*this, true); }
        /// Whether there is a newer value than the last seen one.
        bool has_changed() const
        {
            const watch& from = watched();
            const detail::guard held(from.waiters_);
            return seen_ < from.version_;
        }

    private:
        friend watch;
        observer(watch& from, std::uint64_t seen) noexcept : seen_(seen) { join(from); }
        watch& watched() const { return static_cast<watch&>(hub("watch")); }

        std::uint64_t seen_;
    };

    explicit watch(T value = T()) : value_(std::move(value)) {}
    ~watch() { waiters_.drain(); }

    /// An observer that has seen the present value.
    observer observe() noexcept
    {
        const detail::guard held(waiters_);
        return observer(*this, version_);
    }
    std::size_t observers() const noexcept
    {
        const detail::guard held(waiters_);
        return listeners();
    }

    T get() const
    {
        const detail::guard held(waiters_);
        return value_;
    }
    /// *Throws:* `closed_error`.
    void set(T value)
    {
        const detail::guard held(waiters_);
        if (closed_)
            throw closed_error("set: the watch is closed");
        std::swap(value_, value); // the old one is destroyed after the lock is released
        ++version_;
        waiters_.serve_all();
    }

    /// There will be no newer value. *Throws:* `invalid_state` when it is closed already.
    void close()
    {
        const detail::guard held(waiters_);
        if (closed_)
            throw invalid_state("close: the watch is closed already");
        closed_ = true;
        waiters_.serve_all();
    }
    bool closed() const noexcept
    {
        const detail::guard held(waiters_);
        return closed_;
    }

private:
    std::optional<T> look(observer& by, bool also_old)
    {
        std::optional<T> value;
        const detail::guard held(waiters_);
        if (also_old || by.seen_ < version_) {
            value.emplace(value_);
            by.seen_ = version_;
        }
        return value;
    }

    T value_;
    std::uint64_t version_ = 1;
    bool closed_ = false;
};

template <std::copyable T>
class [[nodiscard("nothing waits until it is awaited: co_await it")]] watch<T>::changed_awaiter final
    : public detail::listener_wait {
public:
    changed_awaiter(watch& from, observer& by) noexcept : listener_wait(from, by), from_(from), by_(by) {}
    changed_awaiter(changed_awaiter&& unstarted) noexcept : changed_awaiter(unstarted.from_, unstarted.by_) {}

    template <std::derived_from<detail::promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return wait_in_queue(*this, frame.promise());
    }
    std::optional<T> await_resume()
    {
        end_listening("watch");
        return by_.watched().look(by_, false);
    }
    bool attempt() override
    {
        check_alone("watch");
        return by_.seen_ < from_.version_ || from_.closed_;
    }

private:
    watch& from_;
    observer& by_;
};

} // namespace simul
