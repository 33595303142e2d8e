// SPDX-License-Identifier: MIT
//
// address: where a socket is. A value: no name is looked up, nothing is asked of the network.
//
//     auto at = simul::address::parse("127.0.0.1:8080");      // "[::1]:8080", "unix:/run/x.sock", "*:8080"
//     fmt::print("{}: port {} of {}\n", at, at.port(), at.host());
//
// Names of hosts are for `dns::resolve`, and for whatever takes a host: `tcp::connect("example.org", 80)`.
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace simul {

enum class address_family : std::uint8_t { none, ipv4, ipv6, unix_ };

class address {
public:
    /// Nowhere: of family `none`. What an unnamed socket's peer has.
    address() noexcept = default;

    /// "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/x.sock", "unix:@name" (Linux's abstract names), and
    /// "*:80" or ":80", which is `any(80)`. *Throws:* `error` that shows the text and says what is wrong with it.
    static address parse(std::string_view text);

    /// An IP address as it is written: "127.0.0.1", "::1", "fe80::1%eth0", also in brackets.
    /// *Throws:* `error` for anything else, names included.
    static address ip(std::string_view literal, std::uint16_t port);
    static std::optional<address> try_ip(std::string_view literal, std::uint16_t port) noexcept;

    /// All of this machine's addresses, to listen at: `[::]`. What binds to it takes IPv4 too, and falls back to
    /// 0.0.0.0 on a machine without IPv6.
    static address any(std::uint16_t port) noexcept;

    /// A Unix socket's place in the file system, or "@name", which is in none and goes with its socket.
    /// *Throws:* `error` when it is empty or longer than the system takes (107 bytes).
    static address unix_path(std::string_view path);

    /// Of the system's form. *Throws:* `error` for families other than those above.
    static address from_native(const sockaddr* data, std::size_t size);

    address_family family() const noexcept;
    bool is_ip() const noexcept { return family() == address_family::ipv4 || family() == address_family::ipv6; }
    /// This machine as it sees itself: 127.0.0.0/8 or ::1, and any Unix socket.
    bool is_loopback() const noexcept;
    /// 0.0.0.0 or ::, which mean all addresses of this machine.
    bool is_any() const noexcept;

    /// "127.0.0.1", "fe80::1%2"; of what has no host, "".
    std::string host() const;
    /// 0 of what has none.
    std::uint16_t port() const noexcept;
    /// Of a Unix socket: "/run/x.sock", "@name"; "" when it has none.
    std::string path() const;

    /// The same host with another port. *Throws:* `error` when this is no IP address.
    address with_port(std::uint16_t port) const;

    /// What `parse` reads: "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock". Of `none`, "nowhere".
    std::string text() const;

    /// For the system's calls.
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(bytes_); }
    std::uint32_t size() const noexcept { return size_; }

    friend bool operator==(const address& a, const address& b) noexcept { return a.bytes() == b.bytes(); }
    /// By family, host and port; paths by their bytes.
    friend std::strong_ordering operator<=>(const address& a, const address& b) noexcept;

private:
    friend std::hash<address>;

    std::string_view bytes() const noexcept { return {bytes_, size_}; }

    alignas(8) char bytes_[112] = {}; ///< a sockaddr_in, _in6 or _un: fields that don't matter are 0
    std::uint32_t size_ = 0;
};

} // namespace simul

template <> struct std::hash<simul::address> {
    std::size_t operator()(const simul::address& of) const noexcept { return hash<string_view>()(of.bytes()); }
};

template <> struct fmt::formatter<simul::address> : fmt::formatter<fmt::string_view> {
    fmt::format_context::iterator format(const simul::address& shown, fmt::format_context& context) const;
};
