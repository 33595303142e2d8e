// SPDX-License-Identifier: MIT
//
// server: answers requests.
//
//     simul::http::server site;
//     site.get("/hello/{name}", [](auto& asked) -> simul::task<simul::http::response> {
//         co_return "Hello, " + asked.template param<std::string>("name");
//     });
//     co_await site.serve("127.0.0.1:8080");          // until SIGTERM, `stop`, or it is cancelled
//
// Its end is orderly: nobody can connect any more, idle connections are closed, what runs gets `grace` to end and is then
// cancelled; `serve` returns when the last connection is closed.
//
// A handler that throws is answered for with 500 and reported to the loop's error handler. A client that goes away doesn't
// end its handler; who sends a stream learns of it at the next piece. Limits are on unless you lift them.
#pragma once

#include <simul/base/time.hpp>
#include <simul/http/router.hpp>
#include <simul/io/listener.hpp>
#include <simul/io/tls.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace simul::http {

/// Durations of zero, and numbers of 0, are no limits.
struct server_options {
    std::size_t connections = 1000;       ///< at once; for one more an idle one is closed, or it waits
    std::size_t connections_of_a_peer = 0; ///< from one IP address; more are closed at once. Behind a proxy all have its
    duration head = std::chrono::seconds(10);       ///< for a request's head, from its first byte on
    duration body = std::chrono::seconds(20);       ///< without a byte of a body that is waited for
    std::uint64_t slowest = 240;                    ///< bytes a second that a body must come at, and an answer be taken at
    duration keep_alive = std::chrono::seconds(75); ///< between two requests
    duration handler = duration::zero();            ///< then it is cancelled, and the answer is 503
    duration grace = std::chrono::seconds(10);      ///< for what runs when it is stopped
    std::uint64_t body_limit = request::default_body_limit; ///< see `request::limit_body`
    std::string name = {};                                  ///< the field Server; empty: none
    bool debug = false; ///< a 500 shows what was thrown: not for the public. Also in a loop that debugs
};

struct serve_options {
    std::string at = {};     ///< "127.0.0.1:8080", "*:80", "unix:/run/site.sock"
    listener door = {};      ///< instead: one that listens already
    std::size_t threads = 1; ///< each with a loop of its own, at the same port
    std::optional<tls::server_context> tls = {};
};

/// What became of a request, for a log.
struct access {
    const http::request& asked;
    int status = 0;
    duration took{}; ///< from its head to the last byte handed over
};

class server : public router {
public:
    explicit server(server_options options = {});
    server(server&& other) noexcept;
    server& operator=(server&& other) noexcept;
    ~server();

    /// Listens and answers. SIGTERM stops it where the program leaves that to its default: in the main thread.
    /// *Cancel:* as `stop`; cancelled again, it doesn't wait for handlers.
    /// *Throws:* what listening does: "listen at 127.0.0.1:80: Permission denied".
    task<> serve(std::string at) { return serve(serve_options{.at = std::move(at)}); }
    task<> serve(serve_options how);

    /// Every `serve` comes to its orderly end. From any thread.
    void stop() noexcept;

    /// Calls `fn(const access&)` when a request was answered: in the connection's loop, so it must not block.
    template <std::invocable<const access&> Fn> void on_access(Fn fn)
    {
        simul::detail::refuse_null(fn);
        log_with(std::make_unique<logger_of<Fn>>(std::move(fn)));
    }

    struct state;

private:
    friend state;

    class logger {
    public:
        virtual ~logger() = default;
        virtual void log(const access& done) = 0;
    };
    template <class Fn> class logger_of final : public logger {
    public:
        explicit logger_of(Fn fn) : fn_(std::move(fn)) {}
        void log(const access& done) override { fn_(done); }

    private:
        Fn fn_;
    };

    void log_with(std::unique_ptr<logger> made);

    std::unique_ptr<state> state_;
};

} // namespace simul::http
