// SPDX-License-Identifier: MIT
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/network.hpp>

#include "failures.hpp"

#include <simul/base/error.hpp>
#include <simul/io/dns.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/timeout.hpp>

#include <string>

namespace {

using namespace std::chrono_literals;
using namespace simul::testing;
using simul::task;

/// Answers each line with the address that it came from.
task<> tell_who_asks(simul::stream& peer)
{
    std::string from = peer.peer().host();
    if (from.starts_with("::ffff:")) // an IPv4 connection to a listener of both kinds
        from.erase(0, 7);
    while (co_await peer.read_line())
        co_await peer.write(from + "\n");
}

task<> serve_at(std::string place)
{
    auto door = simul::tcp::listen(place);
    co_await door.serve(tell_who_asks);
}

task<std::string> ask(std::string host, std::uint16_t port = 80)
{
    simul::stream server = co_await simul::tcp::connect(std::move(host), port);
    co_await server.write("who am I?\n");
    co_return (co_await server.read_line()).value_or("nobody answers");
}

SIMUL_TEST(Network, RunsTasksOnTheirHosts)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    const host client = net.add_host("client", "10.0.0.2");
    const auto serving = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    EXPECT_EQ(co_await net.on(client, ask("10.0.0.1")), "10.0.0.2");
    EXPECT_EQ(co_await net.on(server, ask("10.0.0.1")), "10.0.0.1");
    EXPECT_EQ(co_await net.on(server, ask("127.0.0.1")), "127.0.0.1");
    CO_ASSERT_THROW(co_await net.on(client, ask("127.0.0.1")), simul::error);
    EXPECT_EQ(co_await ask("10.0.0.1"), "198.18.0.1"); // we are outside again
}

SIMUL_TEST(Network, WhatATaskStartsRunsWhereItDoes)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1", "fd00::1");
    const host client = net.add_host("client", "10.0.0.2", "fd00::2");
    const auto serving = net.spawn(server, [] { return serve_at("*:80"); });
    co_await wait_all_blocked();
    const auto [four, six, far] =
        co_await net.on(client, [&net, server]() -> task<std::tuple<std::string, std::string, std::string>> {
            auto spawned = simul::spawn(ask("fd00::1"));
            auto other_host = net.on(server, ask("10.0.0.1"));
            auto answers = co_await simul::gather(ask("10.0.0.1"), std::move(other_host));
            co_return {std::get<0>(answers), co_await std::move(spawned), std::get<1>(answers)};
        });
    EXPECT_EQ(four, "10.0.0.2");
    EXPECT_EQ(six, "fd00::2");
    EXPECT_EQ(far, "10.0.0.1");
}

task<int> add(int a, int b)
{
    co_return a + b;
}

task<> fail()
{
    throw std::runtime_error("no");
    co_return;
}

task<> wait_and_tell(bool& was_cancelled)
{
    try {
        co_await simul::sleep(1h);
    } catch (const simul::cancelled&) {
        was_cancelled = true;
        throw;
    }
}

SIMUL_TEST(Network, PassesResultsErrorsAndCancellationsOn)
{
    network net;
    const host there = net.add_host("there", "10.0.0.1");
    EXPECT_EQ(co_await net.on(there, add, 41, 1), 42);
    CO_ASSERT_THROW(co_await net.on(there, fail()), std::runtime_error);
    bool was_cancelled = false;
    CO_ASSERT_THROW(co_await simul::timeout(1s, net.on(there, wait_and_tell(was_cancelled))), simul::timeout_error);
    EXPECT_TRUE(was_cancelled);
}

SIMUL_TEST(Network, ALinkTakesItsTime)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    const host client = net.add_host("client", "10.0.0.2");
    net.link(client, server, {.latency = 40ms});
    const auto serving = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    EXPECT_EQ(co_await elapsed(net.on(client, ask("10.0.0.1"))), 160ms); // to connect, and to ask
    EXPECT_EQ(co_await elapsed(net.on(server, ask("10.0.0.1"))), 0ms);
    EXPECT_EQ(co_await elapsed(ask("10.0.0.1")), 0ms);
    network().link_all({.latency = 1s}); // the same network
    EXPECT_EQ(co_await elapsed(ask("10.0.0.1")), 4s);
}

