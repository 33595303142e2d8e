// SPDX-License-Identifier: MIT
#include "amqp_broker.hpp"
#include "amqp_results.hpp"
#include "broker.hpp"
#include "redis_broker.hpp"
#include "redis_results.hpp"
#include "results.hpp"

#include <simul/base/error.hpp>

#include <utility>

namespace simul::cluster::detail {
namespace {

std::string_view scheme_of(std::string_view url)
{
    return url.substr(0, url.find(':'));
}

bool is_redis(std::string_view scheme) noexcept
{
    return scheme == "redis" || scheme == "rediss" || scheme == "unix";
}
bool is_amqp(std::string_view scheme) noexcept
{
    return scheme == "amqp" || scheme == "amqps" || scheme == "pyamqp";
}

[[noreturn]] void refuse(std::string_view what, std::string_view scheme, std::string_view known)
{
    throw error(std::errc::invalid_argument, "cluster: the URL of the " + std::string(what) + " has the scheme \"" +
                                                 std::string(scheme) + "\"; known are " + std::string(known));
}

task<std::unique_ptr<results>> rpc_results(broker& by, results_options options)
{
    co_return amqp_results_of(by, options);
}

} // namespace

void check_broker(std::string_view url)
{
    const std::string_view scheme = scheme_of(url);
    if (!is_redis(scheme) && !is_amqp(scheme))
        refuse("broker", scheme, "redis, rediss, unix (a Redis at a socket), amqp and amqps");
}

task<std::unique_ptr<broker>> connect_broker(std::string url, broker_options options)
{
    check_broker(url);
    if (is_redis(scheme_of(url)))
        return connect_redis_broker(std::move(url), std::move(options));
    return connect_amqp_broker(std::move(url), std::move(options));
}

std::string results_beside(std::string_view broker, std::string_view given)
{
    if (!given.empty())
        return std::string(given);
    return is_amqp(scheme_of(broker)) ? "rpc://" : std::string(broker);
}

task<std::unique_ptr<results>> connect_results(std::string url, broker& by, results_options options)
{
    const std::string scheme(scheme_of(url));
    if (is_redis(scheme))
        return connect_redis_results(std::move(url), std::move(options));
    if (scheme == "rpc")
        return rpc_results(by, std::move(options));
    refuse("results", scheme, "redis, rediss, unix (a Redis at a socket) and rpc (messages of the broker, a RabbitMQ)");
}

} // namespace simul::cluster::detail
