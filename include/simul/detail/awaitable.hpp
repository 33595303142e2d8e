// SPDX-License-Identifier: MIT
//
// What can be awaited, what awaiting it gives, and how to make a task of it.
#pragma once

#include <simul/task/task.hpp>

#include <type_traits>
#include <utility>

namespace simul::detail {

template <class A> decltype(auto) get_awaiter(A&& awaited)
{
    if constexpr (requires { static_cast<A&&>(awaited).operator co_await(); })
        return static_cast<A&&>(awaited).operator co_await();
    else if constexpr (requires { operator co_await(static_cast<A&&>(awaited)); })
        return operator co_await(static_cast<A&&>(awaited));
    else
        return static_cast<A&&>(awaited);
}

template <class A>
concept awaitable = has_awaiter_functions<std::remove_cvref_t<A>> || has_co_await<A>;

template <awaitable A>
using await_result = decltype(std::declval<std::remove_reference_t<decltype(get_awaiter(std::declval<A>()))>&>().await_resume());

/// The type a result is kept as: `const T&` of a future awaited by reference becomes `T`.
template <awaitable A>
using kept_result = std::conditional_t<std::is_const_v<std::remove_reference_t<await_result<A>>>,
                                       std::remove_cvref_t<await_result<A>>, await_result<A>>;

/// A result inside a container (vector, optional, variant): a pointer for a reference.
template <class T> using contained = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;

/// *Throws:* `invalid_state` for one that was awaited before, or moved from.
template <class T> task<T> as_task(task<T> already)
{
    already.check_unused();
    return already;
}

/// By reference for an lvalue, which must then outlive the task.
template <awaitable A>
    requires(!is_task<std::remove_cvref_t<A>>)
task<kept_result<A>> as_task(A&& awaited)
{
    // The parameter is a reference for an lvalue and moved into the frame for an rvalue.
    return [](A kept) -> task<kept_result<A>> { co_return co_await static_cast<A&&>(kept); }(static_cast<A&&>(awaited));
}

template <class A> using task_of = decltype(as_task(std::declval<A>()));
template <class A> using result_of = typename task_of<A>::value_type;

} // namespace simul::detail
