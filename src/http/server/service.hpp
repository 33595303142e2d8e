// SPDX-License-Identifier: MIT
//
// What a server has in one loop: its door, its connections, and what these share.
#pragma once

#include "request_maker.hpp"
#include "routes.hpp"

#include <simul/detail/timer.hpp>
#include <simul/http/answer.hpp>
#include <simul/http/server.hpp>
#include <simul/io/listener.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace simul::http::detail {

/// A connection that waits for a request: it may be closed at any time.
class idle_connection {
public:
    idle_connection() noexcept = default;
    idle_connection(const idle_connection&) = delete;
    idle_connection& operator=(const idle_connection&) = delete;

    virtual void close_idle() noexcept = 0;

protected:
    ~idle_connection() { leave_idle(); }
    bool is_idle() const noexcept { return next_ != this; }
    void leave_idle() noexcept
    {
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = this;
    }

private:
    friend class service;
    idle_connection* next_ = this;
    idle_connection* previous_ = this;
};

class service : simul::detail::timer {
public:
    using logger = void (*)(void* with, const access& done);

    /// On the loop that runs here.
    service(const server_options& options, const routes& table, event& stop) noexcept;
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    ~service();

    /// Serves whoever comes to `door`, until `stop` happens; at most `limit` at once.
    task<> run(listener door, const std::optional<tls::server_context>& tls, std::size_t limit);

    void log_with(logger calls, void* with) noexcept
    {
        log_ = calls;
        log_with_ = with;
    }

    // ---- for connections

    const server_options& options() const noexcept { return options_; }
    event& stop() noexcept { return stop_; }
    bool is_stopping() const noexcept { return stop_.is_set(); }
    /// Whether somebody waits to be let in; says so to one connection, which then goes.
    bool wants_place() noexcept { return std::exchange(crowded_, false); }
    bool logs() const noexcept { return log_ != nullptr; }
    void log(const access& done) const { log_(log_with_, done); }

    /// It waits for a request now.
    void note_idle(idle_connection& who) noexcept;

    /// What its handler says. *Throws:* what that throws, here or when it is awaited: then `instead` is the answer.
    task<response> respond(request& asked);
    /// For a handler that has thrown. *Throws:* `cancelled`, when it is we who have to end.
    response instead(const request& asked, std::exception_ptr why) const;
    /// A handler's failure: reports it, and says what to answer.
    response failed(const request& asked, std::exception_ptr why) const;
    /// The fields that we add to every answer: valid until the next call.
    headers& own_fields(const response& to);

private:
    class place;

    task<> accept_all(group& connections, const std::optional<tls::server_context>& tls, std::size_t limit);
    task<> serve_one(simul::stream peer, place taken, const std::optional<tls::server_context>& tls);
    task<> stop_at_sigterm();
    bool close_oldest_idle() noexcept;
    void begin_stop() noexcept;
    void renew_date();

    struct idle_list final : idle_connection {
        void close_idle() noexcept override {}
    };

    const server_options& options_;
    const routes& table_;
    event& stop_;
    listener door_;
    std::exception_ptr broken_; ///< why nobody can be accepted any more
    std::size_t open_ = 0;      ///< connections
    bool crowded_ = false;      ///< none of them was idle when another one came, which waits
    event change_;              ///< a connection has left, or become idle, since this was cleared
    std::unordered_map<address, std::size_t> of_peers_;
    idle_list idle_; ///< the longest first
    logger log_ = nullptr;
    void* log_with_ = nullptr;

    loop& home_;
    std::string date_;
    bool date_is_right_ = false; ///< until our timer fires: nobody looks at the clock for it
    headers own_;
    std::string own_type_;       ///< of the content that they are for
    bool own_are_usual_ = false; ///< the response has none of its own
    path_parts parts_, values_;
};

} // namespace simul::http::detail
