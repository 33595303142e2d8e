// SPDX-License-Identifier: MIT
//
// A bound: the least that answers HTTP requests, over epoll. `bare_epoll FD [DELAY_MS]`; with a delay it is what the clients
// are measured with.
#include "bare.hpp"

#include <array>
#include <cstdint>
#include <ctime>
#include <deque>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t ns_per_s = 1'000 * ns_per_ms;

std::int64_t now_ns()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * ns_per_s + now.tv_nsec;
}

struct pending {
    std::int64_t due;
    int fd;
};

class server {
public:
    server(int listening, std::int64_t delay) : listening_(listening), delay_(delay)
    {
        rlimit descriptors{};
        ::getrlimit(RLIMIT_NOFILE, &descriptors);
        descriptors.rlim_cur = descriptors.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &descriptors);
        watch(listening);
    }

    [[noreturn]] void serve()
    {
        std::array<epoll_event, 128> events{};
        for (;;) {
            const int ready = wait(events);
            for (int i = 0; i < ready; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == listening_)
                    accept();
                else
                    receive(fd);
            }
            answer_due();
        }
    }

private:
    void watch(int fd) const
    {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        bench::check(::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    }

    int wait(std::array<epoll_event, 128>& events) const
    {
        const auto room = static_cast<int>(events.size());
        if (pending_.empty())
            return ::epoll_wait(poll_, events.data(), room, -1);
        const std::int64_t left = std::max<std::int64_t>(pending_.front().due - now_ns(), 0);
        const timespec most{.tv_sec = left / ns_per_s, .tv_nsec = left % ns_per_s};
        return ::epoll_pwait2(poll_, events.data(), room, &most, nullptr);
    }

    void accept()
    {
        const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (matched_.size() <= static_cast<std::size_t>(fd))
            matched_.resize(static_cast<std::size_t>(fd) + 1);
        matched_[static_cast<std::size_t>(fd)] = 0;
        watch(fd);
    }

    void receive(int fd)
    {
        std::array<char, 4096> got;
        const ssize_t size = ::recv(fd, got.data(), got.size(), 0);
        if (size <= 0) {
            ::close(fd);
            return;
        }
        unsigned requests = bench::requests_in({got.data(), static_cast<std::size_t>(size)},
                                               matched_[static_cast<std::size_t>(fd)]);
        for (; requests > 0; --requests)
            if (delay_ > 0)
                pending_.push_back({now_ns() + delay_, fd});
            else
                ::send(fd, bench::answer.data(), bench::answer.size(), MSG_NOSIGNAL);
    }

    /// Clients wait for their answers, so a descriptor is still theirs.
    void answer_due()
    {
        while (!pending_.empty() && pending_.front().due <= now_ns()) {
            ::send(pending_.front().fd, bench::answer.data(), bench::answer.size(), MSG_NOSIGNAL);
            pending_.pop_front();
        }
    }

    int listening_;
    std::int64_t delay_;
    int poll_ = ::epoll_create1(0);
    std::vector<unsigned> matched_; // by descriptor
    std::deque<pending> pending_;   // in the order in which they are due
};

} // namespace

int main(int argc, char** argv)
{
    bench::check(argc >= 2, "bare_epoll FD [DELAY_MS]");
    server(std::atoi(argv[1]), argc > 2 ? std::atoi(argv[2]) * ns_per_ms : 0).serve();
}
