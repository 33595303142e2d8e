// SPDX-License-Identifier: MIT
//
// The datagram sockets of the sim backend, AF_INET and AF_INET6. What is lost on the network is lost, jitter lets one
// overtake another, and what finds its receiver's buffer full is dropped. A connected socket hears that nobody is there. No
// groups.
#pragma once

#include "run/backend/sim_world.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>

namespace simul::detail {

class sim_datagram_socket final : public sim_endpoint, public std::enable_shared_from_this<sim_datagram_socket> {
public:
    static constexpr std::size_t buffer_capacity = 208 * 1024; ///< Linux's
    static constexpr std::size_t largest = 65507;              ///< by IPv4's header

    sim_datagram_socket(sim_world& world, int domain, int machine) : world_(world), domain_(domain), machine_(machine)
    {
    }

    std::int32_t attempt(operation& op) override;
    int readiness() const noexcept override;
    void close() noexcept override;

    int bind(const sockaddr* address, socklen_t size) override;
    int listen(int backlog) override;
    int shutdown(int how) override;
    int name(sockaddr* address, socklen_t* size) const noexcept override;
    int peer_name(sockaddr* address, socklen_t* size) const noexcept override;

    int machine() const noexcept override { return machine_; }
    void fail() noexcept override;

private:
    struct datagram {
        sim_place from;
        std::string bytes;
    };

    int bind_to(sim_place wanted);
    std::int32_t connect(const operation& op);
    std::int32_t send(const msghdr& what);
    std::int32_t receive(msghdr& where, int flags);
    void arrive(const sim_place& from, std::string bytes);
    void nobody_is_at(const sim_place& target);

    sim_world& world_;
    int domain_;
    int machine_;
    std::optional<sim_place> name_;
    std::optional<sim_place> peer_; ///< of a connected one
    std::deque<datagram> inbox_;
    std::size_t queued_ = 0; ///< bytes in it
    int problem_ = 0;        ///< what the network said of an earlier datagram: the next call's error
};

} // namespace simul::detail
