// SPDX-License-Identifier: MIT
//
// The backend that tests run on: no real clock, no real descriptors, no luck.
//
//     sim_backend sim(seed);
//     sim.faults().fail(operation_kind::receive, 3, ECONNRESET); // the third receive from now
//
// Time stands still while there is work and jumps to the deadline when there is none. Sockets, pipes and files are in
// memory. With a seed other than 0, operations that end at the same moment complete in an order drawn from the seed
// (those of one kind on one descriptor keep theirs); with 0, in the order in which they ended.
//
// A network of several machines may lie between the sockets, with latency and loss (sim_network.hpp): then time jumps to
// the next delivery, if that is earlier.
#pragma once

#include "run/backend/operation_list.hpp"
#include "run/backend/repeated_operations.hpp"
#include "run/backend/sim_datagrams.hpp"
#include "run/backend/sim_files.hpp"
#include "run/backend/sim_sockets.hpp"
#include "run/backend/waker.hpp"

#include <atomic>
#include <random>
#include <vector>

namespace simul::detail {

/// Which operations fail, and how. An operation that is made to fail has no other effect.
class fault_plan {
public:
    /// The `nth` operation of `kind` that is started from now on (1: the next) ends with -error.
    void fail(operation_kind kind, unsigned nth, int error);

    /// Every operation ends with one of -errors with probability `p`. No errors: none.
    void fail_with_probability(double p, std::vector<int> errors);

    /// What was planned with `fail` and has not struck yet doesn't.
    void forget() noexcept { planned_.clear(); }

    /// Every transfer moves one byte at most: finds code that takes a short read for a whole one.
    void short_transfers(bool on) noexcept { short_transfers_ = on; }
    bool short_transfers() const noexcept { return short_transfers_; }

    /// The error `op` is to fail with, or 0.
    int strike(const operation& op, std::mt19937_64& random);

private:
    struct planned {
        operation_kind kind;
        unsigned nth;
        int error;
    };
    std::vector<planned> planned_;
    double probability_ = 0;
    std::vector<int> errors_;
    bool short_transfers_ = false;
};

class sim_backend final : public backend {
public:
    explicit sim_backend(std::uint64_t seed) : seed_(seed), random_(seed) {}
    ~sim_backend() override;

    fault_plan& faults() noexcept { return faults_; }
    sim_files& files() noexcept { return files_; }
    sim_network& network() noexcept { return world_.network; }

    /// All connections between the two are reset, at both ends.
    void reset_connections(int one_machine, int other_machine) noexcept;
    /// What sockets the machine has are dead, and their peers are told.
    void fail_sockets(int machine) noexcept;

    std::string_view name() const noexcept override { return "sim"; }
    time_point now() const noexcept override { return now_; }
    void start(operation& op) noexcept override;
    void cancel(operation& op) noexcept override;
    bool wait(time_point deadline) override;
    void dispatch() noexcept override;
    void wake() noexcept override;
    void expect_outside(int delta) noexcept override;
    void enter_thread() override {}
    void after_fork_in_child() noexcept override;

    int make_socket(int domain, int type, int protocol) noexcept override;
    int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept override;
    int listen_socket(int fd, int backlog) noexcept override;
    int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept override;
    int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override;
    int set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept override;
    int shutdown_socket(int fd, int how) noexcept override;
    int socket_pair(int domain, int type, int protocol, int fds[2]) noexcept override;
    int make_pipe(int fds[2]) noexcept override;
    int look_at_file(int fd, struct statx& status) noexcept override;
    void close_now(int fd) noexcept override;

private:
    std::int32_t attempt(sim_object& object, operation& op) noexcept;
    std::int32_t clipped(operation& op, auto&& perform);
    int close_descriptor(int fd) noexcept;
    void end_waiting(sim_object& object, operation& op, std::int32_t result) noexcept;
    void settle() noexcept;
    std::int32_t attempt_once(operation& once) noexcept;
    void wait_for_more(operation& op) noexcept;
    void shuffle_finished();
    void deliver_due() noexcept;
    void for_each_socket(auto&& fn) noexcept;

    std::uint64_t seed_;
    std::mt19937_64 random_;
    fault_plan faults_;
    time_point now_{std::chrono::hours(1)}; // not 0, so that "one hour ago" is a time, too
    sim_world world_{now_, seed_};
    sim_files files_{now_};
    finished_operations finished_;
    repeated_operations repeated_;
    bool inert_ = false; ///< being destroyed, or a forked child's copy
    waker waker_;
    std::atomic<int> outside_ = 0; ///< jobs that will wake us; from any thread
};

} // namespace simul::detail
