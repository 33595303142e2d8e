// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/io/address.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace simul {
namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

error bad(std::string_view text, std::string_view why)
{
    return {std::errc::invalid_argument, "address \"" + std::string(text) + "\": " + std::string(why)};
}

template <class Native> const Native& as(const address& a) noexcept
{
    return *reinterpret_cast<const Native*>(a.data());
}

template <class Number> std::optional<Number> number(std::string_view text) noexcept
{
    Number value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool all = problem == std::errc() && end == text.data() + text.size();
    return all ? std::optional(value) : std::nullopt;
}

address ipv4(const in_addr& host, std::uint16_t port)
{
    sockaddr_in native = {};
    native.sin_family = AF_INET;
    native.sin_port = htons(port);
    native.sin_addr = host;
    return address::from_native(reinterpret_cast<const sockaddr*>(&native), sizeof native);
}

address ipv6(const in6_addr& host, std::uint32_t scope, std::uint16_t port)
{
    sockaddr_in6 native = {};
    native.sin6_family = AF_INET6;
    native.sin6_port = htons(port);
    native.sin6_addr = host;
    native.sin6_scope_id = scope;
    return address::from_native(reinterpret_cast<const sockaddr*>(&native), sizeof native);
}

/// The IPv4 address within an IPv6 one, as sockets of both families show their IPv4 peers.
const unsigned char* ipv4_within(const in6_addr& host) noexcept
{
    return IN6_IS_ADDR_V4MAPPED(&host) ? host.s6_addr + 12 : nullptr;
}

/// As inet_ntop has it, and many times faster: every connection is named so, for errors that may come.
std::string ipv4_text(const in_addr& host)
{
    unsigned char parts[4];
    std::memcpy(parts, &host, sizeof parts);
    char text[sizeof "255.255.255.255"];
    char* end = text;
    for (const unsigned part : parts) {
        end = std::to_chars(end, text + sizeof text, part).ptr;
        *end++ = '.';
    }
    return {text, end - 1};
}

} // namespace

address address::parse(std::string_view text)
{
    constexpr std::string_view unix_prefix = "unix:";
    if (text.starts_with(unix_prefix))
        return unix_path(text.substr(unix_prefix.size()));

    const std::size_t colon = text.rfind(':');
    const bool port_missing = colon == text.npos || text.ends_with(']');
    if (port_missing)
        throw bad(text, "it has no port, as in \"127.0.0.1:80\" or \"[::1]:80\"");
    const std::string_view host = text.substr(0, colon);
    if (!host.starts_with('[') && host.find(':') != host.npos)
        throw bad(text, "an IPv6 address with a port is written in brackets, as in \"[::1]:80\"");
    const auto port = number<std::uint16_t>(text.substr(colon + 1));
    if (!port)
        throw bad(text, "the port is not a number from 0 to 65535");

    if (host.empty() || host == "*")
        return any(*port);
    if (const auto found = try_ip(host, *port))
        return *found;
    throw bad(text, "the host is no IP address (names are for dns::resolve)");
}

std::optional<address> address::try_ip(std::string_view literal, std::uint16_t port) noexcept
{
    const bool bracketed = literal.starts_with('[') && literal.ends_with(']');
    if (bracketed)
        literal = literal.substr(1, literal.size() - 2);

    char host[INET6_ADDRSTRLEN] = {};
    const std::size_t percent = std::min(literal.find('%'), literal.size());
    if (percent >= sizeof host)
        return std::nullopt;
    literal.copy(host, percent);

    in_addr four;
    if (!bracketed && percent == literal.size() && ::inet_pton(AF_INET, host, &four) == 1)
        return ipv4(four, port);
    in6_addr six;
    if (::inet_pton(AF_INET6, host, &six) != 1)
        return std::nullopt;
    if (percent == literal.size())
        return ipv6(six, 0, port);

    const std::string_view zone = literal.substr(percent + 1);
    std::uint32_t scope = number<std::uint32_t>(zone).value_or(0);
    if (scope == 0 && zone.size() < IF_NAMESIZE) {
        char name[IF_NAMESIZE] = {};
        zone.copy(name, zone.size());
        scope = ::if_nametoindex(name);
    }
    return scope == 0 ? std::nullopt : std::optional(ipv6(six, scope, port));
}

address address::ip(std::string_view literal, std::uint16_t port)
{
    if (const auto found = try_ip(literal, port))
        return *found;
    throw bad(literal, "it is no IP address (names are for dns::resolve)");
}

address address::any(std::uint16_t port) noexcept
{
    return ipv6(in6addr_any, 0, port);
}

address address::unix_path(std::string_view path)
{
    const bool abstract = path.starts_with('@');
    if (path.size() <= (abstract ? 1 : 0))
        throw bad("unix:" + std::string(path), "it has no path");
    if (path.size() > longest_path)
        throw bad("unix:" + std::string(path), "the path is longer than " + std::to_string(longest_path) + " bytes");
    if (!abstract && path.find('\0') != path.npos)
        throw bad("unix:" + std::string(path), "the path has a 0 byte in it");

    sockaddr_un native = {};
    native.sun_family = AF_UNIX;
    path.copy(native.sun_path, path.size());
    if (abstract)
        native.sun_path[0] = '\0';
    return from_native(reinterpret_cast<const sockaddr*>(&native), path_offset + path.size() + (abstract ? 0 : 1));
}

