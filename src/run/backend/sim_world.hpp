// SPDX-License-Identifier: MIT
//
// The descriptors of the sim backend and what they stand for.
#pragma once

#include "run/backend/operation_list.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace simul::detail {

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

struct sim_world {
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
    std::map<std::string, std::weak_ptr<sim_socket>> bound; ///< by name, see address_key
    std::uint16_t last_port = 49151;                        ///< given out for port 0, rising
};

} // namespace simul::detail
