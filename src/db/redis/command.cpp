// SPDX-License-Identifier: MIT
#include <simul/db/redis_command.hpp>

#include "core.hpp"

#include <simul/db/redis.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include "io/openssl.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace simul::db {
namespace detail {
namespace {

using namespace std::chrono_literals;

/// How long a server may take to call off what blocks. Who cancels doesn't want to wait.
constexpr duration call_off_patience = 2s;

enum class special : std::uint8_t {
    none,
    blocks,
    blocks_if_asked, ///< with BLOCK among its arguments
    waits,           ///< for what was written on this connection
    subscribes,
    transacts,
    of_connection, ///< changes what the connection is, for all
    of_protocol,   ///< after it, replies can't be told apart
    may_mute,      ///< the same, with REPLY
};

struct special_command {
    std::string_view name;
    special is;
};

constexpr auto special_commands = std::to_array<special_command>({
    {"AUTH", special::of_connection},    {"BLMOVE", special::blocks},
    {"BLMPOP", special::blocks},         {"BLPOP", special::blocks},
    {"BRPOP", special::blocks},          {"BRPOPLPUSH", special::blocks},
    {"BZMPOP", special::blocks},         {"BZPOPMAX", special::blocks},
    {"BZPOPMIN", special::blocks},       {"CLIENT", special::may_mute},
    {"DISCARD", special::transacts},     {"EXEC", special::transacts},
    {"HELLO", special::of_connection},   {"MONITOR", special::of_protocol},
    {"MULTI", special::transacts},       {"PSUBSCRIBE", special::subscribes},
    {"PSYNC", special::of_protocol},     {"PUNSUBSCRIBE", special::subscribes},
    {"QUIT", special::of_connection},    {"RESET", special::of_connection},
    {"SELECT", special::of_connection},  {"SSUBSCRIBE", special::subscribes},
    {"SUBSCRIBE", special::subscribes},  {"SUNSUBSCRIBE", special::subscribes},
    {"SYNC", special::of_protocol},      {"UNSUBSCRIBE", special::subscribes},
    {"UNWATCH", special::of_connection}, {"WAIT", special::waits},
    {"WAITAOF", special::waits},         {"WATCH", special::of_connection},
    {"XREAD", special::blocks_if_asked}, {"XREADGROUP", special::blocks_if_asked},
});

constexpr char upper(char c) noexcept
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

constexpr bool less_whatever_case(std::string_view a, std::string_view b) noexcept
{
    return std::ranges::lexicographical_compare(a, b, {}, upper, upper);
}

static_assert(std::ranges::is_sorted(special_commands, less_whatever_case, &special_command::name));

special kind_of(std::string_view name) noexcept
{
    const auto at = std::ranges::lower_bound(special_commands, name, less_whatever_case, &special_command::name);
    return at != special_commands.end() && !less_whatever_case(name, at->name) ? at->is : special::none;
}

/// Also as a key or a value, which does no harm.
bool has_argument(bytes_view wire, std::string_view wanted)
{
    bytes argument;
    write_argument(argument, wanted);
    return !std::ranges::search(wire, argument, {}, upper, upper).empty();
}

[[noreturn]] void refuse(std::string_view name, const char* why)
{
    throw error(std::errc::invalid_argument, "redis " + std::string(name) + ": " + why);
}

/// The place behind the first `lines` lines.
std::size_t behind_lines(bytes_view wire, int lines) noexcept
{
    std::size_t at = 0;
    for (; lines > 0; --lines)
        at = wire.find("\r\n", at) + 2;
    return at;
}

/// EVAL with the whole script, of an EVALSHA: "*5 $7 EVALSHA $40 <sha> ...".
redis_request as_eval(redis_request named)
{
    bytes wire = named.wire.substr(0, behind_lines(named.wire, 1));
    write_argument(wire, "EVAL");
    write_argument(wire, *named.script);
    wire.append(named.wire, behind_lines(named.wire, 5));
    return {.name = "EVAL", .wire = std::move(wire), .idempotent = named.idempotent};
}

task<redis_value> run_script(redis_core& client, redis_request request)
{
    redis_value reply = co_await client.line->send(redis_request(request));
    if (!reply.is_error() || !reply.text().starts_with("NOSCRIPT"))
        co_return reply;
    co_return co_await client.line->send(as_eval(std::move(request)));
}

/// Has the server end what another connection waits for; false when that doesn't wait.
task<bool> call_off(redis_core& client, std::int64_t connection)
{
    redis_request request{.name = "CLIENT UNBLOCK", .idempotent = true};
    write_command(request.wire, "CLIENT", "UNBLOCK", connection);
    return redis_read<bool>(client, std::move(request));
}

/// What became of it after all; null when it was called off, or nobody can tell.
task<redis_value> called_off(std::shared_ptr<redis_core> client, std::int64_t connection, future<redis_value>& reply)
{
    const auto all = [](redis_core& of, std::int64_t waiting, future<redis_value>& last) -> task<redis_value> {
        while (!co_await call_off(of, waiting) && !last.done())
            co_await sleep(10ms); // it has not begun to wait: the server reads the two connections in any order
        co_return co_await std::move(last);
    };
    try {
        if (auto late = co_await move_on_after(call_off_patience, all(*client, connection, reply));
            late && !late->is_error())
            co_return std::move(*late);
    } catch (const error&) {
    }
    co_return redis_value();
}

task<redis_value> run_blocking(std::shared_ptr<redis_core> client, redis_request request)
{
    if (client->is_session())
        co_return co_await client->line->send(std::move(request));
    const redis_pool::lease own = co_await client->pool->take();
    future<redis_value> reply = own->send(std::move(request));
    bool answered = false;
    try {
        co_await shield(reply);
        answered = true;
    } catch (const cancelled&) {
    }
    if (answered)
        co_return co_await std::move(reply);
    // What it was given at this very moment must not be lost, so the server has the last word, whoever cancels again
    // meanwhile.
    const std::int64_t id = own->connection_id();
    if (id == 0)
        throw cancelled{};
    future<redis_value> ending = loop::current().launch(called_off(client, id, reply));
    while (!ending.done()) {
        try {
            co_await shield(ending);
        } catch (const cancelled&) {
        }
    }
    redis_value late = co_await std::move(ending);
    if (late.is_null()) {
        if (reply.valid() && reply.done())
            static_cast<void>(reply.error()); // such as that the client was closed: nobody needs to know
        throw cancelled{};
    }
    executor::require("redis").running()->cancel_again();
    co_return late;
}

} // namespace

future<redis_value> redis_send(redis_core& client, redis_request request)
{
    return client.line->send(std::move(request));
}

task<redis_value> redis_perform(redis_core& client, redis_request request)
{
    if (request.script)
        return run_script(client, std::move(request));
    return run_blocking(client.shared_from_this(), std::move(request));
}

bool redis_check(const redis_core& client, std::string_view name, bytes_view wire, bool alone)
{
    const special kind = kind_of(name);
    if (kind == special::none)
        return false;
    if (kind == special::subscribes)
        refuse(name, "use `subscribe`, for its messages would get among replies");
    if (kind == special::of_protocol || (kind == special::may_mute && has_argument(wire, "REPLY")))
        refuse(name, "can't be used here, for what comes after it are no replies");
    const bool blocks = kind == special::blocks || (kind == special::blocks_if_asked && has_argument(wire, "BLOCK"));
    if (client.is_session())
        return blocks || kind == special::waits;
    if (kind == special::transacts)
        refuse(name, "use `transaction`, for others' commands would get between");
    if (kind == special::of_connection)
        refuse(name, "use a `session`, for others share this connection");
    if (kind == special::waits)
        refuse(name, "use a `session`, for it is about what was written on the same connection");
    if (blocks && !alone)
        refuse(name, "would keep everybody waiting: not in a pipeline or a transaction, but by itself");
    return blocks;
}

task<std::vector<redis_value>> redis_settle(redis_core& client, redis_request request)
{
    const unsigned replies = request.replies;
    if (replies == 0)
        co_return {};
    redis_value all = co_await client.line->send(std::move(request));
    if (replies > 1)
        co_return std::move(all.items());
    std::vector<redis_value> one;
    one.push_back(std::move(all));
    co_return one;
}

void redis_raise_first(std::string_view name, const std::vector<redis_value>& replies)
{
    for (const redis_value& each : replies)
        if (each.is_error())
            throw redis_error(name, std::string(each.text()));
}

/// Of MULTI, each command, EXEC.
task<std::optional<std::vector<redis_value>>> redis_execute(redis_core& client, redis_request request)
{
    if (request.replies == 2) // no command
        co_return std::vector<redis_value>();
    std::vector<redis_value> replies = co_await redis_settle(client, std::move(request));
    redis_value executed = std::move(replies.back());
    if (executed.is_null())
        co_return std::nullopt;
    if (executed.is_error()) {
        redis_raise_first("transaction", replies); // why it was not, where one of the commands is the reason
        redis_raise_first("transaction", {executed});
    }
    co_return std::move(executed.items());
}

} // namespace detail

