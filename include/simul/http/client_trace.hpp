// SPDX-License-Identifier: MIT
//
// client_trace: what a client does, as it does it; for logs and measurements.
//
//     simul::http::client web{{.trace = simul::http::trace_with([](const simul::http::trace_event& now) {
//         fmt::print("{} {} {}\n", now.since_start, now.method, now.url);
//     })}};
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/refuse_null.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace simul::http {

/// *Lifetime:* the texts, for the call.
struct trace_event {
    enum class kind : std::uint8_t {
        start,   ///< of a request: once, whatever its redirects
        queued,  ///< it waits for a connection
        connect, ///< it makes one
        connected,
        reused,   ///< it got one that was there
        sent,     ///< head and content, or as much of that as the server wanted
        head,     ///< of the answer is here
        redirect, ///< that answer is followed
        retry,    ///< it is made again
        done,     ///< the body was read
        failed,
    };

    kind what;
    std::string_view method;
    std::string_view url; ///< without credentials
    duration since_start;
    int status = 0;            ///< from `head` on
    std::string_view why = {}; ///< of `failed`, `retry`: the error
};

std::string_view to_string(trace_event::kind of) noexcept;

/// Is told of all requests of the clients it is given to. It may not throw.
class client_trace {
public:
    client_trace() noexcept = default;
    client_trace(const client_trace&) = delete;
    client_trace& operator=(const client_trace&) = delete;
    virtual ~client_trace() = default;

    virtual void happened(const trace_event& now) noexcept = 0;
};

/// Calls `fn(event)`.
template <class Fn>
    requires std::invocable<Fn&, const trace_event&>
std::shared_ptr<client_trace> trace_with(Fn fn)
{
    simul::detail::refuse_null(fn);
    struct called final : client_trace {
        explicit called(Fn given) : fn(std::move(given)) {}
        void happened(const trace_event& now) noexcept override { fn(now); }
        Fn fn;
    };
    return std::make_shared<called>(std::move(fn));
}

} // namespace simul::http
