// SPDX-License-Identifier: MIT
#include "link.hpp"

#include "db/redis/settings.hpp"

#include <utility>

namespace simul::cluster::redis {
namespace {

/// A queue has so many lists to wait for, each with a connection of its own.
constexpr std::size_t most_connections = 4096;

std::string name_of(std::string_view url, const db::detail::redis_settings& to)
{
    const std::string database = std::to_string(to.database);
    if (!to.path.empty())
        return "unix://" + to.path + "?db=" + database;
    return std::string(url.substr(0, url.find(':'))) + "://" + to.peer + '/' + database;
}

} // namespace

task<shared_link> open_link(std::string url, link_options options)
{
    const db::redis_options how{.client_name = "simul",
                                .longest_backoff = options.longest_backoff,
                                .pool = most_connections,
                                .tls = std::move(options.tls)};
    const db::detail::shared_settings to = db::detail::read_settings(url, how);
    std::string name = name_of(url, *to);
    db::redis client = co_await db::redis::connect(std::move(url), how);
    co_return std::make_shared<link>(std::move(client), keys(std::move(options.key_prefix), to->database),
                                     std::move(name), options.longest_backoff, options.publish_timeout);
}

} // namespace simul::cluster::redis
