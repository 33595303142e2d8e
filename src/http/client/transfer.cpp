// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include "connect.hpp"

#include "http/field_syntax.hpp"

#include <simul/base/version.hpp>
#include <simul/http/date.hpp>
#include <simul/http/status.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <utility>
#include <variant>

namespace simul::http::detail {

namespace {

/// For the origin that they were said to, and no other.
bool is_secret(std::string_view name) noexcept
{
    return same_ignoring_case(name, "Authorization") || same_ignoring_case(name, "Cookie") ||
           same_ignoring_case(name, "Proxy-Authorization");
}

bool is_about_content(std::string_view name) noexcept
{
    return name.size() > 8 && same_ignoring_case(name.substr(0, 8), "Content-");
}

const std::string& user_agent()
{
    static const std::string text = fmt::format("simul/{}", version);
    return text;
}

void add_missing(http::headers& to, std::string_view name, std::string_view value)
{
    if (!value.empty() && !to.contains(name))
        to.add(name, value);
}

void add_usual(http::headers& to)
{
    add_missing(to, "User-Agent", user_agent());
    add_missing(to, "Accept", "*/*");
}

url place_of(const client_core& core, const std::string& text, const parameters& params)
{
    url at = core.base ? core.base->join(text) : url::parse(text);
    if (at.scheme() != "http" && at.scheme() != "https")
        throw error(std::errc::invalid_argument,
                    fmt::format("HTTP: {} is a URL of {}, not of http or https", at.href(), at.scheme()));
    return params.empty() ? at : at.plus_query(params);
}

bool has_credentials(const url& at) noexcept
{
    return !at.username().empty() || !at.password().empty();
}

std::chrono::sys_seconds wall_clock()
{
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Whether another attempt might do better.
bool is_passing(const error& failure) noexcept
{
    if (dynamic_cast<const identity_error*>(&failure))
        return false;
    return dynamic_cast<const connect_error*>(&failure) || dynamic_cast<const no_answer*>(&failure) ||
           dynamic_cast<const request_timeout*>(&failure);
}

} // namespace

client_core::client_core(client_options with)
    : options(std::move(with)), lanes({options.limit, options.limit_per_host, options.keep_alive})
{
    http::headers given = options.headers;
    given.erase("Host");
    usual_fields_.add("Host", "");
    usual_fields_.add(given);
    add_usual(usual_fields_);
    add_missing(usual_fields_, "Accept-Encoding", accepted_codings());
    if (!options.base_url.empty())
        base = url::parse(options.base_url);
    if (!options.proxy.empty())
        proxies = {.all = options.proxy, .no_proxy = options.no_proxy};
    else if (options.trust_env)
        proxies = proxy_settings::from_environment();
    if (options.trust_env)
        passwords = netrc::from_environment();
}

const http::headers& client_core::usual_fields_for(const url& at)
{
    if (usual_fields_[0].value != at.authority())
        usual_fields_.set("Host", at.authority());
    return usual_fields_;
}

transfer::transfer(std::shared_ptr<client_core> core, std::string method, const std::string& place, content body,
                   const request_options& with)
    : core_(std::move(core)),
      with_(with),
      request_(std::move(method), place_of(*core_, place, with.params)),
      read_timeout_(with.read_timeout.value_or(core_->options.read_timeout)),
      redirects_left_(with.redirects.value_or(core_->options.redirects)),
      decodes_(with.decode)
{
    if (core_->options.trace)
        began_ = loop::current().now();
    request_.content = std::move(body);
    request_.expect_continue = with.expect_continue && !request_.content.is_none();
    const url& at = request_.at;
    if (!with.auth.empty())
        auth_ = with.auth;
    else if (has_credentials(at))
        auth_ = basic(percent_decode(at.username()), percent_decode(at.password()));
    else if (!core_->base || core_->base->origin() == at.origin())
        auth_ = core_->options.auth;
    if (has_credentials(at))
        request_.at = at.without_credentials();
}

transfer::~transfer()
{
    if (lease_ && !at_end_)
        drain_arrived();
}

void transfer::tell(trace_event::kind what, std::string_view why) const
{
    core_->options.trace->happened({.what = what,
                                    .method = request_.method_name,
                                    .url = request_.at.href(),
                                    .since_start = loop::current().now() - began_,
                                    .status = head_.status,
                                    .why = why});
}

// ---- the request

void transfer::fill_fields()
{
    const http::headers& mine = with_.headers;
    http::headers& out = request_.fields;
    out.clear();
    if (core_->options.unix_socket.empty())
        request_.via = core_->proxies.proxy_for(request_.at);
    if (mine.empty() && decodes_ && history_.empty())
        out = core_->usual_fields_for(request_.at);
    else
        fill_unusual(mine);
    if (!elsewhere_)
        add_missing(out, "Authorization", auth_.is_digest() ? digest_authorization() : auth_.value);
    if (!core_->passwords.empty() && (elsewhere_ || auth_.empty()))
        add_missing(out, "Authorization", core_->passwords.authorization_for(request_.at.hostname()));
    if (core_->options.cookies)
        add_missing(out, "Cookie", core_->options.cookies->field_for(request_.at, wall_clock()));
    if (request_.is_for_proxy())
        add_missing(out, "Proxy-Authorization", proxy_authorization(*request_.via));
    add_missing(out, "Content-Type", request_.content.type());
    if (request_.expect_continue)
        add_missing(out, "Expect", "100-continue");
}

/// The request has fields of its own, or not all of the usual ones.
void transfer::fill_unusual(const http::headers& mine)
{
    http::headers& out = request_.fields;
    const auto given_host = elsewhere_ ? std::nullopt : mine.get("Host");
    out.add("Host", given_host.value_or(request_.at.authority()));
    const auto add_from = [&](const http::headers& from, const http::headers* unless_in) {
        for (const auto& [name, value] : from) {
            const bool dropped = (elsewhere_ && is_secret(name)) || (became_get_ && is_about_content(name));
            if (!dropped && !same_ignoring_case(name, "Host") && !(unless_in && unless_in->contains(name)))
                out.add(name, value);
        }
    };
    add_from(core_->options.headers, &mine);
    add_from(mine, nullptr);
    add_usual(out);
    if (decodes_)
        add_missing(out, "Accept-Encoding", accepted_codings());
}

/// Empty while the server hasn't asked.
std::string transfer::digest_authorization() const
{
    const auto known = core_->challenges.find(request_.origin());
    if (known == core_->challenges.end())
        return {};
    return known->second.answer({.method = request_.method_name,
                                 .target = request_.at.target(),
                                 .name = auth_.name,
                                 .password = auth_.password},
                                fmt::format("{:016x}", loop::current().random()));
}

/// Whether it is to be made again, and then says who asks. Once; and again when that was right, but too old.
bool transfer::meets_challenge()
{
    if (!auth_.is_digest() || elsewhere_ || head_.status != status::unauthorized || !can_send_again())
        return false;
    auto challenge = digest_challenge::of(head_.fields);
    if (!challenge || challenges_ >= (challenge->is_stale() ? 2 : 1))
        return false;
    ++challenges_;
    core_->challenges.insert_or_assign(std::string(request_.origin()), *std::move(challenge));
    return true;
}

bool transfer::can_send_again() const noexcept
{
    const auto& source = request_.content.source();
    return !source || source->is_repeatable();
}

/// May be sent twice, and can be.
bool transfer::may_repeat() const noexcept
{
    return is_idempotent(request_.known) && can_send_again();
}

void transfer::keep_cookies() const
{
    if (!core_->options.cookies)
        return;
    for (const std::string_view each : head_.fields.get_all("Set-Cookie"))
        core_->options.cookies->store(each, request_.at, wall_clock());
}

// ---- lanes

bool transfer::try_find_lane()
{
    if (core_->lanes.is_closed())
        throw closed_error(request_.says("the client is closed"));
    // Who goes to the same place the same way may take the same lane.
    lease_ = core_->lanes.enter(request_.via ? fmt::format("{} by {}", request_.origin(), request_.via->href())
                                             : request_.origin());
    return lease_.try_take_place() && lease_.try_reuse();
}

task<> transfer::find_lane(bool fresh)
{
    const client_options& options = core_->options;
    if (!lease_.has_place()) {
        note(trace_event::kind::queued);
        phase_ = "waiting for a connection to be free";
        std::optional<bool> open = true;
        if (options.pool_timeout > duration::zero())
            open = co_await move_on_after(options.pool_timeout, lease_.take_place());
        else
            open = co_await lease_.take_place();
        if (!open)
            throw request_timeout(
                request_timeout::limit::pool,
                request_.says(fmt::format("no connection was free within {} s",
                                          std::chrono::duration<double>(options.pool_timeout).count())));
        if (!*open)
            throw closed_error(request_.says("the client was closed"));
    }
    if (!fresh && lease_.try_reuse())
        co_return;
    lease_.make_room();
    note(trace_event::kind::connect);
    phase_ = "connecting";
    if (!co_await lease_.connect(connect(request_, options)))
        throw closed_error(request_.says("the client was closed"));
    note(trace_event::kind::connected);
}

/// Up to the head of an answer. Who was idle for long may have been left by the server: once, that is nobody's fault.
task<> transfer::attempt()
{
    bool found = try_find_lane();
    for (bool fresh = false;; fresh = true) {
        if (!found)
            co_await find_lane(fresh);
        if (lease_.is_reused())
            note(trace_event::kind::reused);
        phase_ = "sending the request";
        if (!lease_->try_send(request_, read_timeout_))
            co_await lease_->send(request_);
        note(trace_event::kind::sent);
        phase_ = "waiting for the answer";
        try {
            while (!lease_->try_head(head_))
                co_await lease_->more();
            keep_cookies();
            note(trace_event::kind::head);
            co_return;
        } catch (const no_answer&) {
            if (!lease_.is_reused() || !may_repeat())
                throw;
        }
        lease_.close_lane();
        found = false;
    }
}

// ---- attempts

/// How long until another attempt; none, when there is to be none.
std::optional<duration> transfer::wait_before_next(int attempts, const std::exception_ptr& failure) const
{
    const retry_policy& policy = with_.retry ? *with_.retry : core_->options.retry;
    if (attempts >= policy.attempts || !may_repeat())
        return std::nullopt;
    if (!failure && std::ranges::find(policy.statuses, head_.status) == policy.statuses.end())
        return std::nullopt;
    const duration jitter =
        simul::detail::full_jitter({.backoff = policy.backoff, .longest = policy.longest}, attempts - 1);
    const auto wanted = failure ? std::nullopt : head_.fields.get("Retry-After");
    if (!wanted)
        return jitter;
    const auto told = parse_retry_after(*wanted, wall_clock());
    if (!told)
        return jitter;
    if (*told > policy.longest)
        return std::nullopt;
    return std::max<duration>(*told, jitter);
}

task<> transfer::start()
{
    note(trace_event::kind::start);
    for (int attempts = 1;;) {
        fill_fields();
        std::exception_ptr failure;
        try {
            co_await attempt();
        } catch (const error& why) {
            if (!is_passing(why))
                throw;
            failure = std::current_exception();
        }
        if (const auto wait = wait_before_next(attempts, failure)) {
            if (failure)
                lease_ = {};
            else
                co_await drain();
            note(trace_event::kind::retry, failure ? describe(failure) : std::string());
            phase_ = "waiting for another attempt";
            co_await sleep(*wait);
            ++attempts;
            continue;
        }
        if (failure)
            std::rethrow_exception(failure);
        if (meets_challenge()) {
            note(trace_event::kind::retry, "the server wants to know who asks");
            co_await drain();
            continue;
        }
        std::optional<url> next = next_place();
        if (!next)
            break;
        note(trace_event::kind::redirect);
        co_await drain();
        go_to(std::move(*next));
    }
    begin_body();
}

} // namespace simul::http::detail
