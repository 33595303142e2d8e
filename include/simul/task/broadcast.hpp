// SPDX-License-Identifier: MIT
//
// broadcast<T>: every subscriber gets every value that is sent after it subscribed.
//
//     simul::broadcast<event> events;
//
//     simul::task<> log(simul::broadcast<event>::subscriber mine) { while (auto e = co_await mine.receive()) print(*e); }
//
//     auto logging = simul::spawn(log(events.subscribe()));
//     co_await events.send(event{...});
//     events.close();                                           // subscribers get what is left, then nullopt
//
// Up to `capacity` values are kept for those who have yet to read them. When the slowest is that far behind, a send waits
// for it; or, with `.when_full = simul::overflow::drop_oldest`, the oldest value goes, and who had not read it can see
// in `missed()` how many it has lost. With no subscriber a value is gone at once.
//
// Costs a spin lock per operation and a copy per subscriber, made under that lock; the last one gets the value itself.
//
// Here both sides may wait at once: subscribers that have read everything, and senders that wait for another, slower one.
// One queue still does: a send passes over the senders in it, as it serves all the subscribers anyway; a read that makes
// room passes over subscribers, whom the value that it lets in will serve.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/audience.hpp>
#include <simul/detail/item_stores.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace simul {

/// What a send does when the slowest subscriber is `capacity` values behind.
enum class overflow : std::uint8_t {
    wait,        ///< it waits for that subscriber
    drop_oldest, ///< that subscriber loses a value
};

struct broadcast_options {
    std::size_t capacity = 16;
    overflow when_full = overflow::wait;
};

/// *Cancel:* a cancelled send has sent nothing, a cancelled receive has received nothing. *Threads:* all of it, from any;
/// one subscriber by one task at a time. *Lifetime:* it and its subscribers may be destroyed in any order; who waits then
/// gets `invalid_state`.
template <class T> class broadcast : private detail::audience {
    static_assert(
        std::is_nothrow_move_constructible_v<T> && std::copy_constructible<T>,
        "simul: each subscriber gets a copy, and moving must not throw; share what can't be copied by a pointer");
    class send_awaiter;
    class receive_awaiter;

public:
    using value_type = T;

    /// Receives what is sent while it exists. May be moved, while no task waits at it.
    class [[nodiscard("it receives only as long as it exists: keep it in a variable")]] subscriber
        : private detail::listener {
    public:
        subscriber(subscriber&& other) noexcept
            : listener(std::move(other)), position_(other.position_), missed_(other.missed_)
        {
        }
        ~subscriber()
        {
            if (hub_)
                channel().forget(*this);
        }

        /// `co_await` it: the next value; nullopt when the broadcast is closed and this subscriber has read everything.
        /// *Throws:* `invalid_state` when the broadcast was destroyed, or another task waits at this subscriber.
        auto receive() { return receive_awaiter(channel(), *this); }
        /// nullopt when `receive` would have to wait, and at the end.
        std::optional<T> try_receive() { return channel().take(*this); }
        /// How many values were dropped before it read them.
        std::uint64_t missed() const noexcept { return missed_; }

    private:
        friend broadcast;
        subscriber(broadcast& to, std::uint64_t position) noexcept : position_(position) { join(to); }
        broadcast& channel() const { return static_cast<broadcast&>(hub("broadcast")); }

        std::uint64_t position_; ///< of the value it reads next
        std::uint64_t missed_ = 0;
    };

    /// *Throws:* `error` when the capacity is 0.
    explicit broadcast(broadcast_options options = {}) : options_(options)
    {
        if (options_.capacity == 0)
            throw error(std::errc::invalid_argument, "broadcast: the capacity is 0; it keeps at least 1 value");
    }
    ~broadcast() { waiters_.drain(); }

    subscriber subscribe() noexcept
    {
        const detail::guard held(waiters_);
        return subscriber(*this, end());
    }
    std::size_t subscribers() const noexcept
    {
        const detail::guard held(waiters_);
        return listeners();
    }

    /// `co_await` it: waits for the slowest subscriber, unless the broadcast drops. *Throws:* `closed_error`.
    auto send(T value) { return send_awaiter(*this, std::move(value)); }
    /// False, and `value` untouched, when `send` would have to wait. *Throws:* `closed_error`.
    bool try_send(T&& value)
    {
        const detail::guard held(waiters_);
        if (closed_)
            throw closed_error(send_refused);
        return send_locked(value);
    }
    bool try_send(const T& value) { return try_send(T(value)); }
    /// *Throws:* `invalid_state` when it is closed already.
    void close()
    {
        const detail::guard held(waiters_);
        if (closed_)
            throw invalid_state("close: the broadcast is closed already");
        closed_ = true;
        detail::refuse_all(waiters_);
    }
    bool closed() const noexcept
    {
        const detail::guard held(waiters_);
        return closed_;
    }

private:
    static constexpr const char* send_refused = "send: the broadcast is closed";

    struct entry {
        T value;
        std::size_t unread; ///< subscribers that have yet to read it
    };

    std::uint64_t end() noexcept { return first_ + kept_.size(); }

    // Under the lock.

    bool send_locked(T& value)
    {
        if (listeners() == 0)
            return true;
        if (kept_.size() >= options_.capacity) {
            if (options_.when_full == overflow::wait)
                return false;
            drop_first();
        }
        kept_.push({std::move(value), listeners()});
        while (detail::queue_wait* const next = detail::take_from_side(waiters_, detail::side::get, true))
            next->served();
        return true;
    }
    void drop_first() noexcept
    {
        kept_.drop_first();
        ++first_;
    }
    /// Drops what everybody has read, and lets senders go on. noexcept: what leaves a sender's hand must arrive.
    void make_room() noexcept
    {
        while (!kept_.empty() && kept_[0].unread == 0)
            drop_first();
        while (kept_.size() < options_.capacity) {
            detail::queue_wait* const next = detail::take_from_side(waiters_, detail::side::put, true);
            if (!next)
                return;
            send_locked(static_cast<send_awaiter&>(*next).value_);
            next->served();
        }
    }

    std::optional<T> take(subscriber& by)
    {
        std::optional<T> value;
        const detail::guard held(waiters_);
        if (by.position_ < first_)
            by.missed_ += first_ - std::exchange(by.position_, first_);
        if (by.position_ == end())
            return value;
        entry& next = kept_[by.position_ - first_];
        if (next.unread == 1)
            value.emplace(std::move(next.value));
        else
            value.emplace(next.value);
        ++by.position_;
        if (--next.unread == 0)
            make_room();
        return value;
    }
    void forget(subscriber& gone) noexcept
    {
        const detail::guard held(waiters_);
        for (std::uint64_t i = gone.position_ < first_ ? first_ : gone.position_; i < end(); ++i)
            --kept_[i - first_].unread;
        gone.leave();
        make_room();
    }

    const broadcast_options options_;
    bool closed_ = false;
    detail::fifo_store<entry> kept_;
    std::uint64_t first_ = 0; ///< position of the first that is kept
};

