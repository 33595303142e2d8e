// SPDX-License-Identifier: MIT
//
// What holds for every stream of the sim backend's network, whatever happens to it. With SIMUL_LONG=1 for 1000 seeds.
#include "network_fixture.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class NetworkLaws : public network_test {};

INSTANTIATE_TEST_SUITE_P(Only, NetworkLaws, testing::Values(backend_kind::sim), name_of_parameter);

/// Several connections, both ways, under settings and faults drawn from a seed. Both ends write what they have said, and read
/// until all is there; nobody resets.
class traffic {
public:
    traffic(sim_backend& sim, int one, int two, std::uint64_t seed) : sim_(sim), one_(one), two_(two), random_(seed) {}

    void add(int fd, int peer)
    {
        for (const int each : {fd, peer})
            ends_.push_back(std::make_unique<end>(*this, each, below(40) == 0 ? 600'000 : below(20'000)));
        ends_.rbegin()[0]->wanted = ends_.rbegin()[1]->to_send;
        ends_.rbegin()[1]->wanted = ends_.rbegin()[0]->to_send;
    }

    /// What arrived where and when, as one text. Empty: something was lost, doubled or changed.
    std::string run()
    {
        for (const auto& each : ends_) {
            each->send_more();
            each->receive_more();
        }
        bool parted = false;
        for (int turn = 0; !done(); ++turn) {
            if (turn % 64 == 0) {
                network().set_link(one_, two_, some_link());
                if (parted || below(4) == 0) {
                    parted ? network().heal(one_, two_) : network().part(one_, two_);
                    parted = !parted;
                }
            }
            if (!sim_.wait(sim_.now() + 1s)) // a partition may need a turn of its own
                return "";
            sim_.dispatch();
            if (turn > 1'000'000)
                return "";
        }
        for (const auto& each : ends_)
            if (each->got != each->wanted)
                return "";
        return trace_;
    }

    static constexpr std::size_t room_size = 20'000;
    std::size_t most_on_the_way = 0;