SIMUL_TEST(Network, APartitionHoldsUpUntilItIsHealed)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    const host client = net.add_host("client", "10.0.0.2");
    const auto serving = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    simul::stream held = co_await net.on(client, simul::tcp::connect("10.0.0.1", 80));
    net.isolate(client);
    co_await held.write("?\n");
    CO_ASSERT_THROW(co_await simul::timeout(1h, held.read_line()), simul::timeout_error);
    const auto before = simul::now();
    CO_ASSERT_THROW(co_await net.on(client, ask("10.0.0.1")), simul::error);
    EXPECT_EQ(simul::now() - before, 127s);
    EXPECT_EQ(co_await ask("10.0.0.1"), "198.18.0.1"); // the others are not in it
    net.heal();
    EXPECT_EQ(co_await held.read_line(), "10.0.0.2");
    net.partition(client, server);
    net.heal(server, client);
    EXPECT_EQ(co_await net.on(client, ask("10.0.0.1")), "10.0.0.2");
}

SIMUL_TEST(Network, ResetConnectionsFailAtBothEnds)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    const host client = net.add_host("client", "10.0.0.2");
    net.link(client, server, {.latency = 1s});
    int server_saw = 0, client_saw = 0;
    const auto read_to_its_end = [](simul::stream peer, int& saw) -> task<> {
        try {
            co_await peer.read_line();
        } catch (const simul::error& caught) {
            saw = caught.code().value();
        }
    };
    auto serving = net.spawn(server, [&]() -> task<> {
        auto door = simul::tcp::listen("*:80");
        co_await read_to_its_end(co_await door.accept(), server_saw);
    });
    auto asking = net.spawn(client, [&]() -> task<> {
        co_await read_to_its_end(co_await simul::tcp::connect("10.0.0.1", 80), client_saw);
    });
    co_await advance(1h);
    net.reset_connections(server, client);
    EXPECT_EQ(co_await elapsed(simul::gather(std::move(serving), std::move(asking))), 0s);
    EXPECT_EQ(server_saw, ECONNRESET);
    EXPECT_EQ(client_saw, ECONNRESET);
}

SIMUL_TEST(Network, AKilledHostLosesItsTasksAndConnections)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    auto serving = net.spawn(server, [&]() -> task<> {
        simul::spawn(serve_at("*:81")).detach();
        co_await serve_at("*:80");
    });
    co_await wait_all_blocked();
    simul::stream held = co_await simul::tcp::connect("10.0.0.1", 80);
    EXPECT_EQ(co_await ask("10.0.0.1", 81), "198.18.0.1");

    auto never_begins = net.spawn(server, serve_at("*:82"));
    net.kill(server);
    CO_ASSERT_THROW(co_await held.read_line(), simul::error);
    CO_ASSERT_THROW(co_await ask("10.0.0.1", 80), simul::error);
    CO_ASSERT_THROW(co_await ask("10.0.0.1", 81), simul::error);
    CO_ASSERT_THROW(co_await ask("10.0.0.1", 82), simul::error);
    EXPECT_TRUE(serving.done());
    EXPECT_TRUE(never_begins.done());

    const auto again = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    EXPECT_EQ(co_await ask("10.0.0.1", 80), "198.18.0.1");
}

SIMUL_TEST(Network, NamesAreForDns)
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    simul::dns::use_hosts(net.names());
    const auto serving = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    EXPECT_EQ(co_await ask("server"), "198.18.0.1");
    CO_ASSERT_THROW(co_await ask("client"), simul::dns::lookup_error);
}

SIMUL_TEST(Network, RefusesWhatCantBe)
{
    network net;
    const host there = net.add_host("there", "10.0.0.1", "fd00::1");
    EXPECT_TRUE(there == there);
    EXPECT_FALSE(there == network::outside());
    CO_ASSERT_THROW(net.add_host("there", "10.0.0.2"), simul::error);
    for (const char* address : {"example.org", "10.0.0.1:80", "fd00::1", "127.0.0.1", "::", ""})
        CO_ASSERT_THROW(net.add_host("new", address), simul::error);
    CO_ASSERT_THROW(net.link(there, there, {.latency = -1ms}), simul::error);
    CO_ASSERT_THROW(net.link(there, there, {.jitter = -1ms}), simul::error);
    CO_ASSERT_THROW(net.link(there, there, {.loss = 1.0}), simul::error);
    CO_ASSERT_THROW(net.link_all({.loss = -0.1}), simul::error);
    net.add_host("new", "10.0.0.2"); // nothing is left of those that were refused
}

