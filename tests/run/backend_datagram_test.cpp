// SPDX-License-Identifier: MIT
//
// The datagram sockets of all backends.
#include "backend_fixture.hpp"

#include <memory>

namespace simul::detail {
namespace {

using enum operation_kind;

/// A datagram with all that its operation points to.
struct message {
    message(operation_kind kind, int fd, std::string content) : text(std::move(content)), op(kind, fd)
    {
        part = {.iov_base = text.data(), .iov_len = text.size()};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        op.data = &header;
    }
    message& to(const listener& target)
    {
        header.msg_name = const_cast<sockaddr_storage*>(&target.address);
        header.msg_namelen = target.size;
        return *this;
    }
    message& from_anywhere()
    {
        header.msg_name = &peer;
        header.msg_namelen = sizeof peer;
        return *this;
    }
    int peer_port() const { return ntohs(reinterpret_cast<const sockaddr_in&>(peer).sin_port); }

    std::string text;
    sockaddr_storage peer{};
    iovec part{};
    msghdr header{};
    call op;
};

class BackendDatagrams : public backend_test {
protected:
    listener bind_at(int domain, const void* address, socklen_t size)
    {
        listener made;
        made.fd = backend_->make_socket(domain, SOCK_DGRAM, 0);
        EXPECT_EQ(0, backend_->bind_socket(made.fd, static_cast<const sockaddr*>(address), size));
        EXPECT_EQ(0, backend_->socket_name(made.fd, reinterpret_cast<sockaddr*>(&made.address), &made.size));
        return made;
    }
    listener bind_udp(in_addr_t host = INADDR_LOOPBACK)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(host);
        return bind_at(AF_INET, &address, sizeof address);
    }

