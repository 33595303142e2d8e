// SPDX-License-Identifier: MIT
//
// The network between the machines of the sim backend.
#include "network_fixture.hpp"

#include <map>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class Network : public network_test {};

INSTANTIATE_TEST_SUITE_P(Only, Network, testing::Values(backend_kind::sim), name_of_parameter);

// ---- machines

TEST_P(Network, EachMachineHasItsAddresses)
{
    const int fd = socket_on(one_);
    EXPECT_EQ(-EADDRNOTAVAIL, bind_on(fd, "10.0.0.2", 80));
    EXPECT_EQ(-EADDRNOTAVAIL, bind_on(fd, "10.0.0.3", 80)); // machine 0 has all the others
    EXPECT_EQ(0, bind_on(fd, "10.0.0.1", 80));
    EXPECT_EQ(0, bind_on(socket_on(0), "10.0.0.3", 80));
    EXPECT_EQ(-EADDRNOTAVAIL, bind_on(socket_on(0), "10.0.0.1", 81));
}

TEST_P(Network, TheSamePortIsFreeOnEachMachine)
{
    for (const int machine : {0, one_, two_})
        listen_on(machine, "0.0.0.0", 80);
    EXPECT_EQ(-EADDRINUSE, bind_on(socket_on(one_), "10.0.0.1", 80));
}

TEST_P(Network, AConnectionComesFromItsMachinesAddress)
{
    const auto [ours, theirs] = connection();
    EXPECT_EQ("10.0.0.2", name_of(ours));
    EXPECT_EQ("10.0.0.1", peer_of(ours));
    EXPECT_EQ("10.0.0.1", name_of(theirs));
    EXPECT_EQ("10.0.0.2", peer_of(theirs));
    EXPECT_EQ(0ns, elapsed());
}

TEST_P(Network, LoopbackIsAMachinesOwn)
{
    const int listens = listen_on(one_, "127.0.0.1", 80);
    EXPECT_EQ(-ECONNREFUSED, connect_to(socket_on(two_), "127.0.0.1", 80));
    EXPECT_EQ(-ECONNREFUSED, connect_to(socket_on(0), "127.0.0.1", 80));
    const int ours = socket_on(one_);
    EXPECT_EQ(0, connect_to(ours, "127.0.0.1", 80));
    EXPECT_EQ("127.0.0.1", name_of(ours));
    close_all({listens, ours});
}

TEST_P(Network, MachineZeroConnectsFromAnAddressThatLeadsBack)
{
    listen_on(one_, "0.0.0.0", 80);
    const int ours = socket_on(0);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 80));
    const std::string from = name_of(ours);
    listen_on(0, "0.0.0.0", 81);
    EXPECT_EQ(0, connect_to(socket_on(one_), from.c_str(), 81));
}

TEST_P(Network, AnIPv6ListenerOnAllAddressesTakesIPv4)
{
    const int listens = socket_on(one_, AF_INET6);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(80);
    EXPECT_EQ(0, backend_->bind_socket(listens, reinterpret_cast<sockaddr*>(&any), sizeof any));
    EXPECT_EQ(0, backend_->listen_socket(listens, 4));
    EXPECT_EQ(0, connect_to(socket_on(two_), "10.0.0.1", 80));
    sockaddr_in6 peer{};
    socklen_t size = sizeof peer;
    call accepts(accept, listens);
    accepts.address = reinterpret_cast<sockaddr*>(&peer);
    accepts.address_size = &size;
    EXPECT_GE(finish(accepts), 0);
    char text[INET6_ADDRSTRLEN];
    EXPECT_STREQ("::ffff:10.0.0.2", ::inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text));
}

TEST_P(Network, WhoHasNoAddressOfAFamilyReachesNobodyInIt)
{
    const int fd = socket_on(two_, AF_INET6);
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(80);
    ::inet_pton(AF_INET6, "fd00::1", &target.sin6_addr);
    listener at;
    std::memcpy(&at.address, &target, sizeof target);
    at.size = sizeof target;
    call connects(connect, fd, at);
    EXPECT_EQ(-ENETUNREACH, finish(connects));
}

// ---- latency and bandwidth

