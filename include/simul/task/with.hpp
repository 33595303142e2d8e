// SPDX-License-Identifier: MIT
//
// with: use a resource whose closing has to be awaited.
//
//     auto rows = co_await simul::with(open_database(), [&](database& db) -> simul::task<table> {
//         co_return co_await db.query("select ...");
//     });
//
// Awaits `resource.close()` on every way out: return, exception, cancellation. The body's error goes on; one of `close`
// goes on where the body had none, and is reported otherwise. A request to cancel that comes during `close` cuts it short,
// as any wait; one that was there before comes after it.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/executor.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/result_slot.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

template <class Resource, class Body, class T> task<T> with_open(Resource resource, Body body)
{
    result_slot<T> outcome;
    std::exception_ptr on_close;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await as_task(body(resource));
            outcome.emplace();
        } else {
            outcome.emplace(co_await as_task(body(resource)));
        }
    } catch (...) {
        outcome.fail(failure::capture(std::source_location::current()));
    }
    // A request to cancel that came too late for the body must not break off the clean-up: it comes again after it.
    context& line = *executor::require("with").running();
    const bool asked_late = line.cancel_pending();
    if (asked_late) {
        try {
            co_await yield();
        } catch (const cancelled&) { // and is used up
        }
    }
    try {
        co_await resource.close();
    } catch (...) {
        on_close = std::current_exception();
    }
    if (asked_late)
        line.cancel_again();
    if (on_close && outcome.failed())
        report({"closing a resource failed, after its body had", on_close, {}, {}, {}});
    else if (on_close)
        std::rethrow_exception(on_close);
    co_return outcome.take();
}

template <class Opening, class Body, class T> task<T> open_and_use(Opening opening, Body body)
{
    co_return co_await with_open<result_of<Opening>, Body, T>(co_await as_task(std::move(opening)), std::move(body));
}

} // namespace detail

/// Runs `body(resource)` and closes the resource, which may be given as a task that opens it.
template <class Resource, class Body> auto with(Resource resource, Body body)
{
    detail::refuse_null(body);
    if constexpr (detail::awaitable<Resource>) {
        using Opened = detail::result_of<Resource>;
        using T = detail::result_of<std::invoke_result_t<Body&, Opened&>>;
        return detail::open_and_use<Resource, Body, T>(std::move(resource), std::move(body));
    } else {
        using T = detail::result_of<std::invoke_result_t<Body&, Resource&>>;
        return detail::with_open<Resource, Body, T>(std::move(resource), std::move(body));
    }
}

} // namespace simul
