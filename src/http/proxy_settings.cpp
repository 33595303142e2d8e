// SPDX-License-Identifier: MIT
#include "proxy_settings.hpp"

#include "field_syntax.hpp"
#include "text/base64.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

namespace simul::http::detail {

namespace {

/// The first of them that is set to something.
std::string environment(std::initializer_list<const char*> names)
{
    for (const char* const name : names)
        if (const char* const value = std::getenv(name); value && *value)
            return value;
    return {};
}

template <class Number> std::optional<Number> parse_number(std::string_view text, int base = 10) noexcept
{
    Number number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size())
        return {};
    return number;
}

/// IPv6, and IPv4 as ::ffff:1.2.3.4.
using ip_bytes = std::array<std::uint8_t, 16>;
constexpr unsigned ipv4_prefix = 96;

/// Of a host as `url` writes it: four decimal numbers.
std::optional<ip_bytes> parse_ipv4(std::string_view host)
{
    ip_bytes ip = {};
    ip[10] = ip[11] = 0xff;
    for (std::size_t i = 12; i < 16; ++i) {
        const std::size_t dot = std::min(host.find('.'), host.size());
        const auto number = parse_number<std::uint8_t>(host.substr(0, dot));
        if (!number || (dot == host.size()) != (i == 15))
            return {};
        ip[i] = *number;
        host.remove_prefix(std::min(dot + 1, host.size()));
    }
    return ip;
}

/// The same between brackets: groups of hexadecimal digits, with at most one "::".
std::optional<ip_bytes> parse_ipv6(std::string_view host)
{
    if (!host.starts_with('[') || !host.ends_with(']'))
        return {};
    host = host.substr(1, host.size() - 2);
    ip_bytes ip = {};
    const auto fill = [&](std::string_view groups, std::size_t at) {
        for (; !groups.empty(); at += 2) {
            const std::size_t colon = std::min(groups.find(':'), groups.size());
            const auto group = parse_number<std::uint16_t>(groups.substr(0, colon), 16).value_or(0);
            ip[at] = static_cast<std::uint8_t>(group >> 8);
            ip[at + 1] = static_cast<std::uint8_t>(group & 0xff);
            groups.remove_prefix(std::min(colon + 1, groups.size()));
        }
    };
    const std::size_t gap = host.find("::");
    fill(host.substr(0, gap), 0);
    if (gap != std::string_view::npos) {
        const std::string_view behind = host.substr(gap + 2);
        const auto groups = static_cast<std::size_t>(std::ranges::count(behind, ':')) + (behind.empty() ? 0 : 1);
        fill(behind, ip.size() - 2 * groups);
    }
    return ip;
}

std::optional<ip_bytes> parse_ip(std::string_view host)
{
    const auto ipv6 = parse_ipv6(host);
    return ipv6 ? ipv6 : parse_ipv4(host);
}

/// Whether the first bits are the same.
bool is_in_network(const ip_bytes& ip, const ip_bytes& network, unsigned bits) noexcept
{
    for (std::size_t i = 0; i < ip.size() && bits > 0; ++i) {
        const unsigned here = std::min(bits, 8u);
        if (((ip[i] ^ network[i]) >> (8 - here)) != 0)
            return false;
        bits -= here;
    }
    return true;
}

bool is_this_machine(std::string_view host, const std::optional<ip_bytes>& ip)
{
    constexpr ip_bytes ipv6_loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    constexpr ip_bytes ipv4_loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
    if (ip)
        return *ip == ipv6_loopback || is_in_network(*ip, ipv4_loopback, ipv4_prefix + 8);
    return host == "localhost" || host.ends_with(".localhost");
}

/// A host as a `url` has it; empty when it can't be one.
std::string normalised_host(std::string_view host)
{
    const bool is_bare_ipv6 = std::ranges::count(host, ':') > 1 && !host.starts_with('[');
    const std::string text(host);
    const auto made = url::try_parse(is_bare_ipv6 ? "http://[" + text + "]/" : "http://" + text + "/");
    return made ? std::string(made->host()) : std::string();
}

/// "10.0.0.0/8", "fd00::/8"
bool matches_network(std::string_view entry, std::size_t slash, const std::optional<ip_bytes>& ip)
{
    const auto network = parse_ip(normalised_host(entry.substr(0, slash)));
    const auto bits = parse_number<unsigned>(entry.substr(slash + 1));
    if (!ip || !network || !bits)
        return false;
    const unsigned before = entry.find(':') == std::string_view::npos ? ipv4_prefix : 0;
    return *bits <= 128 - before && is_in_network(*ip, *network, before + *bits);
}

/// One member of no_proxy.
bool matches(std::string_view entry, const url& to, const std::optional<ip_bytes>& ip)
{
    if (entry == "*")
        return true;
    if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos)
        return matches_network(entry, slash, ip);

    const std::size_t colon = entry.rfind(':');
    const bool has_port = colon != std::string_view::npos && (entry.find(':') == colon || entry[colon - 1] == ']');
    if (has_port) {
        if (parse_number<std::uint16_t>(entry.substr(colon + 1)) != to.port())
            return false;
        entry = entry.substr(0, colon);
    }
    if (entry.starts_with("*."))
        entry.remove_prefix(1);
    if (entry.starts_with('.'))
        entry.remove_prefix(1);
    const std::string host = normalised_host(entry);
    if (host.empty() || !to.host().ends_with(host))
        return false;
    return to.host().size() == host.size() || (!ip && to.host()[to.host().size() - host.size() - 1] == '.');
}

/// Members are parted by commas, spaces, or both.
bool is_excepted(std::string_view no_proxy, const url& to, const std::optional<ip_bytes>& ip)
{
    constexpr std::string_view separators = ", \t";
    while (!no_proxy.empty()) {
        const std::size_t end = std::min(no_proxy.find_first_of(separators), no_proxy.size());
        if (end > 0 && matches(no_proxy.substr(0, end), to, ip))
            return true;
        no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
    }
    return false;
}

} // namespace

proxy_settings proxy_settings::from_environment()
{
    return {.http = environment({"http_proxy"}),
            .https = environment({"https_proxy", "HTTPS_PROXY"}),
            .all = environment({"all_proxy", "ALL_PROXY"}),
            .no_proxy = environment({"no_proxy", "NO_PROXY"})};
}

std::optional<url> proxy_settings::proxy_for(const url& to) const
{
    const bool secure = to.scheme() == "https" || to.scheme() == "wss";
    const std::string& own = secure ? https : http;
    const std::string& text = own.empty() ? all : own;
    if (text.empty())
        return {};
    const auto ip = parse_ip(to.host());
    if (is_this_machine(to.host(), ip) || is_excepted(no_proxy, to, ip))
        return {};

    const char* const name = own.empty() ? "all_proxy" : secure ? "https_proxy" : "http_proxy";
    auto proxy = url::try_parse(text.find("://") == std::string::npos ? "http://" + text : text);
    if (!proxy || (proxy->scheme() != "http" && proxy->scheme() != "https")) // not shown: there may be a password in it
        throw error(std::errc::invalid_argument,
                    std::string(name) + ": a proxy has the form \"http://host:port\" or \"https://host:port\"");
    return proxy;
}

std::string proxy_authorization(const url& proxy)
{
    if (proxy.username().empty() && proxy.password().empty())
        return {};
    return "Basic " + simul::detail::base64(percent_decode(proxy.username()) + ':' + percent_decode(proxy.password()));
}

} // namespace simul::http::detail
