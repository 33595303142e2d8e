// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <simul/text/url.hpp>

#include <charconv>

namespace simul::db::detail {
namespace {

constexpr std::uint16_t usual_port = 6379;

[[noreturn]] void refuse(std::string_view why)
{
    throw error(std::errc::invalid_argument, "redis: the URL " + std::string(why) +
                                                 "; expected redis://[user:password@]host[:port][/database], "
                                                 "rediss://... or unix:///path[?db=database]");
}

unsigned read_database(std::string_view text)
{
    unsigned number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        refuse("has a database that is no number");
    return number;
}

void check(const redis_options& options)
{
    for (const duration each : {options.connect_timeout, options.command_timeout, options.keep_alive, options.backoff,
                                options.longest_backoff})
        if (each < duration::zero())
            throw error(std::errc::invalid_argument, "redis: times must not be negative");
    if (options.pool < 1)
        throw error(std::errc::invalid_argument, "redis: the pool must have room for a connection");
    if (options.protocol != 2 && options.protocol != 3)
        throw error(std::errc::invalid_argument, "redis: the protocol is 2 or 3");
}

} // namespace

shared_settings read_settings(std::string_view text, redis_options options)
{
    check(options);
    const std::optional<url> given = url::try_parse(text);
    if (!given)
        refuse("is none");
    auto made = std::make_shared<redis_settings>();
    made->username = options.username.empty() ? percent_decode(given->username()) : options.username;
    made->password = options.password.empty() ? percent_decode(given->password()) : options.password;
    for (const auto& [name, value] : given->query_parameters()) {
        if (name != "db")
            refuse("has a parameter \"" + name + '"');
        made->database = read_database(value);
    }
    std::string_view path = given->path();
    if (given->scheme() == "unix") {
        made->path = percent_decode(path);
        if (made->path.empty() || !given->host().empty())
            refuse("names no path");
        made->peer = "unix:" + made->path;
    } else if (given->scheme() == "redis" || given->scheme() == "rediss") {
        made->host = given->host().empty() ? "localhost" : percent_decode(given->hostname());
        made->port = given->port() != 0 ? given->port() : usual_port;
        made->peer = made->host + ':' + std::to_string(made->port);
        if (path.starts_with('/'))
            path.remove_prefix(1);
        if (!path.empty())
            made->database = read_database(path);
        if (given->scheme() == "rediss")
            made->tls.emplace(options.tls);
    } else {
        refuse("has another scheme");
    }
    made->limits = {.bytes = options.reply_bytes, .values = options.reply_values, .depth = options.reply_depth};
    made->options = std::move(options);
    return made;
}

} // namespace simul::db::detail
