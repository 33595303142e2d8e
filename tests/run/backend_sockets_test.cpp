// SPDX-License-Identifier: MIT
//
// The sockets of all backends.
#include "backend_fixture.hpp"

#include <sys/un.h>
#include <thread>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class BackendSockets : public backend_test {};

INSTANTIATE_TEST_SUITE_P(All, BackendSockets, testing::ValuesIn(available_backends(true)), name_of_parameter);

TEST_P(BackendSockets, ConnectsAndAcceptsOverTcp)
{
    const listener at = listen_tcp();
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    call accept_it(accept, at.fd);
    accept_it.address = reinterpret_cast<sockaddr*>(&peer);
    accept_it.address_size = &peer_size;
    start(accept_it);
    turn();
    EXPECT_FALSE(accept_it.done());

    const int client = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(0, finish(connect_it));
    const int server = run(accept_it);
    ASSERT_GE(server, 0);

    sockaddr_in client_name{};
    socklen_t size = sizeof client_name;
    EXPECT_EQ(0, backend_->socket_name(client, reinterpret_cast<sockaddr*>(&client_name), &size));
    EXPECT_EQ(sizeof peer, peer_size);
    EXPECT_EQ(client_name.sin_port, peer.sin_port);
    EXPECT_NE(0, peer.sin_port);
    sockaddr_in seen{};
    EXPECT_EQ(0, backend_->peer_name(client, reinterpret_cast<sockaddr*>(&seen), &size));
    EXPECT_EQ(ntohs(seen.sin_port), at.port());

    EXPECT_EQ(4, send_text(client, "ping"));
    EXPECT_EQ("ping", receive_text(server, 100));
    EXPECT_EQ(0, backend_->shutdown_socket(server, SHUT_WR));
    EXPECT_EQ("", receive_text(client, 100));
    EXPECT_EQ(4, send_text(client, "more")); // half closed only
    EXPECT_EQ("more", receive_text(server, 100));
    close_all({client, server, at.fd});
}

TEST_P(BackendSockets, ConnectsOverUnixSockets)
{
    const std::string path = fresh_path();
    const listener at = listen_unix(path, 1);
    const int client = backend_->make_socket(AF_UNIX, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(0, finish(connect_it));
    call accept_it(accept, at.fd);
    const int server = finish(accept_it);
    ASSERT_GE(server, 0);
    EXPECT_EQ(2, send_text(server, "hi"));
    EXPECT_EQ("hi", receive_text(client, 100));
    close_all({client, server, at.fd});
}

TEST_P(BackendSockets, AConnectWaitsForRoomInAUnixListenersBacklog)
{
    const listener at = listen_unix(fresh_path(), 1);
    std::deque<call> connects;
    std::vector<int> sockets;
    for (int i = 0; i < 6; ++i) {
        sockets.push_back(backend_->make_socket(AF_UNIX, SOCK_STREAM, 0));
        start(connects.emplace_back(connect, sockets.back(), at));
    }
    turn();
    EXPECT_GT(backend_->in_flight(), 0U);
    for (int i = 0; i < 6; ++i) {
        call accept_it(accept, at.fd);
        sockets.push_back(finish(accept_it));
        EXPECT_GE(sockets.back(), 0);
    }
    for (call& each : connects)
        EXPECT_EQ(0, run(each));
    sockets.push_back(at.fd);
    close_all(sockets);
}

TEST_P(BackendSockets, AConnectToNobodyIsRefused)
{
    const listener at = listen_tcp();
    close_now(at.fd);
    const int client = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(-ECONNREFUSED, finish(connect_it));
    close_now(client);
}

TEST_P(BackendSockets, ManyConnectAtOnce)
{
    const listener at = listen_tcp(200);
    std::deque<call> accepts;
    std::deque<call> connects;
    std::vector<int> sockets;
    for (int i = 0; i < 100; ++i) {
        start(accepts.emplace_back(accept, at.fd));
        sockets.push_back(backend_->make_socket(AF_INET, SOCK_STREAM, 0));
        start(connects.emplace_back(connect, sockets.back(), at));
    }
    for (call& each : connects)
        EXPECT_EQ(0, run(each));
    for (call& each : accepts)
        sockets.push_back(run(each));
    for (const int fd : sockets)
        EXPECT_GE(fd, 0);
    sockets.push_back(at.fd);
    close_all(sockets);
}

TEST_P(BackendSockets, ASendToAClosedPeerIsABrokenPipeAndNoSignal)
{
    const auto [ours, theirs] = make_pair();
    close_now(theirs);
    EXPECT_EQ(-EPIPE, send_text(ours, "x"));
    EXPECT_EQ("", receive_text(ours, 10));
    close_now(ours);
}

TEST_P(BackendSockets, ASendThatFillsTheBufferIsPartialAndTheNextWaits)
{
    const auto [ours, theirs] = make_pair();
    std::string block(8 << 20, 'x');
    call first(send, ours, block);
    const int sent = finish(first);
    EXPECT_GT(sent, 0);
    EXPECT_LT(static_cast<std::size_t>(sent), block.size());
    std::size_t total = static_cast<std::size_t>(sent);
    call second(send, ours, block);
    start(second);
    turn();
    while (second.done()) { // what a real kernel let through in spite of it
        total += static_cast<std::size_t>(second.result);
        second.completions = 0;
        start(second);
        turn();
    }
    while (total > 0)
        total -= receive_text(theirs, 1 << 20).size();
    EXPECT_GT(run(second), 0);
    close_all({ours, theirs});
}

TEST_P(BackendSockets, DontWaitIsAnsweredAtOnce)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    receive_it.flags = MSG_DONTWAIT;
    EXPECT_EQ(-EAGAIN, finish(receive_it));
    send_text(theirs, "abc");
    call peek(receive, ours, text);
    peek.flags = MSG_DONTWAIT | MSG_PEEK;
    EXPECT_EQ(3, finish(peek));
    EXPECT_EQ("abc", receive_text(ours, 8));
    close_all({ours, theirs});
}

