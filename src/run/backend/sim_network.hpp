// SPDX-License-Identifier: MIT
//
// The network of the sim backend: machines with addresses, links between them, and what is on its way.
//
//     const int server = network.add_machine({*parse_sim_address("10.0.0.1")});
//     network.set_link(0, server, {.latency = 40ms, .bandwidth = 1'000'000});
//
// Machine 0 is there from the start. It has all addresses that no other has, and whoever runs on no machine runs there. A
// link carries at once what nothing holds up: without any settings there is no queue, no time passes, and nothing is drawn.
//
// What a link loses of a stream is sent again and comes later; so a stream's order is kept whatever happens. What waits
// for its time is in one queue, by time and then by the order of sending; `wait` of the backend looks at it before it jumps.
#pragma once

#include "run/backend/sim_place.hpp"

#include <simul/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace simul::detail {

struct sim_link {
    duration latency{};          ///< of each way
    duration jitter{};           ///< up to so much more, drawn for each segment
    std::uint64_t bandwidth = 0; ///< bytes a second each way, for all together; 0: no limit
    double loss = 0;             ///< how likely it is that a segment is lost, below 1

    bool is_immediate() const noexcept
    {
        return latency == duration::zero() && jitter == duration::zero() && bandwidth == 0 && loss == 0;
    }
};

/// One direction of a stream: what is on its way arrives in order.
class sim_flow {
public:
    sim_flow(int from, int to) noexcept : from_(from), to_(to) {}

    int from() const noexcept { return from_; }
    int to() const noexcept { return to_; }

private:
    friend class sim_network;

    struct packet {
        time_point at;
        std::uint64_t number;
        bool is_resent; ///< until it arrives
        std::function<void()> arrive;
    };

    int from_, to_;
    bool cut_ = false;
    std::deque<packet> packets_;    ///< only the first is in the network's queue, or parked
    std::optional<time_point> due_; ///< its place there
};

class sim_network {
public:
    /// What becomes of a packet that is lost.
    enum class when_lost { resend, forget };

    static constexpr std::size_t segment_size = 1460;

    sim_network(const time_point& now, std::uint64_t seed) : now_(now), random_(seed) {}

    // ---- machines

    int add_machine(std::vector<sim_address> addresses);
    int machines() const noexcept { return static_cast<int>(machines_.size()); }

    /// Asked for each socket that is made: where the program runs at that moment.
    int (*where)() noexcept = []() noexcept { return 0; };

    bool has_address(int machine, const sim_address& host) const noexcept;
    /// Where `target` is, seen from `machine`.
    int find(int machine, const sim_address& target) const noexcept;
    /// The address from which `machine` sends to `target`; none when it has none of that family.
    std::optional<sim_address> source_for(int machine, const sim_address& target) const noexcept;

    // ---- links

    /// Both ways. A machine's link to itself is its loopback.
    void set_link(int one, int other, const sim_link& link);
    /// Of all machines to others, where nothing else was said.
    void set_default_link(const sim_link& link) noexcept { default_link_ = link; }
    /// Nothing passes until `heal`.
    void part(int one, int other);
    void heal(int one, int other);

    // ---- what is on its way

    /// Nothing holds up what is sent there now.
    bool is_immediate(int from, int to) const noexcept;
    bool is_immediate(const sim_flow& flow) const noexcept
    {
        return flow.packets_.empty() && is_immediate(flow.from_, flow.to_);
    }

    /// Calls `arrive` when it gets there: now, where nothing holds it up. Of size 0: an acknowledgement, whose loss would
    /// not matter.
    void send(const std::shared_ptr<sim_flow>& flow, std::size_t size, std::function<void()> arrive,
              when_lost what = when_lost::resend);
    /// Nothing more arrives.
    void cut(sim_flow& flow) noexcept;
    /// The same for what has no order. It is dropped where too much is on its way.
    void send_datagram(int from, int to, std::size_t size, std::function<void()> arrive);

    using timer = std::pair<time_point, std::uint64_t>;
    timer call_after(duration delay, std::function<void()> then);
    void forget(const timer& called) noexcept { queue_.erase(called); }

    /// `never` when nothing is on its way.
    time_point next() const noexcept { return queue_.empty() ? never : queue_.begin()->first.first; }
    void deliver_due();

private:
    struct path {
        std::optional<sim_link> link;
        bool parted = false;
        time_point free_at{}; ///< when it has taken in all that was sent
    };

    const path* find_path(int from, int to) const noexcept;
    path& path_of(int from, int to) { return paths_[{from, to}]; }
    const sim_link& link_of(int from, int to) const noexcept;
    bool is_parted(int from, int to) const noexcept;
    duration time_on_the_way(const sim_link& link);
    time_point time_sent(int from, int to, const sim_link& link, std::size_t size);
    bool draw(double probability);
    void enqueue(const timer& at, std::function<void()> what);
    void enqueue_first(const std::shared_ptr<sim_flow>& flow, time_point at);
    void deliver_first(const std::shared_ptr<sim_flow>& flow);
    void unpark(int from, int to);

    const time_point& now_;
    std::mt19937_64 random_; ///< not the backend's: a setting of the network changes nothing else
    std::vector<std::vector<sim_address>> machines_ = {{}};
    std::map<sim_address, int> owners_;
    std::map<std::pair<int, int>, path> paths_;
    sim_link default_link_;
    std::map<timer, std::function<void()>> queue_;
    std::vector<std::shared_ptr<sim_flow>> parked_; ///< their first packet waits for `heal`
    std::uint64_t last_number_ = 0;
};

} // namespace simul::detail