TEST_P(Network, AConnectTakesARoundTripAndAcceptHalfOfOneMore)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const int listens = listen_on(one_, "10.0.0.1", 80);
    EXPECT_EQ(0, connect_to(socket_on(two_), "10.0.0.1", 80));
    EXPECT_EQ(80ms, elapsed());
    call accepts(accept, listens);
    EXPECT_GE(finish(accepts), 0);
    EXPECT_EQ(120ms, elapsed());
}

TEST_P(Network, BytesAndTheEndArriveAfterTheLatency)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const auto [ours, theirs] = connection();
    const duration before = elapsed();
    EXPECT_EQ(5, send_text(ours, "hello"));
    EXPECT_EQ(before, elapsed()); // the sender doesn't wait
    close_now(ours);
    EXPECT_EQ("hello", receive_text(theirs, 100));
    EXPECT_EQ(before + 40ms, elapsed());
    EXPECT_EQ("", receive_text(theirs, 100));
    EXPECT_EQ(before + 40ms, elapsed());
}

TEST_P(Network, AnEarlierDeadlineComesFirst)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const auto [ours, theirs] = connection();
    const time_point sent = backend_->now();
    send_text(ours, "x");
    std::string text(8, '.');
    call receives(receive, theirs, text);
    start(receives);
    EXPECT_TRUE(backend_->wait(sent + 10ms));
    EXPECT_EQ(sent + 10ms, backend_->now());
    EXPECT_TRUE(backend_->wait(sent + 1h));
    EXPECT_EQ(sent + 40ms, backend_->now());
    backend_->dispatch();
    EXPECT_EQ(1, receives.result);
}

TEST_P(Network, ARefusalTakesARoundTrip)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const int fd = socket_on(two_);
    EXPECT_EQ(-ECONNREFUSED, connect_to(fd, "10.0.0.1", 80));
    EXPECT_EQ(80ms, elapsed());
    listen_on(one_, "10.0.0.1", 80);
    EXPECT_EQ(0, connect_to(fd, "10.0.0.1", 80)); // and may be tried again
    EXPECT_EQ(160ms, elapsed());
    EXPECT_FALSE(backend_->wait(never)); // its patience is no longer waited for
    EXPECT_EQ(200ms, elapsed());
}

TEST_P(Network, ALinkWithoutSettingsOfItsOwnIsAsAllAre)
{
    network().set_default_link({.latency = 7ms});
    network().set_link(one_, two_, {});
    listen_on(one_, "0.0.0.0", 80);
    EXPECT_EQ(0, connect_to(socket_on(two_), "10.0.0.1", 80));
    EXPECT_EQ(0, connect_to(socket_on(one_), "10.0.0.1", 80)); // loopback
    EXPECT_EQ(0ns, elapsed());
    EXPECT_EQ(0, connect_to(socket_on(0), "10.0.0.1", 80));
    EXPECT_EQ(14ms, elapsed());
}

