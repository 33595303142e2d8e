// SPDX-License-Identifier: MIT
//
// listener: where connections arrive, TCP's or a Unix socket's. `tcp::listen` and `unix_::listen` make it.
//
//     auto door = simul::tcp::listen("127.0.0.1:8080");
//     co_await door.serve([](simul::stream& peer) -> simul::task<> {
//         while (auto line = co_await peer.read_line())
//             co_await peer.write(*line + "\n");
//     });
//
// A server that runs out of descriptors or memory reports it, lets new connections wait and goes on. Belongs to the loop
// that made it.
#pragma once

#include <simul/detail/refuse_null.hpp>
#include <simul/io/address.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/group.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {
class accepting;
struct abandon_accepting {
    void operator()(accepting* gone) const noexcept;
};
using accepting_ptr = std::unique_ptr<accepting, abandon_accepting>;
inline constexpr std::ptrdiff_t no_limit = std::numeric_limits<std::ptrdiff_t>::max();
} // namespace detail

struct serve_options {
    std::size_t limit = 0; ///< connections at once: the next ones wait in the system's queue. 0: as many as come
};

class listener {
public:
    /// Closed.
    listener() noexcept = default;
    explicit listener(detail::accepting_ptr at) noexcept : at_(std::move(at)) {}
    listener(listener&&) noexcept = default;
    listener& operator=(listener&&) noexcept = default;
    ~listener() = default;

    /// Over a socket that listens already, given by who started this process (systemd, for one). Owns it.
    static listener adopt(int listening);

    explicit operator bool() const noexcept { return at_ != nullptr; }
    /// Where it listens; the port is the one it got, when 0 was asked for.
    address local() const;

    /// The next connection. *Cancel:* none is lost. *Throws:* `closed_error` when the listener is closed, also meanwhile.
    task<stream> accept();

    /// Runs `handler(stream)` for each connection, many at once, until it is cancelled or the listener is closed; then waits
    /// for those that run (a cancellation reaches them, too). When a handler has ended, what it wrote is sent and the
    /// connection closed; one that throws is reported to the loop's error handler, and its connection dropped.
    template <class Handler>
        requires std::same_as<std::invoke_result_t<Handler&, stream&>, task<>>
    task<> serve(Handler handler, serve_options options = {});

    /// Nobody can connect any more; connections that were accepted live on.
    void close() noexcept { at_.reset(); }

private:
    template <class Handler> static task<> serve_one(Handler& handler, stream peer, permit place);
    static task<> finish(stream& peer);
    static void report(const stream& peer, std::exception_ptr failure);

    detail::accepting_ptr at_;
};

template <class Handler> task<> listener::serve_one(Handler& handler, stream peer, permit)
{
    try {
        co_await handler(peer);
    } catch (const std::exception&) {
        report(peer, std::current_exception());
        co_return;
    }
    co_await finish(peer);
}

template <class Handler>
    requires std::same_as<std::invoke_result_t<Handler&, stream&>, task<>>
task<> listener::serve(Handler handler, serve_options options)
{
    detail::refuse_null(handler);
    semaphore places(options.limit > 0 ? static_cast<std::ptrdiff_t>(options.limit) : detail::no_limit);
    co_await with_group([&](group& running) -> task<> {
        try {
            for (;;) {
                permit place = co_await places.acquire();
                stream peer = co_await accept();
                running.spawn(serve_one(handler, std::move(peer), std::move(place)));
            }
        } catch (const closed_error&) { // that is how it is asked to stop
        }
    });
}

} // namespace simul
