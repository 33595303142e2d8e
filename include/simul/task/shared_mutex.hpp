// SPDX-License-Identifier: MIT
//
// shared_mutex: many readers, or one writer.
//
//     simul::shared_mutex table;
//     { const auto reading = co_await table.lock_shared();  co_await show(rows); }
//     { const auto writing = co_await table.lock();         co_await change(rows); }
//
// First come, first served, both kinds in one queue: a reader that comes after a waiting writer waits behind it, so
// writers don't starve; readers that stand next to each other go in together. A writer that is cancelled while it waits
// lets the readers behind it go in. Costs a spin lock to lock and one to unlock.
//
// | word     | meaning                                        | invariant                                      |
// |----------|------------------------------------------------|------------------------------------------------|
// | readers_ | how many hold it shared                        | 0 while writing_; under the queue's lock       |
// | writing_ | one holds it alone                             |                                                |
// | waiters_ | those who want it, in order of arrival         | the first can't go in now                      |
#pragma once

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace simul {

class shared_mutex;

namespace detail {

enum class access : std::uint8_t { shared, exclusive };

[[noreturn]] void refuse_unlock_of_nothing();

/// Holds a shared_mutex in one of the two ways until the end of the scope.
template <access How>
class [[nodiscard("dropped at once, it unlocks at once: keep it in a variable")]] shared_mutex_lock {
public:
    shared_mutex_lock() noexcept = default; ///< holds nothing

    explicit operator bool() const noexcept { return mutex_ != nullptr; }
    /// Unlocks before the end of the scope. *Throws:* `invalid_state` when it holds nothing (any more).
    void unlock()
    {
        if (!mutex_)
            refuse_unlock_of_nothing();
        mutex_.reset();
    }
    /// Leaves the mutex locked; somebody will call `unlock` or `unlock_shared` of it.
    void detach() noexcept { static_cast<void>(mutex_.release()); }

private:
    friend shared_mutex;
    template <access> friend class shared_mutex_wait;
    struct unlocker {
        void operator()(shared_mutex* held) const noexcept;
    };

    explicit shared_mutex_lock(shared_mutex& locked) noexcept : mutex_(&locked) {}

    std::unique_ptr<shared_mutex, unlocker> mutex_;
};

class shared_mutex_waiter : public waiter {
public:
    void left() noexcept override;

protected:
    shared_mutex_waiter(shared_mutex& wanted, access how) noexcept : mutex_(wanted), how_(how) {}
    ~shared_mutex_waiter() = default;

    bool take() noexcept;
    bool wait(promise_base& frame) noexcept;
    void give_back() noexcept;

    shared_mutex& mutex_;

private:
    friend shared_mutex;
    const access how_;
};

template <access How>
class [[nodiscard("nothing is locked until it is awaited: co_await it")]] shared_mutex_wait final
    : public shared_mutex_waiter {
public:
    explicit shared_mutex_wait(shared_mutex& wanted) noexcept : shared_mutex_waiter(wanted, How) {}
    shared_mutex_wait(shared_mutex_wait&& unstarted) noexcept : shared_mutex_waiter(unstarted.mutex_, How) {}
    ~shared_mutex_wait()
    {
        if (this->withdraw()) [[unlikely]]
            this->give_back();
    }

    bool await_ready() noexcept { return this->take(); }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return this->wait(frame.promise());
    }
    shared_mutex_lock<How> await_resume()
    {
        this->finish_wait("shared_mutex");
        return shared_mutex_lock<How>(this->mutex_);
    }
};

} // namespace detail

/// *Lifetime:* outlives who holds it; a task that still waits for it when it is destroyed gets `invalid_state`.
/// *Threads:* all of it, from any.
class shared_mutex {
public:
    using exclusive_lock = detail::shared_mutex_lock<detail::access::exclusive>;
    using shared_lock = detail::shared_mutex_lock<detail::access::shared>;

    shared_mutex() noexcept = default;
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;

    /// `co_await` it: an `exclusive_lock`. *Cancel:* leaves the queue, holding nothing.
    detail::shared_mutex_wait<detail::access::exclusive> lock() noexcept
    {
        return detail::shared_mutex_wait<detail::access::exclusive>(*this);
    }
    /// `co_await` it: a `shared_lock`. *Cancel:* leaves the queue, holding nothing.
    detail::shared_mutex_wait<detail::access::shared> lock_shared() noexcept
    {
        return detail::shared_mutex_wait<detail::access::shared>(*this);
    }
    /// A lock that is false when `lock` would have to wait.
    exclusive_lock try_lock() noexcept
    {
        return take(detail::access::exclusive) ? exclusive_lock(*this) : exclusive_lock();
    }
    /// A lock that is false when `lock_shared` would have to wait.
    shared_lock try_lock_shared() noexcept { return take(detail::access::shared) ? shared_lock(*this) : shared_lock(); }

    /// For an `exclusive_lock` that was detached. *Throws:* `invalid_state` when nobody writes.
    void unlock();
    /// For a `shared_lock` that was detached. *Throws:* `invalid_state` when nobody reads.
    void unlock_shared();

    /// Whether somebody holds it alone.
    bool locked() const noexcept
    {
        const detail::guard held(waiters_);
        return writing_;
    }
    /// How many hold it shared.
    std::size_t readers() const noexcept
    {
        const detail::guard held(waiters_);
        return readers_;
    }

private:
    template <detail::access> friend class detail::shared_mutex_lock;
    friend detail::shared_mutex_waiter;

    bool take(detail::access how) noexcept
    {
        const detail::guard held(waiters_);
        return take_locked(how);
    }
    /// False when nobody held it that way.
    bool give_back(detail::access how) noexcept;

    // Under the lock.
    bool grantable(detail::access how) const noexcept
    {
        return !writing_ && (how == detail::access::shared || readers_ == 0);
    }
    void grant(detail::access how) noexcept;
    bool take_locked(detail::access how) noexcept;
    void serve() noexcept;

    std::size_t readers_ = 0;
    bool writing_ = false;
    mutable detail::wait_queue waiters_;
};

template <detail::access How>
void detail::shared_mutex_lock<How>::unlocker::operator()(shared_mutex* held) const noexcept
{
    held->give_back(How);
}

inline bool detail::shared_mutex_waiter::take() noexcept
{
    return mutex_.take(how_);
}

} // namespace simul
