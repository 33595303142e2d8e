// SPDX-License-Identifier: MIT
//
// The load that every echo server gets: a client in a process of its own sends 64 bytes on each of n connections, and again
// when they have come back. So what differs is the server alone.
//
//     bench::echo_program(argc, argv, [](int listening) { serve for ever on one thread });
#pragma once

#include "../program.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bench {

inline void check(bool well, const char* what)
{
    if (!well) {
        std::perror(what);
        std::_Exit(1);
    }
}

inline int listening_socket()
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(fd, 1024) == 0, "listen");
    return fd;
}

/// Runs a server in a process of its own while it exists.
class server_process {
public:
    explicit server_process(auto serve) : listening_(listening_socket())
    {
        socklen_t size = sizeof address_;
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address_), &size);
        pid_ = ::fork();
        check(pid_ >= 0, "fork");
        if (pid_ == 0) {
            serve(listening_);
            std::_Exit(0);
        }
        ::close(listening_);
    }
    server_process(const server_process&) = delete;
    ~server_process()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    int connect() const
    {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        check(::connect(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0, "connect");
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }
    int pid() const { return pid_; }

private:
    int listening_;
    int pid_;
    sockaddr_in address_{};
};

/// `count` round trips in all; returns the time that they took, in ns.
inline double round_trips(const server_process& server, int connections, long count)
{
    std::array<char, 64> message{};
    message.fill('x');
    std::vector<int> fds;
    const int poll = ::epoll_create1(0);
    for (int i = 0; i < connections; ++i) {
        fds.push_back(server.connect());
        epoll_event event{.events = EPOLLIN, .data = {.fd = fds.back()}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fds.back(), &event);
    }
    long left = count;
    long in_flight = 0;
    const auto send = [&](int fd) {
        check(::send(fd, message.data(), message.size(), 0) == static_cast<ssize_t>(message.size()), "send");
        --left;
        ++in_flight;
    };
    std::array<epoll_event, 128> events{};
    const double time = timed([&] {
        for (const int fd : fds)
            if (left > 0)
                send(fd);
        while (in_flight > 0) {
            const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10'000);
            check(ready > 0, "no answer");
            for (int i = 0; i < ready; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                std::array<char, 64> got{};
                const ssize_t size = ::recv(fd, got.data(), got.size(), MSG_WAITALL);
                check(size == static_cast<ssize_t>(got.size()), "recv");
                --in_flight;
                if (left > 0)
                    send(fd);
            }
        }
    });
    for (const int fd : fds)
        ::close(fd);
    ::close(poll);
    return time;
}

/// CPU time that a process has used, in ns.
inline double cpu_ns(int pid)
{
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        return 0;
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

/// Resident bytes of another process.
inline double resident_of(int pid)
{
    long pages = 0;
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/statm", pid);
    if (std::FILE* const statm = std::fopen(path, "r")) {
        if (std::fscanf(statm, "%*d %ld", &pages) != 1)
            pages = 0;
        std::fclose(statm);
    }
    return static_cast<double>(pages) * 4096;
}

/// The figures of an echo server.
int echo_program(int argc, char** argv, auto serve)
{
    program program(argc, argv);
    const auto us = [](double ns) { return ns / 1000; };
    program.figure("echo_1", 40'000, [&](long n) { return us(round_trips(server_process(serve), 1, n)); });
    program.figure("echo_100", 200'000, [&](long n) { return us(round_trips(server_process(serve), 100, n)); });
    program.figure("echo_100_cpu", 200'000, [&](long n) {
        const server_process server(serve);
        round_trips(server, 100, n / 10);
        const double before = cpu_ns(server.pid());
        round_trips(server, 100, n);
        return us(cpu_ns(server.pid()) - before);
    });
    program.figure("connection_bytes", 10'000, [&](long n) {
        rlimit descriptors{};
        ::getrlimit(RLIMIT_NOFILE, &descriptors);
        descriptors.rlim_cur = descriptors.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &descriptors);
        const server_process server(serve);
        round_trips(server, 100, 1000);
        const double before = resident_of(server.pid());
        std::vector<int> idle;
        for (long i = 0; i < n; ++i) {
            idle.push_back(server.connect());
            char byte = 'x';
            check(::send(idle.back(), &byte, 1, 0) == 1 && ::recv(idle.back(), &byte, 1, 0) == 1,
                  "one byte"); // it is served
        }
        const double grown = resident_of(server.pid()) - before;
        for (const int fd : idle)
            ::close(fd);
        return grown;
    });
    return 0;
}

} // namespace bench