private:
    struct end {
        end(traffic& whole, int on, std::size_t length) : all(whole), fd(on), to_send(length, '\0')
        {
            for (char& each : to_send)
                each = static_cast<char>(all.random_());
        }
        end(const end&) = delete;

        void send_more()
        {
            if (sent == to_send.size())
                return;
            sends.emplace(send, fd, to_send.data() + sent, std::min(to_send.size() - sent, 1 + all.below(50'000)));
            sends->context = this;
            sends->then = [](call& ended) {
                auto& self = *static_cast<end*>(ended.context);
                self.sent += static_cast<std::size_t>(ended.result);
                self.all.note_on_the_way(self);
                self.send_more();
            };
            all.sim_.start(*sends);
        }
        void receive_more()
        {
            if (got.size() == wanted.size())
                return;
            receives.emplace(receive, fd, room.data(), 1 + all.below(room.size()));
            receives->context = this;
            receives->then = [](call& ended) {
                auto& self = *static_cast<end*>(ended.context);
                self.got.append(self.room.data(), static_cast<std::size_t>(std::max(ended.result, 0)));
                self.all.trace_ += std::to_string(self.fd) + ":" + std::to_string(ended.result) + "@" +
                                   std::to_string(self.all.sim_.now().time_since_epoch().count()) + " ";
                self.receive_more();
            };
            all.sim_.start(*receives);
        }

        traffic& all;
        int fd;
        std::string to_send, wanted, got;
        std::string room = std::string(room_size, '.');
        std::size_t sent = 0;
        std::optional<call> sends, receives;
    };

    sim_network& network() { return sim_.network(); }
    std::size_t below(std::size_t most) { return random_() % most; }

    sim_link some_link()
    {
        return {.latency = below(2) * below(100) * 1ms,
                .jitter = below(2) * below(50) * 1ms,
                .bandwidth = below(2) * (10'000 + below(10'000'000)),
                .loss = static_cast<double>(below(2) * below(20)) / 100};
    }

    void note_on_the_way(const end& sender)
    {
        const std::size_t index = static_cast<std::size_t>(
            std::find_if(ends_.begin(), ends_.end(), [&](const auto& each) { return each.get() == &sender; }) -
            ends_.begin());
        most_on_the_way = std::max(most_on_the_way, sender.sent - ends_[index ^ 1]->got.size());
    }

    bool done() const
    {
        return std::all_of(ends_.begin(), ends_.end(), [](const auto& each) {
            return each->sent == each->to_send.size() && each->got.size() >= each->wanted.size();
        });
    }

    sim_backend& sim_;
    int one_, two_;
    std::mt19937_64 random_;
    std::vector<std::unique_ptr<end>> ends_;
    std::string trace_;
};

TEST_P(NetworkLaws, LosesDoublesAndReordersNothingOfAStreamWhateverTheLinkIsLike)
{
    const auto whole = [&](std::uint64_t seed) {
        restart(seed);
        traffic all(sim(), one_, two_, seed);
        for (int i = 0; i < 2; ++i) {
            const auto [ours, theirs] = connection(80 + i);
            all.add(ours, theirs);
        }
        const std::string trace = all.run();
        EXPECT_NE("", trace) << "with the seed " << seed;
        // What was received, and the receive's completion not yet dispatched, counts as on the way here.
        EXPECT_LE(all.most_on_the_way,
                  sim_socket::buffer_capacity + sim_socket::send_buffer_capacity + traffic::room_size);
        return trace;
    };
    const std::uint64_t seeds = std::getenv("SIMUL_LONG") ? 1000 : 8;
    for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed)
        whole(seed);
    const std::string again = whole(1);
    EXPECT_EQ(again, whole(1)); // the same seed, the same bytes at the same times
    EXPECT_NE(again, whole(2));
}

/// Connections come and go, with all that can happen to them. What arrives is what was sent, up to where it broke.
class chaos {
public:
    chaos(sim_backend& sim, int one, int two, const listener& at, std::uint64_t seed)
        : sim_(sim), one_(one), two_(two), at_(at), random_(seed)
    {
    }

    void run(int steps)
    {
        accept_more();
        for (int i = 0; i < steps; ++i) {
            act();
            sim_.wait(sim_.now() + below(3) * below(1000) * 1ms);
            sim_.dispatch();
            std::erase_if(ends_, [](const auto& each) { return each->fd < 0; });
        }
        over_ = true;
        sim_.cancel(*accepts_);
        for (const auto& each : ends_)
            leave(*each);
        while (sim_.in_flight() > 0) {
            ASSERT_TRUE(sim_.wait(never));
            sim_.dispatch();
        }
        EXPECT_FALSE(sim_.wait(never));
    }

    std::size_t received = 0;

private:
    struct end {
        chaos& all;
        int fd;
        bool is_client;
        int port = 0;
        std::size_t sent = 0, got = 0;
        std::string going_out{}, room = std::string(10'000, '.');
        std::optional<call> connects{}, sends{}, receives{};
        bool leaving = false;
    };

    static bool is_under_way(const std::optional<call>& op) { return op && !op->done(); }

    /// What each end of each connection says.
    static std::string speech(int port, bool by_client, std::size_t from, std::size_t size)
    {
        std::string said(size, by_client ? 'c' : 's');
        for (std::size_t at = (from + 3) / 4 * 4; at < from + size; at += 4) // every fourth byte is its own
            said[at - from] = static_cast<char>(at * 7 + at / 251 + static_cast<std::size_t>(port));
        return said;
    }

    std::size_t below(std::size_t most) { return random_() % most; }

    static end& of(call& op) { return *static_cast<end*>(op.context); }

    end& add(int fd, bool is_client)
    {
        return *ends_.emplace_back(new end{.all = *this, .fd = fd, .is_client = is_client});
    }

    void accept_more()
    {
        accepts_.emplace(accept, at_.fd);
        accepts_->context = this;
        accepts_->then = [](call& op) {
            auto& self = *static_cast<chaos*>(op.context);
            if (op.result >= 0) {
                end& made = self.add(op.result, false);
                made.leaving = self.over_;
                self.opened(made);
            }
            if (!self.over_)
                self.accept_more();
        };
        sim_.start(*accepts_);
    }

    void connect_one()
    {
        machine_of_next_socket = two_;
        end& made = add(sim_.make_socket(AF_INET, SOCK_STREAM, 0), true);
        machine_of_next_socket = 0;
        made.connects.emplace(connect, made.fd, at_);
        made.connects->context = &made;
        made.connects->then = [](call& op) {
            if (op.result == 0)
                of(op).all.opened(of(op));
            else
                of(op).all.leave(of(op));
        };
        sim_.start(*made.connects);
    }

    void opened(end& which)
    {
        sockaddr_in client{};
        socklen_t size = sizeof client;
        auto* const native = reinterpret_cast<sockaddr*>(&client);
        which.is_client ? sim_.socket_name(which.fd, native, &size) : sim_.peer_name(which.fd, native, &size);
        which.port = ntohs(client.sin_port);
        if (which.leaving)
            leave(which);
        else
            receive_more(which);
    }

    void receive_more(end& which)
    {
        which.receives.emplace(receive, which.fd, which.room.data(), 1 + below(which.room.size()));
        which.receives->context = &which;
        which.receives->then = [](call& op) {
            end& self = of(op);
            const auto count = static_cast<std::size_t>(std::max(op.result, 0));
            EXPECT_TRUE(self.room.starts_with(speech(self.port, !self.is_client, self.got, count)));
            self.got += count;
            self.all.received += count;
            if (self.leaving || (op.result <= 0 && op.result != -ECANCELED))
                self.all.leave(self);
            else
                self.all.receive_more(self);
        };
        sim_.start(*which.receives);
    }

    void send_some(end& which)
    {
        which.going_out = speech(which.port, which.is_client, which.sent, 1 + below(5'000));
        which.sends.emplace(send, which.fd, which.going_out);
        which.sends->context = &which;
        which.sends->then = [](call& op) {
            of(op).sent += static_cast<std::size_t>(std::max(op.result, 0));
            if (of(op).leaving || (op.result < 0 && op.result != -ECANCELED))
                of(op).all.leave(of(op));
        };
        sim_.start(*which.sends);
    }

    /// Closes it when nothing is under way there any more.
    void leave(end& which)
    {
        which.leaving = true;
        for (auto* const each : {&which.connects, &which.sends, &which.receives})
            if (is_under_way(*each))
                return sim_.cancel(**each);
        if (which.fd >= 0)
            sim_.close_now(std::exchange(which.fd, -1));
    }

    void act()
    {
        sim_network& network = sim_.network();
        switch (below(40)) {
        case 0:
            network.part(one_, two_);
            return;
        case 1:
            sim_.reset_connections(one_, two_);
            return;
        case 2:
            network.set_link(one_, two_, {.latency = below(300) * 1ms, .jitter = below(100) * 1ms, .loss = 0.1});
            return;
        case 3:
            network.set_link(one_, two_, {});
            return;
        case 4:
            sim_.fail_sockets(two_);
            return;
        default:
            break;
        }
        if (below(4) == 0)
            network.heal(one_, two_);
        if (ends_.size() < 12 && below(3) == 0)
            return connect_one();
        if (ends_.empty())
            return;
        end& some = *ends_[below(ends_.size())];
        const bool is_open = some.port != 0 && !some.leaving;
        switch (below(12)) {
        case 0:
            leave(some);
            return;
        case 1:
            if (is_open)
                sim_.shutdown_socket(some.fd, SHUT_WR);
            return;
        case 2:
            if (is_under_way(some.sends))
                sim_.cancel(*some.sends);
            return;
        case 3:
            if (is_under_way(some.receives))
                sim_.cancel(*some.receives);
            return;
        default:
            if (is_open && !is_under_way(some.sends))
                send_some(some);
            return;
        }
    }

    sim_backend& sim_;
    int one_, two_;
    const listener& at_;
    std::mt19937_64 random_;
    std::vector<std::unique_ptr<end>> ends_;
    std::optional<call> accepts_;
    bool over_ = false;
};

TEST_P(NetworkLaws, WhatArrivesIsWhatWasSentUpToWhereItBroke)
{
    const std::uint64_t seeds = std::getenv("SIMUL_LONG") ? 1000 : 20;
    std::size_t received = 0;
    for (std::uint64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
        SCOPED_TRACE("with the seed " + std::to_string(seed));
        restart(seed);
        listener at = place("10.0.0.1", 80);
        at.fd = listen_on(one_, "10.0.0.1", 80, 4);
        chaos all(sim(), one_, two_, at, seed);
        all.run(300);
        received += all.received;
    }
    EXPECT_GT(received, seeds * 20'000); // enough went well
}

} // namespace
} // namespace simul::detail
