// SPDX-License-Identifier: MIT
#include "service.hpp"

#include "h1_connection.hpp"
#include "run/signal_routes.hpp"

#include <simul/base/error.hpp>
#include <simul/http/date.hpp>
#include <simul/io/signals.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <csignal>
#include <utility>

namespace simul::http::detail {
namespace {

constexpr std::size_t shown_of_target = 100; // in a report: it is a stranger's

int waiting_for_sigterm = 0; // services of the main thread

/// Where SIGTERM would be the end of the process, but for us.
bool may_take_sigterm() noexcept
{
    return simul::detail::in_main_thread() && (waiting_for_sigterm > 0 || simul::detail::has_default_action(SIGTERM));
}

task<response> in_time(duration limit, task<response> answering)
{
    if (auto made = co_await move_on_after(limit, std::move(answering)))
        co_return std::move(*made);
    co_return http::answer(status::service_unavailable).response();
}

} // namespace

/// One of the connections that there may be.
class service::place {
public:
    place(service& at, const simul::stream& of) : at_(&at)
    {
        if (at.options_.connections_of_a_peer > 0)
            if (const address from = of.peer(); from.is_ip())
                of_peer_ = &*at.of_peers_.try_emplace(from.with_port(0)).first;
        ++at.open_;
        if (of_peer_)
            ++of_peer_->second;
    }
    place(place&& other) noexcept : at_(std::exchange(other.at_, nullptr)), of_peer_(other.of_peer_) {}
    place& operator=(place&&) = delete;
    ~place()
    {
        if (!at_)
            return;
        if (of_peer_ && --of_peer_->second == 0)
            at_->of_peers_.erase(address(of_peer_->first));
        --at_->open_;
        at_->change_.set();
    }

    bool is_one_too_many() const noexcept
    {
        return of_peer_ && of_peer_->second > at_->options_.connections_of_a_peer;
    }

private:
    service* at_;
    std::pair<const address, std::size_t>* of_peer_ = nullptr;
};

service::service(const server_options& options, const routes& table, event& stop) noexcept
    : options_(options), table_(table), stop_(stop), home_(loop::current())
{
    fire = [](timer& of) noexcept { static_cast<service&>(of).date_is_right_ = false; };
}

service::~service()
{
    if (armed())
        home_.disarm(*this);
}

// ---- connections come and go

task<> service::run(listener door, const std::optional<tls::server_context>& tls, std::size_t limit)
{
    door_ = std::move(door);
    co_await with_group([&](group& connections) -> task<> {
        connections.spawn(accept_all(connections, tls, limit));
        if (may_take_sigterm())
            connections.spawn(stop_at_sigterm());
        co_await stop_.wait();
        begin_stop();
        co_await move_on_after(options_.grace, [](service& here) -> task<> {
            while (here.open_ > 0) {
                here.change_.clear();
                co_await here.change_.wait();
            }
        }(*this));
        connections.cancel();
    });
    if (broken_)
        std::rethrow_exception(broken_);
}

task<> service::stop_at_sigterm()
{
    const struct waiting {
        waiting() noexcept { ++waiting_for_sigterm; }
        ~waiting() { --waiting_for_sigterm; }
    } counted;
    co_await next_signal({SIGTERM});
    stop_.set();
}

task<> service::accept_all(group& connections, const std::optional<tls::server_context>& tls, std::size_t limit)
{
    try {
        for (;;) {
            simul::stream peer = co_await door_.accept();
            while (limit > 0 && open_ >= limit) {
                change_.clear();
                crowded_ = !close_oldest_idle();
                co_await change_.wait();
            }
            crowded_ = false;
            if (is_stopping())
                co_return;
            place taken(*this, peer);
            if (!taken.is_one_too_many())
                connections.spawn(serve_one(std::move(peer), std::move(taken), tls));
        }
    } catch (const closed_error&) { // that is how it is asked to stop
    } catch (const error&) {
        broken_ = std::current_exception();
        stop_.set();
    }
}

task<> service::serve_one(simul::stream peer, place, const std::optional<tls::server_context>& tls)
{
    if (tls) {
        try {
            auto handshake = tls::accept(std::move(peer), *tls);
            peer = options_.head > duration::zero() ? co_await timeout(options_.head, std::move(handshake))
                                                    : co_await std::move(handshake);
        } catch (const error&) { // strangers knock with all kinds of bytes
            co_return;
        }
    }
    h1_connection connection(*this, std::move(peer), tls.has_value());
    co_await connection.run();
}

void service::note_idle(idle_connection& who) noexcept
{
    who.previous_ = idle_.previous_;
    who.next_ = &idle_;
    idle_.previous_->next_ = &who;
    idle_.previous_ = &who;
    if (!change_.is_set())
        change_.set();
}

bool service::close_oldest_idle() noexcept
{
    idle_connection* const oldest = idle_.next_;
    if (oldest == &idle_)
        return false;
    oldest->leave_idle();
    oldest->close_idle();
    return true;
}

void service::begin_stop() noexcept
{
    door_.close();
    while (close_oldest_idle()) {
    }
}

// ---- answers

task<response> service::respond(request& asked)
{
    const bool understood = request_maker::read_target(asked, parts_);
    const http::next called = understood ? table_.find(asked, parts_, values_) : table_.refuse_path();
    task<response> answering = called.call(asked);
    if (options_.handler != duration::zero())
        return in_time(options_.handler, std::move(answering));
    return answering;
}

response service::instead(const request& asked, std::exception_ptr why) const
{
    try {
        std::rethrow_exception(why);
    } catch (const http::answer& given) {
        return given.response();
    } catch (const cancelled&) {
        if (this_task::cancelling() > 0)
            throw; // else something else was, that it waited for
    } catch (...) {
    }
    return failed(asked, std::move(why));
}

response service::failed(const request& asked, std::exception_ptr why) const
{
    executor& here = *executor::current();
    std::string text = "500 Internal Server Error\n";
    if (options_.debug || here.debug())
        text.append("\n").append(describe(why)).append("\n");
    here.report({"HTTP: the handler of " + std::string(asked.method_name()) + ' ' +
                     std::string(asked.target().substr(0, shown_of_target)) + " failed",
                 std::move(why),
                 {},
                 {},
                 {}});
    return response(status::internal_server_error, std::move(text));
}

/// For the rest of this second.
void service::renew_date()
{
    const auto time = std::chrono::system_clock::now();
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    date_ = to_date(second);
    date_is_right_ = true;
    deadline = home_.now() + std::chrono::seconds(1) - (time - second);
    home_.arm(*this);
}

headers& service::own_fields(const response& to)
{
    const headers& its = to.headers();
    const std::string& type = to.content().type();
    const bool usual = its.empty();
    if (date_is_right_ && usual && own_are_usual_ && type == own_type_)
        return own_; // as for the response before
    if (!date_is_right_)
        renew_date();
    own_.clear();
    own_are_usual_ = false;
    if (!type.empty() && !its.contains("Content-Type"))
        own_.add("Content-Type", type);
    if (!its.contains("Date"))
        own_.add("Date", date_);
    if (!options_.name.empty() && !its.contains("Server"))
        own_.add("Server", options_.name);
    own_are_usual_ = usual;
    own_type_ = type;
    return own_;
}

} // namespace simul::http::detail
