// SPDX-License-Identifier: MIT
#include <simul/http/client.hpp>

#include "transfer.hpp"

#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <utility>

namespace simul::http {

namespace {

using detail::client_core;
using detail::transfer;
using core_ptr = std::shared_ptr<client_core>;

/// Up to the head, or up to the end of the body. Not a task of its own: every request waits here.
auto in_time(duration most, task<> work)
{
    return move_on_after(most > duration::zero() ? most : duration::max(), std::move(work));
}

[[noreturn]] void refuse_late(duration most, const transfer& of)
{
    throw request_timeout(request_timeout::limit::total,
                          of.request().says(fmt::format("not done within {} s: it was {}",
                                                        std::chrono::duration<double>(most).count(), of.phase())));
}

task<> start_and_read(transfer& one, std::size_t limit, response& into)
{
    co_await one.start();
    bytes body;
    if (!one.take_arrived(body, limit))
        body = co_await one.rest(limit, std::move(body));
    into = one.with_body(std::move(body));
}

task<response> fetch(core_ptr core, std::string method, std::string url, content body, request_options with)
{
    const duration most = with.timeout.value_or(core->options.timeout);
    const std::size_t limit = with.max_body.value_or(core->options.max_body);
    transfer one(std::move(core), std::move(method), url, std::move(body), with);
    response made;
    try {
        if (!co_await in_time(most, start_and_read(one, limit, made)))
            refuse_late(most, one);
    } catch (const std::exception& why) {
        one.note(trace_event::kind::failed, why.what());
        throw;
    }
    co_return made;
}

task<download> begin(core_ptr core, std::string method, std::string url, content body, request_options with)
{
    const duration most = with.timeout.value_or(core->options.timeout);
    auto one = std::make_unique<transfer>(std::move(core), std::move(method), url, std::move(body), with);
    try {
        if (!co_await in_time(most, one->start()))
            refuse_late(most, *one);
    } catch (const std::exception& why) {
        one->note(trace_event::kind::failed, why.what());
        throw;
    }
    co_return download(std::move(one));
}

/// With a client of its own.
future<response> fetch_alone(std::string method, std::string url, content body, request_options with)
{
    auto core = std::make_shared<client_core>(client_options{});
    return simul::detail::start_anywhere(
        fetch(std::move(core), std::move(method), std::move(url), std::move(body), std::move(with)));
}

} // namespace

client::client(client_options options) : core_(std::make_shared<client_core>(std::move(options)))
{
}

client& client::operator=(client&& other) noexcept
{
    close();
    core_ = std::move(other.core_);
    return *this;
}

client::~client()
{
    close();
}

void client::close() noexcept
{
    if (core_)
        core_->lanes.close();
}

task<response> client::request(std::string method, std::string url, content body, request_options options)
{
    return fetch(core_, std::move(method), std::move(url), std::move(body), std::move(options));
}

task<download> client::open(std::string method, std::string url, content body, request_options options)
{
    return begin(core_, std::move(method), std::move(url), std::move(body), std::move(options));
}

task<response> client::get(std::string url, request_options options)
{
    return fetch(core_, "GET", std::move(url), {}, std::move(options));
}
task<response> client::head(std::string url, request_options options)
{
    return fetch(core_, "HEAD", std::move(url), {}, std::move(options));
}
task<response> client::delete_(std::string url, request_options options)
{
    return fetch(core_, "DELETE", std::move(url), {}, std::move(options));
}
task<response> client::post(std::string url, content body, request_options options)
{
    return fetch(core_, "POST", std::move(url), std::move(body), std::move(options));
}
task<response> client::put(std::string url, content body, request_options options)
{
    return fetch(core_, "PUT", std::move(url), std::move(body), std::move(options));
}
task<response> client::patch(std::string url, content body, request_options options)
{
    return fetch(core_, "PATCH", std::move(url), std::move(body), std::move(options));
}

future<response> get(std::string url, request_options options)
{
    return fetch_alone("GET", std::move(url), {}, std::move(options));
}
future<response> head(std::string url, request_options options)
{
    return fetch_alone("HEAD", std::move(url), {}, std::move(options));
}
future<response> delete_(std::string url, request_options options)
{
    return fetch_alone("DELETE", std::move(url), {}, std::move(options));
}
future<response> post(std::string url, content body, request_options options)
{
    return fetch_alone("POST", std::move(url), std::move(body), std::move(options));
}
future<response> put(std::string url, content body, request_options options)
{
    return fetch_alone("PUT", std::move(url), std::move(body), std::move(options));
}
future<response> patch(std::string url, content body, request_options options)
{
    return fetch_alone("PATCH", std::move(url), std::move(body), std::move(options));
}

} // namespace simul::http
