// SPDX-License-Identifier: MIT
//
// What queues and channels are made of: items that go from those who put to those who get, through a store of a certain
// capacity (0: from hand to hand).
//
// An item never lies about: it is in the hand of who puts it, in the store, or in the hand of who gets it, and moves under
// the lock. Getters wait only while the store is empty, putters only while it is full, and neither while somebody waits
// on the other side; so one wait queue serves both. The exception is a select that would put and get at the same place
// (`shares_queue`): both of its cases are parked here.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/selectable.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace simul::detail {

/// `Kind` says how its owner calls it, and what those get who come after the end.
template <class T, class Store, class Kind> class conduit {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "simul: items are handed over under a lock, so moving one must not throw; wrap it in a unique_ptr");

    class putter : public queue_wait {
    public:
        T* item = nullptr; ///< set when it is tried, as an awaiter may move before that

    protected:
        explicit putter(wait_queue& queue) noexcept : queue_wait(queue, side::put) {}
        ~putter() = default;
    };
    class getter : public queue_wait {
    public:
        std::optional<T> item;

    protected:
        explicit getter(wait_queue& queue) noexcept : queue_wait(queue, side::get) {}
        ~getter() = default;
    };

public:
    /// `Held` is `T`, or `T&` for an item that is moved from only when it is really put.
    template <class Held>
    class [[nodiscard("nothing is put until it is awaited: co_await it")]] put_awaiter final : public putter {
    public:
        put_awaiter(conduit& to, Held&& held) : putter(to.waiters_), to_(to), held_(static_cast<Held&&>(held)) {}
        put_awaiter(put_awaiter&& unstarted) : put_awaiter(unstarted.to_, static_cast<Held&&>(unstarted.held_)) {}
        ~put_awaiter() { static_cast<void>(this->withdraw()); } // before the item goes

        template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
        {
            return this->wait_in_queue(*this, frame.promise());
        }
        void await_resume()
        {
            this->finish_wait(Kind::name);
            if (this->refused) [[unlikely]]
                throw closed_error(Kind::put_refused);
        }
        bool attempt() override
        {
            this->item = &held_;
            return (this->refused = to_.closed_) || to_.put_locked(held_);
        }

    private:
        conduit& to_;
        Held held_;
    };

    class [[nodiscard("nothing is taken until it is awaited: co_await it")]] get_awaiter final : public getter {
    public:
        explicit get_awaiter(conduit& from) noexcept : getter(from.waiters_), from_(from) {}
        get_awaiter(get_awaiter&& unstarted) noexcept : get_awaiter(unstarted.from_) {}
        ~get_awaiter() { static_cast<void>(this->withdraw()); } // before the place for the item goes

        template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
        {
            return this->wait_in_queue(*this, frame.promise());
        }
        auto await_resume()
        {
            this->finish_wait(Kind::name);
            return Kind::received(this->item);
        }
        bool attempt() override
        {
            this->item.reset();
            return from_.get_locked(this->item) || (this->refused = from_.closed_);
        }

    private:
        conduit& from_;
    };

    conduit(const conduit&) = delete;
    conduit& operator=(const conduit&) = delete;

    std::size_t size() const noexcept
    {
        const guard held(waiters_);
        return store_.size();
    }
    bool empty() const noexcept { return size() == 0; }

protected:
    explicit conduit(std::size_t capacity, Store store = Store()) : capacity_(capacity), store_(std::move(store)) {}
    ~conduit() = default;

    /// False when it would have to wait: then `item` is untouched. *Throws:* `closed_error`.
    bool put_now(T& item)
    {
        const guard held(waiters_);
        if (closed_)
            throw closed_error(Kind::put_refused);
        return put_locked(item);
    }
    /// Empty when it would have to wait. After the end, what `Kind` says.
    std::optional<T> get_now()
    {
        std::optional<T> item;
        const guard held(waiters_);
        if (!get_locked(item) && closed_)
            static_cast<void>(Kind::received(item));
        return item;
    }

    // Under the lock.

    bool put_locked(T& item)
    {
        if (auto* const next = take<getter>(side::get)) {
            next->item.emplace(std::move(item));
            ++accepted_;
            next->served();
            return true;
        }
        if (store_.size() >= capacity_)
            return false;
        store_.push(std::move(item));
        ++accepted_;
        return true;
    }

    // noexcept: an item that has left the store must arrive.
    bool get_locked(std::optional<T>& item) noexcept
    {
        if (!store_.empty()) {
            item.emplace(store_.pop());
            if (auto* const next = take<putter>(side::put)) {
                store_.push(std::move(*next->item));
                ++accepted_;
                next->served();
            }
            return true;
        }
        auto* const next = take<putter>(side::put);
        if (!next)
            return false;
        item.emplace(std::move(*next->item));
        ++accepted_;
        next->served();
        return true;
    }

    void end_locked() noexcept
    {
        closed_ = true;
        refuse_all(waiters_);
    }

    mutable wait_queue waiters_; ///< its lock guards all here
    const std::size_t capacity_;
    Store store_;
    std::uint64_t accepted_ = 0; ///< items that ever left a putter's hand
    bool closed_ = false;

private:
    template <class Waiter> Waiter* take(side wanted) noexcept
    {
        return waiters_.empty() ? nullptr : static_cast<Waiter*>(take_from_side(waiters_, wanted));
    }
};

} // namespace simul::detail