TEST_P(BackendSockets, AThousandReceivesOfAThousandSocketsEndOnceEach)
{
    std::deque<call> receives;
    std::vector<int> fds;
    std::string texts(1000, '.');
    for (std::size_t i = 0; i < 1000; ++i) {
        const auto [ours, theirs] = make_pair();
        fds.insert(fds.end(), {ours, theirs});
        start(receives.emplace_back(receive, ours, &texts[i], 1));
    }
    EXPECT_EQ(1000U, backend_->in_flight());
    turn();
    for (std::size_t i = 0; i < 1000; ++i)
        EXPECT_EQ(1, send_text(fds[2 * i + 1], i % 2 ? "b" : "a"));
    for (std::size_t i = 0; i < 1000; ++i) {
        EXPECT_EQ(1, run(receives[i]));
        EXPECT_EQ(i % 2 ? 'b' : 'a', texts[i]);
    }
    EXPECT_EQ(0U, backend_->in_flight());
    close_all(fds);
    for (const call& each : receives)
        EXPECT_EQ(1, each.completions);
}

TEST_P(BackendSockets, SeveralReceivesOfOneSocketShareWhatArrives)
{
    const auto [ours, theirs] = make_pair();
    std::string texts(10, '.');
    std::deque<call> receives;
    for (char& each : texts)
        start(receives.emplace_back(receive, ours, &each, 1));
    turn();
    send_text(theirs, "0123456789");
    for (call& each : receives)
        EXPECT_EQ(1, run(each));
    std::sort(texts.begin(), texts.end());
    EXPECT_EQ("0123456789", texts);
    close_all({ours, theirs});
}

TEST_P(BackendSockets, MisusedSocketsSayWhatIsWrong)
{
    const auto error_of = [this](operation_kind kind, int fd) {
        std::string text = "x";
        call op(kind, fd, text);
        return -finish(op);
    };
    const auto accept_error_of = [this](int fd) {
        call op(accept, fd);
        return -finish(op);
    };
    const auto connect_error_of = [this](int fd, const listener& whom) {
        call op(connect, fd, whom);
        return -finish(op);
    };
    const listener at = listen_tcp();
    const int fresh = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(ENOTCONN, error_of(receive, fresh));
    EXPECT_EQ(EINVAL, accept_error_of(fresh));
    const listener elsewhere = listen_unix(fresh_path(), 1);
    EXPECT_EQ(EAFNOSUPPORT, connect_error_of(fresh, elsewhere));
    EXPECT_EQ(EADDRINUSE, -backend_->bind_socket(fresh, reinterpret_cast<const sockaddr*>(&at.address), at.size));

    call accept_it(accept, at.fd);
    EXPECT_EQ(0, connect_error_of(fresh, at));
    const int server = finish(accept_it);
    connect_error_of(fresh, at); // after a connect that took its time, Linux lets another succeed
    EXPECT_EQ(EISCONN, connect_error_of(fresh, at));
    EXPECT_EQ(EINVAL, accept_error_of(fresh));
    EXPECT_EQ(EINVAL, -backend_->bind_socket(fresh, reinterpret_cast<const sockaddr*>(&at.address), at.size));
    EXPECT_EQ(EINVAL, -backend_->listen_socket(fresh, 1));

    const int file = open_file(fresh_path(), O_RDWR | O_CREAT);
    EXPECT_EQ(ENOTSOCK, error_of(send, file));
    EXPECT_EQ(ENOTSOCK, error_of(receive, file));
    EXPECT_EQ(ENOTSOCK, accept_error_of(file));
    close_all({at.fd, fresh, elsewhere.fd, server, file});
}

TEST_P(BackendSockets, AListenerThatClosesResetsWhoWasNotFetched)
{
    const listener at = listen_tcp();
    const int client = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(0, finish(connect_it));
    close_now(at.fd);
    std::string text(4, '.');
    call read_it(receive, client, text);
    EXPECT_EQ(-ECONNRESET, finish(read_it));
    close_now(client);
}

TEST_P(BackendSockets, AListenerThatIsShutDownRefusesFromThatMomentOn)
{
    const listener at = listen_tcp();
    call accepts(accept, at.fd);
    start(accepts);
    turn();
    EXPECT_EQ(0, backend_->shutdown_socket(at.fd, SHUT_RDWR)); // though the accept still has it
    const int late = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connects(connect, late, at);
    EXPECT_EQ(-ECONNREFUSED, finish(connects));
    backend_->cancel(accepts);
    EXPECT_LT(run(accepts), 0);
    close_all({late, at.fd});
}

TEST_P(BackendSockets, ConnectsOverIpv6)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const int probe = backend_->make_socket(AF_INET6, SOCK_STREAM, 0);
    const bool possible = probe >= 0 && backend_->bind_socket(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close_now(probe);
    if (!possible)
        GTEST_SKIP() << "this machine has no IPv6";
    const listener at = listen_at(AF_INET6, &address, sizeof address, 4);
    const int client = backend_->make_socket(AF_INET6, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    call accept_it(accept, at.fd);
    EXPECT_EQ(0, finish(connect_it));
    const int server = finish(accept_it);
    EXPECT_EQ(5, send_text(client, "hello"));
    EXPECT_EQ("hello", receive_text(server, 16));
    close_all({at.fd, client, server});
}

} // namespace
} // namespace simul::detail
