// SPDX-License-Identifier: MIT
//
// What every coroutine of simul has in its frame: who awaits it, in which context, and where it waits itself.
#pragma once

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/detail/context.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/frame_pool.hpp>

#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

namespace simul {

template <class T> class task;

namespace detail {

template <class> inline constexpr bool is_task = false;
template <class T> inline constexpr bool is_task<task<T>> = true;

template <class A>
concept has_awaiter_functions = requires(A& a) {
    a.await_ready();
    a.await_resume();
};
template <class A>
concept has_co_await = requires(A&& a) { static_cast<A&&>(a).operator co_await(); } ||
                       requires(A&& a) { operator co_await(static_cast<A&&>(a)); };

class promise_base : public pooled {
public:
    using handle = std::coroutine_handle<promise_base>;

    /// The frame of this promise. The promise sits at a fixed place in it whatever the coroutine, because none is
    /// aligned more strictly than a pointer pair (see result_slot).
    handle frame() noexcept { return handle::from_promise(*this); }

    std::suspend_always initial_suspend() const noexcept { return {}; }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        void await_resume() const noexcept {}
        template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept
        {
            static_assert(alignof(Promise) <= 2 * sizeof(void*));
            promise_base& promise = ended.promise();
            if (promise.awaiter) [[likely]]
                return promise.awaiter->frame();
            return promise.line->finished();
        }
    };
    final_awaiter final_suspend() const noexcept { return {}; }

    template <class Awaitable>
    decltype(auto) await_transform(Awaitable&& awaited, std::source_location here = std::source_location::current())
    {
        using plain = std::remove_cvref_t<Awaitable>;
        static_assert(!(is_task<plain> && std::is_lvalue_reference_v<Awaitable>),
                      "simul: a task is awaited once: write co_await std::move(the_task), or spawn it and await the future");
        static_assert(is_task<plain> || has_awaiter_functions<plain> || has_co_await<Awaitable>,
                      "simul: this can't be awaited; is it a plain value, or a function that was not called?");
        where = here;
        return static_cast<Awaitable&&>(awaited);
    }

    promise_base* awaiter = nullptr; ///< the frame to go on with at the end; null for the root of a context
    context* line = nullptr;         ///< null until started
    std::source_location where;      ///< its last await; before the first, its own name and line

protected:
    explicit promise_base(std::source_location self) noexcept : where(self) {}
    ~promise_base() = default;
};

// ---- leaf: on the path of every wait, so defined where it can be inlined

inline void leaf::resuming() noexcept
{
    context& line = *frame_->line;
    SIMUL_ASSERT(line.leaf_ == this);
    line.leaf_ = nullptr;
    line.home_->set_running(&line);
}

inline void leaf::wait_in(promise_base& frame) noexcept
{
    SIMUL_ASSERT(frame.line->leaf_ == nullptr);
    frame_ = &frame;
    cancelled_ = false;
    frame.line->leaf_ = this;
}

inline void leaf::settle() noexcept
{
    context& line = *frame_->line;
    if (line.cancel_pending_) [[unlikely]]
        line.cancel_pending_ = !cancel();
}

inline void leaf::wake_here() noexcept
{
    frame_->line->home_->post_here(*this);
}

inline void leaf::throw_if_cancelled() const
{
    if (cancelled_) [[unlikely]]
        throw cancelled{};
}

} // namespace detail
} // namespace simul