TEST_P(Network, BandwidthIsSharedByAllConnections)
{
    const auto [first, first_end] = connection(80);
    const auto [second, second_end] = connection(81);
    network().set_link(one_, two_, {.bandwidth = 1'000'000});
    EXPECT_EQ(100'000, send_text(first, std::string(100'000, 'a')));
    EXPECT_EQ(100'000, send_text(second, std::string(100'000, 'b')));
    for (const auto& [fd, done] : {std::pair(first_end, 100ms), std::pair(second_end, 200ms)}) {
        std::size_t got = 0;
        while (got < 100'000)
            got += receive_text(fd, 100'000).size();
        EXPECT_EQ(done, elapsed());
    }
}

TEST_P(Network, ASlowLinkFillsTheBufferAndTheSenderWaits)
{
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 10ms, .bandwidth = 100'000});
    const std::size_t most = sim_socket::buffer_capacity + sim_socket::send_buffer_capacity;
    std::string block(1 << 20, 'x');
    call first(send, ours, block);
    EXPECT_EQ(most, static_cast<std::size_t>(finish(first)));
    call second(send, ours, block);
    start(second);
    EXPECT_FALSE(backend_->wait(never)); // all has arrived, and nobody reads
    EXPECT_FALSE(second.done());
    const time_point before = backend_->now();
    EXPECT_EQ(1000U, receive_text(theirs, 1000).size());
    EXPECT_EQ(1000, run(second));
    EXPECT_EQ(before + 10ms, backend_->now()); // when the news came
}

TEST_P(Network, WhatArrivesAtOneMomentArrivesInTheOrderOfSending)
{
    std::vector<std::pair<int, int>> connections;
    for (int port = 80; port < 84; ++port)
        connections.push_back(connection(port));
    network().set_link(one_, two_, {.latency = 40ms});
    std::string order;
    std::deque<call> receives;
    std::string room(8, '.');
    for (const std::size_t i : {2, 0, 3, 1}) {
        call& each = receives.emplace_back(receive, connections[i].second, &room[2 * i], 2);
        each.context = &order;
        each.then = [](call& self) { *static_cast<std::string*>(self.context) += *static_cast<char*>(self.data); };
        start(each);
    }
    for (const std::size_t i : {1, 3, 0, 2})
        send_text(connections[i].first, std::string(1, static_cast<char>('0' + i)));
    EXPECT_TRUE(backend_->wait(never));
    backend_->dispatch();
    EXPECT_EQ("1302", order);
}

TEST_P(Network, JitterNeverReordersAStream)
{
    restart(7);
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 1ms, .jitter = 100ms});
    std::string sent, got;
    for (char each = 'a'; each <= 'z'; ++each) {
        send_text(ours, std::string(1, each));
        sent += each;
    }
    close_now(ours);
    for (std::string piece; !(piece = receive_text(theirs, 100)).empty();)
        got += piece;
    EXPECT_EQ(sent, got);
    EXPECT_GT(elapsed(), 50ms);
    EXPECT_LE(elapsed(), 101ms);
}

// ---- loss

TEST_P(Network, WhatIsLostOfAStreamComesLater)
{
    restart(1);
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 10ms, .loss = 0.5});
    std::map<duration, int> delays;
    for (int i = 0; i < 200; ++i) {
        const time_point sent = backend_->now();
        send_text(ours, "x");
        EXPECT_EQ("x", receive_text(theirs, 10));
        ++delays[backend_->now() - sent];
    }
    EXPECT_NEAR(100, delays[10ms], 25);
    EXPECT_NEAR(50, delays[10ms + 220ms], 20);         // 200 ms and a round trip later
    EXPECT_NEAR(25, delays[10ms + 220ms + 440ms], 15); // lost twice
}

TEST_P(Network, WhatIsLostOfDatagramsIsLost)
{
    restart(1);
    const int theirs = socket_on(one_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, bind_on(theirs, "10.0.0.1", 53));
    const int ours = socket_on(two_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 53));
    EXPECT_EQ("10.0.0.2", name_of(ours));
    network().set_link(one_, two_, {.latency = 10ms, .loss = 0.5});
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(1, send_text(ours, "x"));
    EXPECT_FALSE(backend_->wait(never));
    EXPECT_EQ(10ms, elapsed());
    int arrived = 0;
    std::string text(8, '.');
    for (;; ++arrived) {
        call receives(receive, theirs, text);
        receives.flags = MSG_DONTWAIT;
        if (finish(receives) < 0)
            break;
    }
    EXPECT_NEAR(100, arrived, 25);
}

TEST_P(Network, ADatagramThatFindsNobodyIsAnsweredAfterARoundTrip)
{
    network().set_link(one_, two_, {.latency = 10ms});
    const int ours = socket_on(two_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 53));
    EXPECT_EQ(1, send_text(ours, "x"));
    EXPECT_EQ(-ECONNREFUSED, receive_error(ours));
    EXPECT_EQ(20ms, elapsed());
}

TEST_P(Network, ARouterDropsDatagramsThatWaitTooLong)
{
    const int theirs = socket_on(one_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, bind_on(theirs, "10.0.0.1", 53));
    const int ours = socket_on(two_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 53));
    network().set_link(one_, two_, {.bandwidth = 1024 * 1024});
    for (int i = 0; i < 10'000; ++i)
        send_text(ours, std::string(1000, 'x'));
    EXPECT_FALSE(backend_->wait(never));
    EXPECT_LE(elapsed(), 251ms); // 256 KiB
    EXPECT_GE(elapsed(), 249ms);
}

// ---- partitions

