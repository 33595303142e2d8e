// SPDX-License-Identifier: MIT
//
// from_callback: a function that reports by callback, as something to await.
//
//     int answer = co_await simul::from_callback<int>([&](simul::promise<int> done) {
//         legacy_query(db, [done = std::move(done)](int value) mutable { done.set_value(value); });
//     });
//
// The callback may come at once, later, or from another thread. If it never can (its promise is dropped), the await
// raises `closed_error`; a null function is refused at the call.
//
// *Cancel:* at once; `promise::cancelled` tells the producer, and what it sets after that is ignored.
#pragma once

#include <simul/detail/callback.hpp>
#include <simul/task/future.hpp>

#include <concepts>
#include <utility>

namespace simul {

template <class T, std::invocable<promise<T>> Fn> task<T> from_callback(Fn begin)
{
    detail::refuse_null(begin);
    return [](Fn fn) -> task<T> {
        promise<T> done;
        future<T> told = done.get_future();
        fn(std::move(done));
        co_return co_await std::move(told);
    }(std::move(begin));
}

} // namespace simul
