// SPDX-License-Identifier: MIT
//
// The descriptors of the sim backend and what they stand for.
#pragma once

#include "run/backend/operation_list.hpp"
#include "run/backend/sim_network.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace simul::detail {

class sim_datagram_socket;
class sim_socket;

/// A socket, a pipe's end or an open file.
class sim_object {
public:
    virtual ~sim_object() = default;

    /// Does `op` (any kind but poll, open and close) and returns its result; -EAGAIN when it must wait.
    virtual std::int32_t attempt(operation& op) = 0;

    /// What poll(2) would say: POLLIN, POLLOUT, POLLHUP...
    virtual int readiness() const noexcept = 0;

    /// Its descriptor was closed, and no operation waits for it any more.
    virtual void close() noexcept {}

    operation_list waiting; ///< what could not be done yet, in order of start
    bool closing = false;   ///< closed by its owner; as in Linux, the file itself lives until its operations have ended
};

/// A socket of any kind. The functions are the system's calls: a negated errno on failure.
class sim_endpoint : public sim_object {
public:
    virtual int bind(const sockaddr* address, socklen_t size) = 0;
    virtual int listen(int backlog) = 0;
    virtual int shutdown(int how) = 0;
    virtual int name(sockaddr* address, socklen_t* size) const noexcept = 0;
    virtual int peer_name(sockaddr* address, socklen_t* size) const noexcept = 0;

    /// Where it is.
    virtual int machine() const noexcept = 0;
    /// Its program was killed: its descriptor stays, and is good for nothing.
    virtual void fail() noexcept = 0;
    /// Breaks the connection, if it is one between these machines: both ends are reset now.
    virtual void reset_between(int, int) noexcept {}
};

struct sim_world {
    sim_world(const time_point& now, std::uint64_t seed) : network(now, seed) {}

    /// Far above real numbers, so that neither is taken for the other.
    static constexpr int first_fd = 1 << 20;

    /// The lowest free number, as in Linux: code that uses a descriptor after its close should be caught.
    int insert(std::shared_ptr<sim_object> object);
    std::shared_ptr<sim_object> find(int fd) const noexcept;
    void erase(int fd) noexcept { objects[static_cast<std::size_t>(fd - first_fd)] = nullptr; }

    /// Whoever waits for `object` shall look again.
    void touch(std::shared_ptr<sim_object> object) { changed.push_back(std::move(object)); }

    std::vector<std::shared_ptr<sim_object>> objects; ///< by number; null: free
    std::vector<std::shared_ptr<sim_object>> changed;
    sim_network network;
    sim_ports<sim_socket> streams;
    sim_ports<sim_datagram_socket> datagrams;
    std::map<std::pair<int, std::string>, std::weak_ptr<sim_socket>> paths; ///< of Unix sockets, by machine
};

} // namespace simul::detail