template <class T>
class [[nodiscard("nothing is sent until it is awaited: co_await it")]] broadcast<T>::send_awaiter final
    : public detail::queue_wait {
public:
    send_awaiter(broadcast& to, T&& value) noexcept
        : queue_wait(to.waiters_, detail::side::put), to_(to), value_(std::move(value))
    {
    }
    send_awaiter(send_awaiter&& unstarted) noexcept : send_awaiter(unstarted.to_, std::move(unstarted.value_)) {}
    ~send_awaiter() { static_cast<void>(withdraw()); } // before the value goes

    template <std::derived_from<detail::promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return wait_in_queue(*this, frame.promise());
    }
    void await_resume()
    {
        finish_wait("broadcast");
        if (refused) [[unlikely]]
            throw closed_error(send_refused);
    }
    bool attempt() override { return (refused = to_.closed_) || to_.send_locked(value_); }

private:
    friend broadcast;
    broadcast& to_;
    T value_;
};

template <class T>
class [[nodiscard("nothing is received until it is awaited: co_await it")]] broadcast<T>::receive_awaiter final
    : public detail::listener_wait {
public:
    receive_awaiter(broadcast& from, subscriber& by) noexcept : listener_wait(from, by), from_(from), by_(by) {}
    receive_awaiter(receive_awaiter&& unstarted) noexcept : receive_awaiter(unstarted.from_, unstarted.by_) {}

    template <std::derived_from<detail::promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return wait_in_queue(*this, frame.promise());
    }
    std::optional<T> await_resume()
    {
        end_listening("broadcast");
        return by_.channel().take(by_);
    }
    bool attempt() override
    {
        check_alone("broadcast");
        return by_.position_ < from_.end() || from_.closed_;
    }

private:
    broadcast& from_;
    subscriber& by_;
};

} // namespace simul
