// SPDX-License-Identifier: MIT
//
// The sockets of the sim backend: streams of AF_INET, AF_INET6 and AF_UNIX between sockets of one backend, with a bounded
// buffer in each direction.
#pragma once

#include "run/backend/sim_world.hpp"

#include <deque>
#include <sys/socket.h>

namespace simul::detail {

class sim_socket final : public sim_object, public std::enable_shared_from_this<sim_socket> {
public:
    static constexpr std::size_t buffer_capacity = 64 * 1024;

    sim_socket(sim_world& world, int domain) : world_(world), domain_(domain) {}

    /// Makes two fresh sockets the ends of one connection.
    static void join(sim_socket& one, sim_socket& other);

    std::int32_t attempt(operation& op) override;
    int readiness() const noexcept override;
    void close() noexcept override;

    int bind(const sockaddr* address, socklen_t size);
    int listen(int backlog);
    int shutdown(int how);
    int name(sockaddr* address, socklen_t* size) const noexcept;
    int peer_name(sockaddr* address, socklen_t* size) const noexcept;

private:
    enum class role { fresh, listener, stream };

    int bind_to_free_port();
    std::int32_t connect(const operation& op);
    std::int32_t accept(operation& op);
    std::int32_t receive(operation& op);
    std::int32_t send(operation& op);
    bool send_is_over() const noexcept;

    sim_world& world_;
    int domain_;
    role role_ = role::fresh;
    std::string name_;      ///< a sockaddr's bytes; empty: none
    std::string peer_name_; ///< the same, of whom we are connected to

    // A listener's:
    std::size_t backlog_ = 0;
    std::deque<std::shared_ptr<sim_socket>> accepted_; ///< connected, and not yet fetched by accept
    std::vector<std::weak_ptr<sim_socket>> knocking_;  ///< wait for room in it

    // A stream's:
    std::weak_ptr<sim_socket> peer_;
    std::string inbox_; ///< what arrived: the first inbox_read_ bytes were received already
    std::size_t inbox_read_ = 0;
    bool inbox_ended_ = false;  ///< nothing more will arrive
    bool reset_ = false;        ///< the peer was closed before it had read all
    bool sending_over_ = false; ///< shut down by us
};

} // namespace simul::detail