TEST_P(Network, AConnectIntoAPartitionGivesUp)
{
    listen_on(one_, "10.0.0.1", 80);
    network().part(one_, two_);
    const int fd = socket_on(two_);
    EXPECT_EQ(-ETIMEDOUT, connect_to(fd, "10.0.0.1", 80));
    EXPECT_EQ(127s, elapsed());
    network().heal(one_, two_);
    EXPECT_EQ(0, connect_to(fd, "10.0.0.1", 80));
}

TEST_P(Network, AConnectionStallsInAPartitionAndGoesOn)
{
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 40ms});
    send_text(ours, "before, "); // on its way when the partition begins
    network().part(one_, two_);
    send_text(ours, "during, ");
    send_text(theirs, "back");
    EXPECT_TRUE(backend_->wait(start_ + 10s));
    EXPECT_TRUE(backend_->wait(start_ + 10s));
    EXPECT_EQ(10s, elapsed());
    send_text(ours, "later");
    network().heal(one_, two_);
    EXPECT_EQ("before, during, later", receive_text(theirs, 100)); // all arrives at once now
    EXPECT_EQ(10s + 40ms, elapsed());
    EXPECT_EQ("back", receive_text(ours, 100));
}

TEST_P(Network, NothingPassesAPartitionThatBeginsAgain)
{
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 40ms});
    network().part(one_, two_);
    send_text(ours, "x");
    EXPECT_TRUE(backend_->wait(start_ + 1s));
    network().heal(one_, two_);
    network().part(one_, two_);
    std::string text(8, '.');
    call receives(receive, theirs, text);
    start(receives);
    EXPECT_FALSE(backend_->wait(never));
    network().heal(one_, two_);
    EXPECT_EQ(1, run(receives));
}

TEST_P(Network, WhoIsGoneBehindAPartitionIsFoundOutAfterIt)
{
    const auto [ours, theirs] = connection();
    send_text(ours, "unread");
    network().part(one_, two_);
    close_now(theirs); // its reset is lost
    EXPECT_FALSE(backend_->wait(never));
    network().heal(one_, two_);
    std::string text(8, '.');
    call receives(receive, ours, text);
    start(receives);
    EXPECT_FALSE(backend_->wait(never));
    send_text(ours, "x");
    EXPECT_EQ(-ECONNRESET, run(receives));
    EXPECT_EQ(-ECONNRESET, send_text(ours, "x"));
    EXPECT_EQ(-EPIPE, send_text(ours, "x"));
}

TEST_P(Network, APartitionLosesDatagrams)
{
    const int theirs = socket_on(one_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, bind_on(theirs, "10.0.0.1", 53));
    const int ours = socket_on(two_, AF_INET, SOCK_DGRAM);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 53));
    network().set_link(one_, two_, {.latency = 10ms});
    send_text(ours, "on its way");
    network().part(one_, two_);
    send_text(ours, "during");
    EXPECT_FALSE(backend_->wait(never));
    network().heal(one_, two_);
    send_text(ours, "after");
    EXPECT_EQ("after", receive_text(theirs, 100));
}

// ---- ends of connections

TEST_P(Network, WhatIsSentToWhoHasClosedIsAnsweredByAReset)
{
    const auto [ours, theirs] = connection();
    network().set_link(one_, two_, {.latency = 40ms});
    close_now(theirs);
    EXPECT_EQ(1, send_text(ours, "x")); // it can't know yet
    EXPECT_EQ("", receive_text(ours, 100));
    EXPECT_EQ(40ms, elapsed());
    EXPECT_FALSE(backend_->wait(never));
    EXPECT_EQ(80ms, elapsed());
    EXPECT_EQ(-ECONNRESET, send_text(ours, "x"));
    EXPECT_EQ(-EPIPE, send_text(ours, "x"));
    EXPECT_EQ("", receive_text(ours, 100)); // the end had come before
}

