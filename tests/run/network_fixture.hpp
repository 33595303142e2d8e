// SPDX-License-Identifier: MIT
//
// A sim backend with three machines: 10.0.0.1, 10.0.0.2, and machine 0 with all other addresses.
#pragma once

#include "backend_fixture.hpp"
#include "run/backend/sim.hpp"

#include <string>
#include <utility>

namespace simul::detail {

inline int machine_of_next_socket = 0;

/// Two machines, 10.0.0.1 and 10.0.0.2, beside machine 0.
class network_test : public backend_test {
protected:
    network_test() { restart(0); }

    void restart(std::uint64_t seed)
    {
        backend_ = make_backend(backend_kind::sim, seed);
        network().where = []() noexcept { return machine_of_next_socket; };
        machine_of_next_socket = 0;
        one_ = network().add_machine({*parse_sim_address("10.0.0.1"), *parse_sim_address("fd00::1")});
        two_ = network().add_machine({*parse_sim_address("10.0.0.2")});
        start_ = backend_->now();
    }

    sim_backend& sim() { return static_cast<sim_backend&>(*backend_); }
    sim_network& network() { return sim().network(); }
    duration elapsed() const { return backend_->now() - start_; }

    int socket_on(int machine, int domain = AF_INET, int type = SOCK_STREAM)
    {
        machine_of_next_socket = machine;
        const int fd = backend_->make_socket(domain, type, 0);
        machine_of_next_socket = 0;
        return fd;
    }

    static listener place(const char* host, int port)
    {
        listener at;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        EXPECT_EQ(1, ::inet_pton(AF_INET, host, &address.sin_addr));
        std::memcpy(&at.address, &address, sizeof address);
        at.size = sizeof address;
        return at;
    }

    int bind_on(int fd, const char* host, int port)
    {
        const listener at = place(host, port);
        return backend_->bind_socket(fd, reinterpret_cast<const sockaddr*>(&at.address), at.size);
    }

    int listen_on(int machine, const char* host, int port, int backlog = 16)
    {
        const int fd = socket_on(machine);
        EXPECT_EQ(0, bind_on(fd, host, port));
        EXPECT_EQ(0, backend_->listen_socket(fd, backlog));
        return fd;
    }

    std::string name_of(int fd, bool of_peer = false)
    {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        auto* const native = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(0, of_peer ? backend_->peer_name(fd, native, &size) : backend_->socket_name(fd, native, &size));
        char text[INET_ADDRSTRLEN];
        return ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    }
    std::string peer_of(int fd) { return name_of(fd, true); }

    std::int32_t connect_to(int fd, const char* host, int port)
    {
        const listener at = place(host, port);
        call connects(operation_kind::connect, fd, at);
        return finish(connects);
    }

    /// From two to one, whatever the links are like.
    std::pair<int, int> connection(int port = 80)
    {
        const int listens = listen_on(one_, "10.0.0.1", port);
        const int ours = socket_on(two_);
        EXPECT_EQ(0, connect_to(ours, "10.0.0.1", port));
        call accepts(operation_kind::accept, listens);
        const int theirs = finish(accepts);
        close_now(listens);
        return {ours, theirs};
    }

    std::int32_t receive_error(int fd)
    {
        std::string text(8, '.');
        call receives(operation_kind::receive, fd, text);
        return finish(receives);
    }

    int one_ = 0, two_ = 0;
    time_point start_;
};

} // namespace simul::detail