    std::int32_t send_to(int fd, const listener& target, std::string text)
    {
        message sent(send_message, fd, std::move(text));
        return finish(sent.to(target).op);
    }
    std::int32_t connect_to(int fd, const listener& target)
    {
        call connects(connect, fd, target);
        return finish(connects);
    }
    std::string next(int fd)
    {
        message got(receive_message, fd, std::string(100, '.'));
        const std::int32_t size = finish(got.op);
        EXPECT_GE(size, 0) << std::strerror(-size);
        return got.text.substr(0, static_cast<std::size_t>(std::max(size, 0)));
    }
};

INSTANTIATE_TEST_SUITE_P(All, BackendDatagrams, testing::ValuesIn(available_backends(true)), name_of_parameter);

TEST_P(BackendDatagrams, CarriesEachWholeAndSaysFromWhom)
{
    const listener a = bind_udp();
    const listener b = bind_udp();
    message got(receive_message, b.fd, std::string(100, '.'));
    start(got.from_anywhere().op);
    turn();
    EXPECT_FALSE(got.op.done());
    EXPECT_EQ(5, send_to(a.fd, b, "hello"));
    EXPECT_EQ(5, run(got.op));
    EXPECT_EQ("hello", got.text.substr(0, 5));
    EXPECT_EQ(a.port(), got.peer_port());
    EXPECT_EQ(sizeof(sockaddr_in), got.header.msg_namelen);

    for (const char* text : {"one", "", "three"})
        send_to(a.fd, b, text);
    EXPECT_EQ("one", next(b.fd));
    EXPECT_EQ("", next(b.fd));
    EXPECT_EQ("three", next(b.fd));
    close_all({a.fd, b.fd});
}

TEST_P(BackendDatagrams, TellsWhatItCutOff)
{
    const listener a = bind_udp();
    send_to(a.fd, a, "0123456789");
    send_to(a.fd, a, "abcdefghij");
    send_to(a.fd, a, "x");
    message cut(receive_message, a.fd, std::string(4, '.'));
    EXPECT_EQ(4, finish(cut.op));
    EXPECT_EQ("0123", cut.text);
    EXPECT_EQ(MSG_TRUNC, cut.header.msg_flags & MSG_TRUNC);
    message measured(receive_message, a.fd, std::string(4, '.'));
    measured.op.flags = MSG_TRUNC;
    EXPECT_EQ(10, finish(measured.op));
    EXPECT_EQ("abcd", measured.text);
    EXPECT_EQ("x", next(a.fd));
    close_now(a.fd);
}

TEST_P(BackendDatagrams, GathersAndScatters)
{
    const listener a = bind_udp();
    message sent(send_message, a.fd, "unused");
    std::string head = "head", body = "body";
    iovec parts[] = {{head.data(), 4}, {body.data(), 4}};
    sent.header.msg_iov = parts;
    sent.header.msg_iovlen = 2;
    EXPECT_EQ(8, finish(sent.to(a).op));
    message got(receive_message, a.fd, "unused");
    std::string first(3, '.'), second(10, '.');
    iovec rooms[] = {{first.data(), 3}, {second.data(), 10}};
    got.header.msg_iov = rooms;
    got.header.msg_iovlen = 2;
    EXPECT_EQ(8, finish(got.op));
    EXPECT_EQ("hea", first);
    EXPECT_EQ("dbody.....", second);
    close_now(a.fd);
}

TEST_P(BackendDatagrams, AConnectedOneHearsItsPeerAlone)
{
    const listener server = bind_udp();
    const listener stranger = bind_udp();
    const int client = backend_->make_socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(0, connect_to(client, server));
    listener here{.fd = client};
    EXPECT_EQ(0, backend_->socket_name(client, reinterpret_cast<sockaddr*>(&here.address), &here.size));
    listener there{.fd = client};
    EXPECT_EQ(0, backend_->peer_name(client, reinterpret_cast<sockaddr*>(&there.address), &there.size));
    EXPECT_EQ(server.port(), there.port());
    EXPECT_NE(0, here.port());

    EXPECT_EQ(4, send_text(client, "ping"));
    message got(receive_message, server.fd, std::string(100, '.'));
    EXPECT_EQ(4, finish(got.from_anywhere().op));
    EXPECT_EQ(here.port(), got.peer_port());
    send_to(stranger.fd, here, "spam");
    send_to(server.fd, here, "pong");
    EXPECT_EQ("pong", receive_text(client, 100));
    close_all({server.fd, stranger.fd, client});
}

TEST_P(BackendDatagrams, AConnectedOneHearsThatNobodyIsThereAndGoesOn)
{
    const listener gone = bind_udp();
    const int client = backend_->make_socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(0, connect_to(client, gone));
    close_now(gone.fd);
    EXPECT_EQ(4, send_text(client, "ping"));
    message got(receive_message, client, std::string(100, '.'));
    EXPECT_EQ(-ECONNREFUSED, finish(got.op));

    listener back;
    back.fd = backend_->make_socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(0, backend_->bind_socket(back.fd, reinterpret_cast<const sockaddr*>(&gone.address), gone.size));
    EXPECT_EQ(5, send_text(client, "again"));
    EXPECT_EQ("again", next(back.fd));
    close_all({client, back.fd});
}

TEST_P(BackendDatagrams, OneThatIsNotConnectedHearsNothingOfIt)
{
    const listener gone = bind_udp();
    const listener a = bind_udp();
    close_now(gone.fd);
    EXPECT_EQ(1, send_to(a.fd, gone, "x"));
    EXPECT_EQ(1, send_to(a.fd, a, "y"));
    EXPECT_EQ("y", next(a.fd));
    close_now(a.fd);
}

TEST_P(BackendDatagrams, OneBoundToAllAddressesIsReachedAtEach)
{
    const listener everywhere = bind_udp(INADDR_ANY);
    const listener a = bind_udp();
    listener target = everywhere;
    reinterpret_cast<sockaddr_in&>(target.address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    send_to(a.fd, target, "x");
    message got(receive_message, everywhere.fd, std::string(100, '.'));
    EXPECT_EQ(1, finish(got.from_anywhere().op));
    EXPECT_EQ(a.port(), got.peer_port());
    // Its answer comes from where it was reached.
    send_to(everywhere.fd, a, "y");
    message answer(receive_message, a.fd, std::string(100, '.'));
    EXPECT_EQ(1, finish(answer.from_anywhere().op));
    EXPECT_EQ(htonl(INADDR_LOOPBACK), reinterpret_cast<const sockaddr_in&>(answer.peer).sin_addr.s_addr);
    close_all({everywhere.fd, a.fd});
}

TEST_P(BackendDatagrams, OneOfIpv6TakesIpv4Too)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    const int probe = backend_->make_socket(AF_INET6, SOCK_DGRAM, 0);
    if (probe < 0)
        GTEST_SKIP() << "no IPv6 on this machine";
    close_now(probe);
    const listener both = bind_at(AF_INET6, &address, sizeof address);
    const listener four = bind_udp();
    sockaddr_in native{};
    native.sin_family = AF_INET;
    native.sin_port = htons(static_cast<std::uint16_t>(both.port()));
    native.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener target{.size = sizeof native};
    std::memcpy(&target.address, &native, sizeof native);
    send_to(four.fd, target, "x");
    message got(receive_message, both.fd, std::string(100, '.'));
    EXPECT_EQ(1, finish(got.from_anywhere().op));
    EXPECT_EQ(AF_INET6, got.peer.ss_family);
    EXPECT_EQ(four.port(), got.peer_port());
    listener back{.address = got.peer, .size = got.header.msg_namelen};
    EXPECT_EQ(1, send_to(both.fd, back, "y"));
    EXPECT_EQ("y", next(four.fd));
    close_all({both.fd, four.fd});
}

TEST_P(BackendDatagrams, RefusesWhatCanNotBeSent)
{
    const listener a = bind_udp();
    EXPECT_EQ(-EMSGSIZE, send_to(a.fd, a, std::string(65508, 'x')));
    EXPECT_EQ(65507, send_to(a.fd, a, std::string(65507, 'x')));
    EXPECT_EQ(-EDESTADDRREQ, send_text(a.fd, "x"));
    listener nowhere = a;
    reinterpret_cast<sockaddr_in&>(nowhere.address).sin_port = 0;
    EXPECT_EQ(-EINVAL, send_to(a.fd, nowhere, "x"));
    listener second;
    second.fd = backend_->make_socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(-EADDRINUSE, backend_->bind_socket(second.fd, reinterpret_cast<const sockaddr*>(&a.address), a.size));
    close_all({a.fd, second.fd});
}

TEST_P(BackendDatagrams, DropsWhatItsBufferCanNotHold)
{
    const listener a = bind_udp();
    for (int i = 0; i < 2000; ++i)
        EXPECT_EQ(1000, send_to(a.fd, a, std::string(1000, 'x')));
    message got(receive_message, a.fd, std::string(1000, '.'));
    EXPECT_EQ(1000, finish(got.op));
    close_now(a.fd);
}

TEST_P(BackendDatagrams, ACancelledReceiveHasTakenNothing)
{
    const listener a = bind_udp();
    message waits(receive_message, a.fd, std::string(10, '.'));
    start(waits.op);
    turn();
    backend_->cancel(waits.op);
    EXPECT_EQ(-ECANCELED, run(waits.op));
    send_to(a.fd, a, "x");
    message races(receive_message, a.fd, std::string(10, '.'));
    start(races.op);
    backend_->cancel(races.op);
    if (const std::int32_t result = run(races.op); result == -ECANCELED)
        EXPECT_EQ("x", next(a.fd));
    else
        EXPECT_EQ(1, result);
    close_now(a.fd);
}

TEST_P(BackendDatagrams, EndsWithItsBackend)
{
    auto waits = std::make_unique<message>(receive_message, bind_udp().fd, std::string(10, '.'));
    const int fd = waits->op.fd;
    start(waits->op);
    turn();
    backend_.reset();
    EXPECT_EQ(1, waits->op.completions);
    EXPECT_EQ(-ECANCELED, waits->op.result);
    if (!is_sim())
        ::close(fd);
}

} // namespace
} // namespace simul::detail