SIMUL_TEST_REAL(Network, NeedsVirtualTime)
{
    CO_ASSERT_THROW(network(), simul::invalid_state);
}

TEST(Network, NeedsALoop)
{
    EXPECT_THROW(network(), simul::invalid_state);
}

TEST_F(loop_test, HostsNeedATask)
{
    bool refused = false;
    loop.call_soon([&] {
        network net;
        try {
            net.spawn(net.add_host("there", "10.0.0.1"), serve_at("*:80")).detach();
        } catch (const simul::invalid_state&) {
            refused = true;
        }
    });
    loop.run_until_complete(simul::sleep(1s));
    EXPECT_TRUE(refused);
}

// ---- the example of the page

task<> sell_tea()
{
    auto door = simul::tcp::listen("*:80");
    co_await door.serve([](simul::stream& customer) -> task<> {
        while (auto order = co_await customer.read_line())
            co_await customer.write("one " + *order + "\n");
    });
}

task<std::string> buy(std::string what)
{
    auto shop = co_await simul::tcp::connect("shop", 80);
    co_await shop.write(what + "\n");
    co_return (co_await shop.read_line()).value_or("nothing");
}

SIMUL_SIM_TEST(Shop, IsOpenAgainAfterACrash, seeds(50))
{
    network net;
    const host shop = net.add_host("shop", "10.0.0.1");
    const host customer = net.add_host("customer", "10.0.0.2");
    net.link(shop, customer, {.latency = 40ms, .jitter = 5ms, .bandwidth = 1'000'000, .loss = 0.01});
    simul::dns::use_hosts(net.names());

    auto selling = net.spawn(shop, sell_tea());
    co_await wait_all_blocked();
    EXPECT_EQ(co_await net.on(customer, buy("tea")), "one tea");

    auto asked = net.spawn(customer, buy("coffee"));
    co_await simul::sleep(10ms);
    net.kill(shop);
    CO_ASSERT_THROW(co_await std::move(asked), simul::error);

    selling = net.spawn(shop, sell_tea());
    EXPECT_EQ(co_await net.on(customer, buy("coffee")), "one coffee");
}

// ---- the seed says all

std::string log_of_one_run;

/// Some clients of one server over a bad network: what each heard, and when.
task<> a_bad_day()
{
    network net;
    const host server = net.add_host("server", "10.0.0.1");
    const host client = net.add_host("client", "10.0.0.2");
    net.link(server, client, {.latency = 5ms, .jitter = 20ms, .bandwidth = 50'000, .loss = 0.1});
    const auto serving = net.spawn(server, serve_at("*:80"));
    co_await wait_all_blocked();
    const auto start = simul::now();
    const auto clients = [&](int number) -> task<> {
        for (int i = 0; i < 5; ++i) {
            const std::string heard = co_await net.on(client, ask("10.0.0.1"));
            log_of_one_run += std::to_string(number) + " " + heard + " " + readable(simul::now() - start) + "\n";
        }
    };
    co_await simul::gather(clients(1), clients(2), clients(3));
}

TEST(Network, DependsOnTheSeedAlone)
{
    std::vector<std::string> logs;
    for (int run = 0; run < 2; ++run) {
        log_of_one_run.clear();
        EXPECT_TRUE(failures::failures_of(a_bad_day, 1).empty());
        logs.push_back(log_of_one_run);
    }
    EXPECT_NE(logs[0], "");
    EXPECT_EQ(logs[0], logs[1]);
    log_of_one_run.clear();
    EXPECT_TRUE(failures::failures_of(a_bad_day, 2).empty()); // the seeds 1 and 2
    EXPECT_TRUE(log_of_one_run.starts_with(logs[0]));
    EXPECT_NE(log_of_one_run.substr(logs[0].size()), logs[0]);
}

} // namespace
