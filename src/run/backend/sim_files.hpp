// SPDX-License-Identifier: MIT
//
// The file system of the sim backend: a tree of directories, files and symbolic links in memory, with Linux's errors. It
// begins with "/" and "/tmp"; the working directory is "/". Nobody's permissions are checked.
//
// What was not synced is lost when the power is: of a file its content, of a directory its entries.
#pragma once

#include "run/backend/sim_world.hpp"

#include <simul/base/time.hpp>

#include <cstdint>
#include <limits>

namespace simul::detail {

struct sim_node;

class sim_files {
public:
    explicit sim_files(const time_point& now);

    /// Does an operation on a path, or a `copy`.
    std::int32_t perform(sim_world& world, operation& op);
    /// What `status` says of an open file.
    std::int32_t look_at(const sim_object& object, struct statx& status) const;

    /// Contents may take so many bytes in all. What is written beyond is cut, then fails with ENOSPC.
    void limit(std::size_t bytes) noexcept { capacity_ = bytes; }
    void lose_power();

    // For open files:

    /// Makes room for `content` to grow to `size`; less when the disk is full. Returns how far it may grow.
    std::size_t room_for(const std::string& content, std::size_t size) const;
    time_point now() const noexcept { return now_; }

private:
    struct place;

    int find(const sim_world& world, const operation& op, const char* path, bool follow, place& found) const;
    int walk(std::shared_ptr<sim_node> at, std::string rest, bool follow, std::uint64_t resolve, place& found) const;
    std::shared_ptr<sim_node> make(place& at, unsigned mode);

    int open(const sim_world& world, const operation& op, std::shared_ptr<sim_object>& opened);
    int write_file(const sim_world& world, operation& op);
    int remove(const sim_world& world, const operation& op);
    int rename(const sim_world& world, const operation& op);
    int make_directory(const sim_world& world, const operation& op);
    int make_symlink(const sim_world& world, const operation& op);
    int read_link(const sim_world& world, const operation& op) const;
    int status(const sim_world& world, const operation& op) const;
    static int copy(const sim_world& world, const operation& op);

    const time_point& now_;
    std::shared_ptr<sim_node> root_;
    std::size_t capacity_ = std::numeric_limits<std::size_t>::max();
    std::uint64_t last_number_ = 1;
};

} // namespace simul::detail