address address::from_native(const sockaddr* data, std::size_t size)
{
    address made;
    if (size < sizeof data->sa_family || data->sa_family == AF_UNSPEC)
        return made;

    if (data->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        auto& native = *reinterpret_cast<sockaddr_in*>(made.bytes_);
        std::memcpy(&native, data, sizeof native);
        std::memset(native.sin_zero, 0, sizeof native.sin_zero);
        made.size_ = sizeof native;
    } else if (data->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        auto& native = *reinterpret_cast<sockaddr_in6*>(made.bytes_);
        std::memcpy(&native, data, sizeof native);
        native.sin6_flowinfo = 0;
        made.size_ = sizeof native;
    } else if (data->sa_family == AF_UNIX && size <= sizeof(sockaddr_un)) {
        std::memcpy(made.bytes_, data, size);
        const char* const path = made.bytes_ + path_offset;
        const bool is_path = size > path_offset && *path != '\0';
        if (is_path) // up to the 0 at its end; a path of full length has none
            size = std::min(size, path_offset + ::strnlen(path, size - path_offset) + 1);
        made.size_ = static_cast<std::uint32_t>(size);
    } else {
        throw error(std::errc::address_family_not_supported,
                    "address: no IP or Unix address, but of family " + std::to_string(data->sa_family));
    }
    return made;
}

address_family address::family() const noexcept
{
    if (size_ == 0)
        return address_family::none;
    switch (data()->sa_family) {
    case AF_INET:
        return address_family::ipv4;
    case AF_INET6:
        return address_family::ipv6;
    default:
        return address_family::unix_;
    }
}

bool address::is_loopback() const noexcept
{
    switch (family()) {
    case address_family::ipv4:
        return ntohl(as<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    case address_family::ipv6: {
        const in6_addr& host = as<sockaddr_in6>(*this).sin6_addr;
        const unsigned char* const four = ipv4_within(host);
        return four ? four[0] == IN_LOOPBACKNET : IN6_IS_ADDR_LOOPBACK(&host);
    }
    case address_family::unix_:
        return true;
    case address_family::none:
        break;
    }
    return false;
}

bool address::is_any() const noexcept
{
    switch (family()) {
    case address_family::ipv4:
        return as<sockaddr_in>(*this).sin_addr.s_addr == INADDR_ANY;
    case address_family::ipv6:
        return IN6_IS_ADDR_UNSPECIFIED(&as<sockaddr_in6>(*this).sin6_addr);
    case address_family::unix_:
    case address_family::none:
        break;
    }
    return false;
}

std::string address::host() const
{
    if (family() == address_family::ipv4)
        return ipv4_text(as<sockaddr_in>(*this).sin_addr);
    char text[INET6_ADDRSTRLEN] = {};
    if (family() == address_family::ipv6) {
        const auto& native = as<sockaddr_in6>(*this);
        ::inet_ntop(AF_INET6, &native.sin6_addr, text, sizeof text);
        if (native.sin6_scope_id != 0)
            return std::string(text) + "%" + std::to_string(native.sin6_scope_id);
    }
    return text;
}

std::uint16_t address::port() const noexcept
{
    switch (family()) {
    case address_family::ipv4:
        return ntohs(as<sockaddr_in>(*this).sin_port);
    case address_family::ipv6:
        return ntohs(as<sockaddr_in6>(*this).sin6_port);
    case address_family::unix_:
    case address_family::none:
        break;
    }
    return 0;
}

std::string address::path() const
{
    if (family() != address_family::unix_ || size_ <= path_offset)
        return {};
    std::string path(bytes().substr(path_offset));
    if (path[0] == '\0')
        path[0] = '@';
    else if (path.back() == '\0')
        path.pop_back();
    return path;
}

address address::with_port(std::uint16_t port) const
{
    if (!is_ip())
        throw bad(text(), "it has no port");
    address changed = *this;
    auto& place = family() == address_family::ipv4 ? reinterpret_cast<sockaddr_in*>(changed.bytes_)->sin_port
                                                   : reinterpret_cast<sockaddr_in6*>(changed.bytes_)->sin6_port;
    place = htons(port);
    return changed;
}

std::string address::text() const
{
    switch (family()) {
    case address_family::ipv4:
        return host() + ":" + std::to_string(port());
    case address_family::ipv6:
        return "[" + host() + "]:" + std::to_string(port());
    case address_family::unix_:
        return "unix:" + path();
    case address_family::none:
        break;
    }
    return "nowhere";
}

std::strong_ordering operator<=>(const address& a, const address& b) noexcept
{
    if (const auto order = a.family() <=> b.family(); order != 0)
        return order;
    const auto by_memory = [](const auto& x, const auto& y) { return std::memcmp(&x, &y, sizeof x) <=> 0; };
    switch (a.family()) {
    case address_family::ipv4:
        if (const auto order = by_memory(as<sockaddr_in>(a).sin_addr, as<sockaddr_in>(b).sin_addr); order != 0)
            return order;
        return a.port() <=> b.port();
    case address_family::ipv6: {
        const auto& x = as<sockaddr_in6>(a);
        const auto& y = as<sockaddr_in6>(b);
        if (const auto order = by_memory(x.sin6_addr, y.sin6_addr); order != 0)
            return order;
        if (const auto order = x.sin6_scope_id <=> y.sin6_scope_id; order != 0)
            return order;
        return a.port() <=> b.port();
    }
    case address_family::unix_:
    case address_family::none:
        break;
    }
    return a.bytes() <=> b.bytes();
}

} // namespace simul

fmt::format_context::iterator fmt::formatter<simul::address>::format(const simul::address& shown,
                                                                     fmt::format_context& context) const
{
    return formatter<fmt::string_view>::format(shown.text(), context);
}
