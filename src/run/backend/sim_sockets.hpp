// SPDX-License-Identifier: MIT
//
// The sockets of the sim backend: streams of AF_INET and AF_INET6 over its network, and of AF_UNIX between sockets of one
// machine. What is sent and not yet received is bounded.
//
// A connection has two ends that know of each other only what has arrived:
//
//     connect ---- request ---->  listener: takes it, waits for room, or refuses     (half open)
//     stream  <--- answer ------
//             ---- opened ----->  accept finds it
//             ---- bytes ------>  the other's inbox
//             <--- taken -------  as many were received: there is room again
//             ---- end -------->  after a shutdown or close
//             <--- reset -------  to what arrives where nobody is any more; or who closes has left something unread
#pragma once

#include "run/backend/sim_world.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace simul::detail {

class sim_socket final : public sim_endpoint, public std::enable_shared_from_this<sim_socket> {
public:
    static constexpr std::size_t buffer_capacity = 64 * 1024;       ///< of what has arrived
    static constexpr std::size_t send_buffer_capacity = 256 * 1024; ///< of what is on a way that takes time

    sim_socket(sim_world& world, int domain, int machine) : world_(world), domain_(domain), machine_(machine) {}

    /// Makes two fresh sockets the ends of one connection.
    static void join(sim_socket& one, sim_socket& other);

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
    void reset_between(int one, int other) noexcept override;

private:
    enum class role { fresh, connecting, listener, stream };
    enum class how_to_leave { with_end, with_reset };

    std::int32_t connect(const operation& op);
    std::int32_t connect_by_path(const operation& op);
    std::int32_t ask_for_connection(const operation& op);
    void request_arrived();
    void answer_arrived(const std::shared_ptr<sim_socket>& other, const std::weak_ptr<sim_socket>& listener);
    void give_up_connecting(int problem);
    void stop_waiting_for_answer() noexcept;
    std::int32_t accept(operation& op);
    void answer_knocking();
    void unbind() noexcept;

    std::int32_t send(operation& op);
    void send_segment(std::string bytes);
    void bytes_arrived(std::string_view bytes);
    std::int32_t receive(operation& op);
    void taken_arrived(std::size_t count);
    void end_arrived();
    void reset_arrived();
    void break_off();
    void leave(how_to_leave how) noexcept;

    /// Calls `arrived(peer)` when what is sent now gets there, if the peer still exists then.
    template <class Fn>
    void tell_peer(std::size_t size, Fn arrived, sim_network::when_lost what = sim_network::when_lost::resend);
    bool is_immediate() const noexcept { return !out_ || world_.network.is_immediate(*out_); }
    bool send_is_over() const noexcept { return sending_over_ || is_reset_ || peer_left_; }
    std::size_t unread() const noexcept { return inbox_.size() - inbox_read_; }
    std::size_t room() const noexcept;

    sim_world& world_;
    int domain_;
    int machine_;
    role role_ = role::fresh;
    std::optional<sim_place> place_, peer_place_;
    std::optional<sim_place> bound_; ///< as what the machine knows us
    std::string path_, peer_path_;   ///< AF_UNIX: a sockaddr's bytes; empty: none

    // A listener's:
    std::size_t backlog_ = 0;
    std::deque<std::shared_ptr<sim_socket>> accepted_;  ///< connected, and not yet fetched by accept
    std::deque<std::shared_ptr<sim_socket>> half_open_; ///< who asked for them doesn't know it yet
    std::vector<std::weak_ptr<sim_socket>> knocking_;   ///< wait for room in `accepted_`

    // While connecting:
    std::optional<sim_network::timer> patience_;
    int problem_ = 0;      ///< it failed, and no connect was told so
    bool is_news_ = false; ///< it worked, and the same

    // A stream's:
    std::weak_ptr<sim_socket> peer_;
    std::shared_ptr<sim_flow> out_, in_; ///< null between sockets that no network connects
    std::size_t on_its_way_ = 0;         ///< sent and not known to be received
    std::string inbox_;                  ///< what arrived: the first inbox_read_ bytes were received already
    std::size_t inbox_read_ = 0;
    bool inbox_ended_ = false;  ///< nothing more will arrive
    bool sending_over_ = false; ///< shut down by us
    bool peer_left_ = false;    ///< told so, where no time lies between
    bool is_reset_ = false;     ///< the other end is gone, and what it had not read is lost
    bool tell_reader_ = false;  ///< ... and no receive has said so
    bool tell_writer_ = false;  ///< ... and no send has
};

} // namespace simul::detail
