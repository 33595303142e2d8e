// SPDX-License-Identifier: MIT
//
// A network for a test: hosts, links between them, and what goes wrong there. In virtual time, from the test's seed.
//
//     SIMUL_TEST(Shop, AnswersFromFarAway) {
//         network net;
//         const host server = net.add_host("server", "10.0.0.1");
//         const host client = net.add_host("client", "10.0.0.2");
//         net.link(client, server, {.latency = 40ms, .jitter = 5ms, .bandwidth = 1'000'000, .loss = 0.01});
//         auto serving = net.spawn(server, serve());           // runs there: binds to its addresses, connects from them
//         EXPECT_EQ(co_await net.on(client, buy("tea")), "tea");
//     }
//
// Without a network, a test is one machine: what is sent has arrived. So it is between hosts, too, until something is said of
// their link. What a link loses of a TCP stream comes later; a datagram that is lost is lost.
//
// The network belongs to the loop; a `network` is only a way to it, and costs nothing to make.
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/flight.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <cstdint>
#include <map>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace simul::detail {
class sim_backend;
}

namespace simul::testing {

/// One machine of a test's network. A value, to be copied.
class host {
public:
    friend bool operator==(host, host) noexcept = default;

private:
    friend class network;
    explicit host(int number) noexcept : number_(number) {}

    int number_;
};

/// What a link is like, each way. By default it isn't there: what is sent has arrived.
struct link_settings {
    duration latency{};          ///< of one way; there and back takes twice as long
    duration jitter{};           ///< up to so much more, drawn for each segment
    std::uint64_t bandwidth = 0; ///< bytes a second, shared by all that use the link; 0: no limit
    double loss = 0;             ///< the probability that a segment or datagram is lost, below 1
};

namespace detail {

/// What is started while it exists runs on that machine.
class spawning_on {
public:
    /// *Throws:* `invalid_state` outside of a task.
    explicit spawning_on(int machine);
    ~spawning_on();
    spawning_on(const spawning_on&) = delete;
    spawning_on& operator=(const spawning_on&) = delete;
};

} // namespace detail

class network {
public:
    /// The current loop's. *Throws:* `invalid_state` where the loop isn't in virtual time.
    network();

    // ---- hosts

    /// A new machine. `addresses` are IPv4 or IPv6: "10.0.0.1", "fd00::1"; the first of a family is where it connects from.
    /// *Throws:* `error` for what is no address, and when another host has the name or the address.
    host add_host(std::string name, std::convertible_to<std::string> auto... addresses)
    {
        return add_machine(std::move(name), {std::string(std::move(addresses))...});
    }

    /// Where everything runs that runs on no host: the test itself, for one. It has all addresses that no host has.
    static host outside() noexcept { return host(0); }

    /// The hosts and their addresses: `dns::use_hosts(net.names())` lets their names be resolved.
    std::map<std::string, std::vector<std::string>> names() const;

    /// Starts `work` there, as `simul::spawn` does here. What it starts runs there, too. *Throws:* `invalid_state` outside of
    /// a task.
    template <simul::detail::awaitable Work>
    static auto spawn(host where, Work work, std::source_location at = std::source_location::current())
    {
        const detail::spawning_on there(where.number_);
        return simul::spawn(std::move(work), at);
    }
    /// The same with `fn(args...)`, which returns a task; function and arguments are kept until it has ended.
    template <class Fn, class... Args>
        requires(!simul::detail::awaitable<Fn>) && simul::detail::task_function<Fn, Args...>
    static auto spawn(host where, Fn fn, Args... args)
    {
        const detail::spawning_on there(where.number_);
        return simul::spawn(std::move(fn), std::move(args)...);
    }

    /// Runs `work` there and waits for it. *Cancel:* is passed on.
    template <simul::detail::awaitable Work>
    static task<simul::detail::result_of<Work>> on(host where, Work work,
                                                   std::source_location at = std::source_location::current())
    {
        co_return co_await spawn(where, std::move(work), at);
    }
    template <class Fn, class... Args>
        requires(!simul::detail::awaitable<Fn>) && simul::detail::task_function<Fn, Args...>
    static task<simul::detail::result_of<simul::detail::call_result<Fn, Args...>>> on(host where, Fn fn, Args... args)
    {
        co_return co_await spawn(where, std::move(fn), std::move(args)...);
    }

    /// All that runs there is gone: its tasks are cancelled, its connections are reset, nobody listens. The host is still
    /// there: what is spawned next is its restart. Who awaits a future of such a task gets `cancelled`.
    void kill(host which);

    // ---- links

    /// From now on, for what is sent from now on. A host's link to itself is its loopback.
    /// *Throws:* `error` for what no link can be like.
    void link(host one, host other, const link_settings& like);
    /// For all pairs of different hosts, the outside included, of which nothing else was said.
    void link_all(const link_settings& like);

    /// Nothing passes either way until `heal`: streams wait, datagrams are lost. A connect gives up after 127 s.
    void partition(host one, host other);
    /// From all other hosts there are, and the outside.
    void isolate(host one);
    /// What waited is on its way again.
    void heal(host one, host other);
    /// All partitions.
    void heal();

    /// What is connected between the two is broken now, as by a router that forgets: both ends get ECONNRESET.
    void reset_connections(host one, host other);

private:
    host add_machine(std::string name, const std::vector<std::string>& addresses);

    simul::detail::sim_backend& sim_;
};

} // namespace simul::testing
