// SPDX-License-Identifier: MIT
#include "run/backend/sim_place.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace simul::detail {
namespace {

constexpr std::size_t place_of_ipv4 = 12; ///< in ::ffff:1.2.3.4

in6_addr as_ipv6(const sim_address& host) noexcept
{
    in6_addr native;
    std::memcpy(&native, host.data(), sizeof native);
    return native;
}

sim_address from_ipv4(const in_addr& native) noexcept
{
    sim_address host = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(host.data() + place_of_ipv4, &native, sizeof native);
    return host;
}

sim_address from_ipv6(const in6_addr& native) noexcept
{
    sim_address host;
    std::memcpy(host.data(), &native, sizeof native);
    return host;
}

} // namespace

bool is_ipv4(const sim_address& host) noexcept
{
    const in6_addr native = as_ipv6(host);
    return IN6_IS_ADDR_V4MAPPED(&native);
}

bool is_loopback(const sim_address& host) noexcept
{
    const in6_addr native = as_ipv6(host);
    return is_ipv4(host) ? host[place_of_ipv4] == 127 : IN6_IS_ADDR_LOOPBACK(&native);
}

bool is_any(const sim_address& host) noexcept
{
    return host == any_of_family(AF_INET6) || host == any_of_family(AF_INET);
}

sim_address any_of_family(int family) noexcept
{
    return family == AF_INET ? from_ipv4({.s_addr = INADDR_ANY}) : sim_address{};
}

std::optional<sim_address> parse_sim_address(const char* text) noexcept
{
    if (in_addr native; ::inet_pton(AF_INET, text, &native) == 1)
        return from_ipv4(native);
    if (in6_addr native; ::inet_pton(AF_INET6, text, &native) == 1)
        return from_ipv6(native);
    return std::nullopt;
}

std::optional<sim_place> read_place(const sockaddr* address, socklen_t size) noexcept
{
    if (size >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
        sockaddr_in native;
        std::memcpy(&native, address, sizeof native);
        return sim_place{from_ipv4(native.sin_addr), ntohs(native.sin_port)};
    }
    if (size >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
        sockaddr_in6 native;
        std::memcpy(&native, address, sizeof native);
        return sim_place{from_ipv6(native.sin6_addr), ntohs(native.sin6_port)};
    }
    return std::nullopt;
}

int write_place(const sim_place& place, int domain, void* address, socklen_t* size) noexcept
{
    sockaddr_in6 native = {};
    socklen_t full = sizeof native;
    if (domain == AF_INET) {
        sockaddr_in four = {};
        four.sin_family = AF_INET;
        four.sin_port = htons(place.port);
        std::memcpy(&four.sin_addr, place.host.data() + place_of_ipv4, sizeof four.sin_addr);
        full = sizeof four;
        std::memcpy(&native, &four, sizeof four);
    } else {
        native.sin6_family = AF_INET6;
        native.sin6_port = htons(place.port);
        native.sin6_addr = as_ipv6(place.host);
    }
    std::memcpy(address, &native, std::min(*size, full));
    *size = full;
    return 0;
}

} // namespace simul::detail
