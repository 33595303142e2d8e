// SPDX-License-Identifier: MIT
//
// retry: again, a little later, until it works.
//
//     page p = co_await simul::retry([&] { return fetch(url); }, {.attempts = 5, .backoff = 200ms});
//
// Between attempts it waits a random time up to `backoff`, doubled each time up to `longest` ("full jitter"): many
// clients that failed together don't come back together. The last error is rethrown. `cancelled` is never retried.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <exception>
#include <utility>

namespace simul {

struct retry_options {
    int attempts = 3;                                    ///< in all; at least one
    duration backoff = std::chrono::milliseconds(100);   ///< the longest wait after the first failure
    duration longest = std::chrono::seconds(30);         ///< ... and after any
    bool (*when)(const std::exception_ptr&) = nullptr;   ///< whether this error is worth another try; null: any is
};

namespace detail {

/// A random wait of up to `backoff * 2^failures`, and `longest` at most.
duration full_jitter(const retry_options& options, int failures);
void check(const retry_options& options);

} // namespace detail

template <class Fn>
    requires detail::awaitable<std::invoke_result_t<Fn&>>
auto retry(Fn fn, retry_options options = {}) -> task<detail::result_of<std::invoke_result_t<Fn&>>>
{
    detail::refuse_null(fn);
    detail::check(options);
    return [](Fn attempt, retry_options with) -> task<detail::result_of<std::invoke_result_t<Fn&>>> {
        for (int failures = 0;;) {
            try {
                co_return co_await detail::as_task(attempt());
            } catch (const cancelled&) {
                throw;
            } catch (...) {
                if (++failures >= with.attempts || (with.when && !with.when(std::current_exception())))
                    throw;
            }
            co_await sleep(detail::full_jitter(with, failures - 1));
        }
    }(std::move(fn), options);
}

} // namespace simul