redis_script::redis_script(std::string text)
    : text_(std::make_shared<const std::string>(std::move(text))), sha_(simul::detail::openssl::hex_digest("SHA1", *text_))
{
}

void redis_pipeline::check(std::string_view name, std::size_t before)
{
    try {
        detail::redis_check(*client_, name, bytes_view(request_.wire).substr(before), false);
    } catch (...) {
        request_.wire.resize(before);
        throw;
    }
}

detail::redis_request redis_pipeline::take()
{
    request_.name = "pipeline";
    return std::exchange(request_, {.replies = 0});
}

task<std::vector<redis_value>> redis_pipeline::settle()
{
    return detail::redis_settle(*client_, take());
}

task<std::vector<redis_value>> redis_pipeline::run()
{
    return [](detail::redis_core& client, detail::redis_request request) -> task<std::vector<redis_value>> {
        auto replies = co_await detail::redis_settle(client, std::move(request));
        detail::redis_raise_first("pipeline", replies);
        co_return replies;
    }(*client_, take());
}

detail::redis_request redis_transaction::take()
{
    detail::redis_request request = commands_.take();
    bytes all;
    detail::write_command(all, "MULTI");
    all += request.wire;
    detail::write_command(all, "EXEC");
    request.wire = std::move(all);
    request.name = "transaction";
    request.replies += 2;
    return request;
}

task<std::optional<std::vector<redis_value>>> redis_transaction::settle()
{
    return detail::redis_execute(*commands_.client_, take());
}

task<std::optional<std::vector<redis_value>>> redis_transaction::run()
{
    return
        [](detail::redis_core& client, detail::redis_request request) -> task<std::optional<std::vector<redis_value>>> {
            auto replies = co_await detail::redis_execute(client, std::move(request));
            if (replies)
                detail::redis_raise_first("transaction", *replies);
            co_return replies;
        }(*commands_.client_, take());
}

} // namespace simul::db
