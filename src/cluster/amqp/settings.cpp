// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <simul/base/error.hpp>
#include <simul/text/url.hpp>

#include <charconv>
#include <utility>

namespace simul::cluster::amqp {
namespace {

constexpr std::uint16_t usual_port = 5672;
constexpr std::uint16_t usual_tls_port = 5671;
constexpr std::string_view nobody = "guest"; // user and password of a broker fresh from the box

[[noreturn]] void refuse(std::string_view why)
{
    throw error(std::errc::invalid_argument,
                "amqp: the URL " + std::string(why) +
                    "; expected amqp://[user:password@]host[:port][/vhost][?heartbeat=seconds] "
                    "or amqps://...");
}

std::chrono::seconds read_seconds(std::string_view text)
{
    std::uint16_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        refuse("has a heartbeat that is no number of seconds");
    return std::chrono::seconds(number);
}

std::string decoded_or(std::string_view encoded, std::string_view otherwise)
{
    return encoded.empty() ? std::string(otherwise) : percent_decode(encoded);
}

} // namespace

shared_settings read_settings(std::string_view text, options with)
{
    if (with.connect_timeout < duration::zero() || with.heartbeat < duration::zero())
        throw error(std::errc::invalid_argument, "amqp: times must not be negative");
    const std::optional<url> given = url::try_parse(text);
    if (!given)
        refuse("is none");
    const bool encrypted = given->scheme() == "amqps";
    if (!encrypted && given->scheme() != "amqp" && given->scheme() != "pyamqp")
        refuse("has another scheme");
    for (const auto& [name, value] : given->query_parameters()) {
        if (name != "heartbeat")
            refuse("has a parameter \"" + name + '"');
        with.heartbeat = read_seconds(value);
    }
    auto made = std::make_shared<settings>();
    made->host = decoded_or(given->hostname(), "localhost");
    made->port = given->port() != 0 ? given->port() : encrypted ? usual_tls_port : usual_port;
    made->peer = made->host + ':' + std::to_string(made->port);
    made->username = decoded_or(given->username(), nobody);
    made->password = decoded_or(given->password(), nobody);
    std::string_view path = given->path();
    if (path.starts_with('/'))
        path.remove_prefix(1);
    made->virtual_host = decoded_or(path, "/");
    if (encrypted)
        made->tls.emplace(with.tls);
    made->options = std::move(with);
    return made;
}

} // namespace simul::cluster::amqp