TEST_P(Network, AConnectionThatIsResetFailsAtBothEnds)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const auto [ours, theirs] = connection(80);
    const auto [others, other_end] = connection(81);
    const int loop = socket_on(one_);
    listen_on(one_, "10.0.0.1", 82);
    EXPECT_EQ(0, connect_to(loop, "10.0.0.1", 82));
    const duration before = elapsed();
    std::string text(8, '.');
    call receives(receive, ours, text);
    start(receives);
    send_text(others, "arrives");
    EXPECT_EQ("arrives", receive_text(other_end, 100));
    send_text(others, "never");
    sim().reset_connections(one_, two_);
    EXPECT_EQ(-ECONNRESET, run(receives));
    EXPECT_EQ(before + 40ms, elapsed());
    EXPECT_EQ(-ECONNRESET, receive_error(theirs));
    EXPECT_EQ("", receive_text(theirs, 8)); // once
    EXPECT_EQ(-ECONNRESET, send_text(others, "x"));
    EXPECT_EQ(-ECONNRESET, receive_error(other_end));
    EXPECT_EQ(1, send_text(loop, "x"));
}

TEST_P(Network, AListenerThatClosesResetsWhatItNeverFetched)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const int listens = listen_on(one_, "10.0.0.1", 80);
    const int ours = socket_on(two_);
    EXPECT_EQ(0, connect_to(ours, "10.0.0.1", 80));
    close_now(listens); // half open there: our last word hasn't arrived
    EXPECT_EQ(-ECONNRESET, receive_error(ours));
    EXPECT_EQ(120ms, elapsed());
}

TEST_P(Network, AConnectThatIsTakenBackLeavesNothing)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const int listens = listen_on(one_, "10.0.0.1", 80, 1);
    for (const duration when : {10ms, 50ms, 100ms}) { // asked, answered, connected
        const int ours = socket_on(two_);
        const listener at = place("10.0.0.1", 80);
        call connects(connect, ours, at);
        start(connects);
        EXPECT_TRUE(backend_->wait(backend_->now() + when));
        backend_->dispatch();
        if (!connects.done())
            backend_->cancel(connects);
        run(connects);
        close_now(ours);
        EXPECT_FALSE(backend_->wait(never));
    }
    call accepts(accept, listens);
    const int last = finish(accepts);
    EXPECT_EQ("", receive_text(last, 8)); // the third, which was connected
    call another(accept, listens);
    start(another);
    EXPECT_FALSE(backend_->wait(never));
    backend_->cancel(another);
    EXPECT_EQ(-ECANCELED, run(another));
}

TEST_P(Network, WhoKnocksAtAFullBacklogIsLetInWhenThereIsRoom)
{
    network().set_link(one_, two_, {.latency = 40ms});
    const int listens = listen_on(one_, "10.0.0.1", 80, 1);
    EXPECT_EQ(0, connect_to(socket_on(two_), "10.0.0.1", 80));
    EXPECT_FALSE(backend_->wait(never));
    const listener at = place("10.0.0.1", 80);
    call connects(connect, socket_on(two_), at);
    start(connects);
    EXPECT_TRUE(backend_->wait(backend_->now() + 1s));
    EXPECT_FALSE(connects.done());
    const time_point before = backend_->now();
    call accepts(accept, listens);
    EXPECT_GE(finish(accepts), 0);
    EXPECT_EQ(0, run(connects));
    EXPECT_EQ(before + 40ms, backend_->now());
}

TEST_P(Network, AKilledMachinesSocketsAreDeadAndTheirPeersAreTold)
{
    const auto [ours, theirs] = connection(80);
    network().set_link(one_, two_, {.latency = 40ms});
    const int listens = listen_on(one_, "0.0.0.0", 81);
    send_text(ours, "never read");
    sim().fail_sockets(one_);
    EXPECT_EQ(-ECONNRESET, receive_error(theirs));
    EXPECT_EQ(-ECONNRESET, send_text(theirs, "x"));
    EXPECT_EQ(-EPIPE, send_text(theirs, "x"));
    call accepts(accept, listens);
    EXPECT_EQ(-EINVAL, finish(accepts));
    EXPECT_EQ(0ns, elapsed());
    EXPECT_EQ(-ECONNRESET, receive_error(ours));
    EXPECT_EQ(40ms, elapsed());
    EXPECT_EQ(-ECONNREFUSED, connect_to(socket_on(two_), "10.0.0.1", 81));
    listen_on(one_, "0.0.0.0", 81); // the next program may have the port
    EXPECT_EQ(0, connect_to(socket_on(two_), "10.0.0.1", 81));
    close_all({theirs, listens});
}

} // namespace
} // namespace simul::detail
