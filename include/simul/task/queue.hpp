// SPDX-License-Identifier: MIT
//
// queue<T>: jobs for workers, with a count of what is not done yet, as in asyncio.
//
//     simul::queue<std::string> urls(100);                      // at most 100 wait in it; 0: no bound
//
//     co_await urls.put("https://example.org");                 // waits while it is full
//
//     simul::task<> worker() { for (;;) { co_await fetch(co_await urls.get()); urls.task_done(); } }
//
//     co_await urls.join();                                     // until all that was put is done
//     urls.shutdown();                                          // workers get closed_error once it is empty
//
// `lifo_queue` gives the newest first, `priority_queue` the smallest, and among equals the one put first.
//
// An item goes straight into the hand of the getter that waits longest; `try_get` can't take it away. Getters and
// putters are served first come, first served. Costs a spin lock per operation; a wait allocates nothing.
#pragma once

#include <simul/detail/conduit.hpp>
#include <simul/detail/item_stores.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace simul {

struct queue_options {
    std::size_t maxsize = 0; ///< 0: no bound
};

/// For `shutdown`: what is in the queue is dropped.
struct drop_items_t {};
inline constexpr drop_items_t drop_items{};

namespace detail {

struct queue_kind {
    static constexpr const char* name = "queue";
    static constexpr const char* put_refused = "put: the queue was shut down";
    template <class T> static T received(std::optional<T>& item)
    {
        if (!item)
            throw closed_error("get: the queue was shut down, and nothing is left in it");
        return std::move(*item);
    }
};

/// Who waits until all is done. Guarded by the queue's lock; the second queue's own lock guards but its links, since who
/// joins waits beside getters or putters.
class done_count {
public:
    explicit done_count(wait_queue& lock, const std::uint64_t& accepted) noexcept : lock_(lock), accepted_(accepted) {}

    void add(std::uint64_t done);
    void add_locked(std::uint64_t done) noexcept;
    std::uint64_t unfinished() const noexcept;

private:
    friend class join_wait;

    wait_queue& lock_;
    const std::uint64_t& accepted_;
    std::uint64_t done_ = 0;
    wait_queue joining_;
};

class [[nodiscard("nothing waits until it is awaited: co_await it")]] join_wait final : public waiter {
public:
    explicit join_wait(done_count& count) noexcept : count_(count) {}
    join_wait(join_wait&& unstarted) noexcept : count_(unstarted.count_) {}
    ~join_wait() { withdraw(); } // while it is whole: another thread may be serving it

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return wait(frame.promise());
    }
    void await_resume() { finish_wait(queue_kind::name); }

private:
    bool wait(promise_base& frame) noexcept;

    done_count& count_;
};

} // namespace detail

/// *Cancel:* a cancelled put has put nothing, a cancelled get has taken nothing.
/// *Lifetime:* outlives who uses it; a task that still waits when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any.
template <class T, class Store> class basic_queue : private detail::conduit<T, Store, detail::queue_kind> {
    using base = detail::conduit<T, Store, detail::queue_kind>;

public:
    using value_type = T;

    explicit basic_queue(std::size_t maxsize = 0, Store store = Store())
        : base(maxsize ? maxsize : std::numeric_limits<std::size_t>::max(), std::move(store))
    {
    }
    explicit basic_queue(queue_options options) : basic_queue(options.maxsize) {}

    /// `co_await` it: waits for room. *Throws:* `closed_error` after `shutdown`.
    auto put(T item) { return typename base::template put_awaiter<T>(*this, std::move(item)); }
    /// As `put`, but moves from `item` only when it is really put: neither a cancellation nor a `select` that goes another
    /// way costs the item. *Lifetime:* `item` outlives the await.
    auto put_from(T& item) noexcept { return typename base::template put_awaiter<T&>(*this, item); }
    /// `co_await` it: the next item. *Throws:* `closed_error` after `shutdown`, once the queue is empty.
    auto get() noexcept { return typename base::get_awaiter(*this); }

    /// False, and `item` untouched, when `put` would have to wait. *Throws:* `closed_error` as `put`.
    bool try_put(T&& item) { return this->put_now(item); }
    bool try_put(const T& item)
        requires std::copy_constructible<T>
    {
        T copy(item);
        return this->put_now(copy);
    }
    /// nullopt when `get` would have to wait. *Throws:* `closed_error` as `get`.
    std::optional<T> try_get() { return this->get_now(); }

    using base::empty;
    using base::size;
    bool full() const noexcept { return this->size() >= this->capacity_; }
    /// 0 when there is no bound.
    std::size_t maxsize() const noexcept
    {
        return this->capacity_ == std::numeric_limits<std::size_t>::max() ? 0 : this->capacity_;
    }

    /// `co_await` it: until `task_done` was called for everything that was put.
    detail::join_wait join() noexcept { return detail::join_wait(count_); }
    /// An item that was taken is dealt with. *Throws:* `invalid_state` when called more often than items were put.
    void task_done() { count_.add(1); }
    /// How many items were put and are not done.
    std::size_t unfinished() const noexcept { return static_cast<std::size_t>(count_.unfinished()); }

    /// Puts are refused from now on, those that wait too; gets go on until the queue is empty, then are refused.
    void shutdown() noexcept
    {
        const detail::guard held(this->waiters_);
        this->end_locked();
    }
    /// As above, and what is in the queue is dropped and counts as done. What was taken before does not: `join` waits for it.
    void shutdown(drop_items_t) noexcept
    {
        std::optional<Store> dropped; // destroyed after the lock is released
        const detail::guard held(this->waiters_);
        dropped.emplace(std::move(this->store_));
        this->end_locked();
        count_.add_locked(dropped->size());
    }
    bool is_shut_down() const noexcept
    {
        const detail::guard held(this->waiters_);
        return this->closed_;
    }

private:
    detail::done_count count_{this->waiters_, this->accepted_};
};

/// First in, first out.
template <class T> using queue = basic_queue<T, detail::fifo_store<T>>;

/// Last in, first out.
template <class T> using lifo_queue = basic_queue<T, detail::lifo_store<T>>;

/// The smallest first by `Less`, which must not throw and is all that is ever asked of an item; equals in order of `put`.
template <class T, class Less = detail::ascending> using priority_queue = basic_queue<T, detail::sorted_store<T, Less>>;

} // namespace simul
