// SPDX-License-Identifier: MIT
//
// Where a socket of the sim backend is, and who is bound there.
#pragma once

#include <array>
#include <cerrno>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <utility>

namespace simul::detail {

/// IPv4 addresses are those of IPv6 that stand for them, ::ffff:1.2.3.4.
using sim_address = std::array<unsigned char, 16>;

/// One address of a machine, and a port.
struct sim_place {
    sim_address host = {};
    std::uint16_t port = 0;

    auto operator<=>(const sim_place&) const = default;
};

bool is_ipv4(const sim_address& host) noexcept;
bool is_loopback(const sim_address& host) noexcept;
/// All addresses of a machine: 0.0.0.0 or ::.
bool is_any(const sim_address& host) noexcept;
sim_address any_of_family(int family) noexcept;

/// From text: "10.0.0.1", "fd00::1".
std::optional<sim_address> parse_sim_address(const char* text) noexcept;

/// Of AF_INET or AF_INET6.
std::optional<sim_place> read_place(const sockaddr* address, socklen_t size) noexcept;
/// As a socket of that domain shows it; cut to `size`, which becomes the full one.
int write_place(const sim_place& place, int domain, void* address, socklen_t* size) noexcept;

/// The ports of all machines, for one kind of socket.
template <class Socket> class sim_ports {
public:
    /// Port 0: a free one, which is written to `wanted`.
    int bind(int machine, sim_place& wanted, std::weak_ptr<Socket> by)
    {
        for (int tried = 0; wanted.port == 0 && tried < 16384; ++tried) {
            last_ = last_ == 65535 ? first_free : static_cast<std::uint16_t>(last_ + 1);
            if (!is_taken(machine, {wanted.host, last_}))
                wanted.port = last_;
        }
        if (wanted.port == 0 || is_taken(machine, wanted))
            return -EADDRINUSE;
        bound_[{machine, wanted}] = std::move(by);
        return 0;
    }
    void release(int machine, const sim_place& place) noexcept { bound_.erase({machine, place}); }

    /// Who gets what is sent there; may be null.
    std::shared_ptr<Socket> find(int machine, const sim_place& target) const
    {
        auto found = bound_.find({machine, target});
        if (found == bound_.end() && is_ipv4(target.host))
            found = bound_.find({machine, {any_of_family(AF_INET), target.port}});
        if (found == bound_.end())
            found = bound_.find({machine, {any_of_family(AF_INET6), target.port}});
        return found == bound_.end() ? nullptr : found->second.lock();
    }

private:
    static constexpr std::uint16_t first_free = 49152;

    bool is_taken(int machine, const sim_place& place) const
    {
        return bound_.contains({machine, place}) || bound_.contains({machine, {any_of_family(AF_INET6), place.port}}) ||
               (is_ipv4(place.host) && bound_.contains({machine, {any_of_family(AF_INET), place.port}}));
    }

    std::map<std::pair<int, sim_place>, std::weak_ptr<Socket>> bound_;
    std::uint16_t last_ = first_free - 1; ///< given out, rising
};

} // namespace simul::detail
