// SPDX-License-Identifier: MIT
//
// The bound: a client over epoll that does nothing but ask, and look for status and end of the answer.
#include "../orders.hpp"
#include "bare.hpp"

#include <array>
#include <charconv>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

/// The size of the answer that `got` begins with; 0 while it isn't all there.
std::size_t answer_size(std::string_view got)
{
    constexpr std::string_view length = "\r\nContent-Length: ";
    const std::size_t head_end = got.find("\r\n\r\n");
    if (head_end == std::string_view::npos)
        return 0;
    const std::size_t at = got.find(length);
    if (!got.starts_with("HTTP/1.1 200 ") || at >= head_end)
        bench::orders::fail("a wrong answer");
    std::size_t body = 0;
    std::from_chars(got.data() + at + length.size(), got.data() + head_end, body);
    const std::size_t size = head_end + 4 + body;
    return got.size() < size ? 0 : size;
}

class fetching {
public:
    explicit fetching(const bench::orders& order)
        : count_(order.count), request_("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(order.port) +
                                        "\r\nAccept: */*\r\n\r\n")
    {
        for (int i = 0; i < order.concurrency; ++i)
            connect(order.port);
    }
    fetching(const fetching&) = delete;
    fetching& operator=(const fetching&) = delete;
    ~fetching()
    {
        for (const connection& each : connections_)
            ::close(each.fd);
        ::close(poll_);
    }

    void run()
    {
        std::array<epoll_event, 128> events{};
        while (answered_ < count_) {
            const int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < ready; ++i) {
                connection& at = connections_[events[static_cast<std::size_t>(i)].data.u32];
                if (!at.asked)
                    ask(at);
                else
                    receive(at);
            }
        }
    }

private:
    struct connection {
        int fd;
        bool asked = false;
        std::string got;
    };

    void connect(std::uint16_t port)
    {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int failure = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
        bench::check(failure == 0 || errno == EINPROGRESS, "connect");
        epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET,
                          .data = {.u32 = static_cast<std::uint32_t>(connections_.size())}};
        connections_.push_back({.fd = fd, .got = {}});
        ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
    }

    void ask(connection& at)
    {
        if (asked_ == count_)
            return;
        ++asked_;
        at.asked = true;
        bench::check(::send(at.fd, request_.data(), request_.size(), 0) == static_cast<ssize_t>(request_.size()), "send");
    }

    void receive(connection& at)
    {
        std::array<char, 4096> room;
        const ssize_t size = ::recv(at.fd, room.data(), room.size(), 0);
        if (size < 0 && errno == EAGAIN)
            return;
        bench::check(size > 0, "recv");
        std::string_view got(room.data(), static_cast<std::size_t>(size));
        if (!at.got.empty())
            got = at.got.append(got);
        const std::size_t used = answer_size(got);
        if (used == 0) {
            if (at.got.empty())
                at.got = got;
            return;
        }
        at.got.clear();
        ++answered_;
        ask(at);
    }

    int count_;
    int asked_ = 0;
    int answered_ = 0;
    std::string request_;
    int poll_ = ::epoll_create1(0);
    std::vector<connection> connections_;
};

} // namespace

int main(int argc, char** argv)
{
    bench::orders orders(argc, argv);
    while (orders.next()) {
        fetching all(orders);
        all.run();
        orders.done();
    }
}
