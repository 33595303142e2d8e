// SPDX-License-Identifier: MIT
//
// What the tests of the backends share: an operation that counts its completions, and a fixture that runs a backend.
#pragma once

#include "run/backend/backend.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace simul::detail {

struct listener {
    int fd = -1;
    sockaddr_storage address{};
    socklen_t size = sizeof address;

    int port() const { return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port); }
};

struct call : operation {
    int completions = 0;
    void (*then)(call&) = nullptr; ///< what to do on completion
    void* context = nullptr;

    explicit call(operation_kind what, int descriptor, int wanted_flags = 0)
    {
        kind = what;
        fd = descriptor;
        flags = wanted_flags;
        complete = [](operation& op) noexcept {
            auto& self = static_cast<call&>(op);
            ++self.completions;
            if (self.then)
                self.then(self);
        };
    }

    call(operation_kind what, int descriptor, void* where, std::size_t how_much, std::int64_t at = -1)
        : call(what, descriptor)
    {
        data = where;
        size = how_much;
        offset = at;
    }

    call(operation_kind what, int descriptor, std::string& text, std::int64_t at = -1)
        : call(what, descriptor, text.data(), text.size(), at)
    {
    }

    call(operation_kind what, int descriptor, const listener& whom) : call(what, descriptor)
    {
        address = const_cast<sockaddr*>(reinterpret_cast<const sockaddr*>(&whom.address));
        address_length = whom.size;
    }

    call(const call&) = delete;

    bool done() const { return completions > 0; }
};

struct pipe_ends {
    int reading = -1;
    int writing = -1;
};

class backend_test : public testing::TestWithParam<backend_kind> {
protected:
    backend_test() : backend_(make_backend(GetParam())) { backend_->enter_thread(); }

    bool is_sim() const { return GetParam() == backend_kind::sim; }

    void start(call& op) { backend_->start(op); }

    /// Everything that can happen without waiting.
    void turn()
    {
        for (int i = 0; i < 3; ++i) {
            backend_->wait(time_point::min());
            backend_->dispatch();
        }
    }

    /// Runs until a started operation has ended; returns its result.
    std::int32_t run(call& op)
    {
        const auto give_up = clock::now() + std::chrono::seconds(20);
        while (!op.done()) {
            if (clock::now() > give_up ||
                !backend_->wait(is_sim() ? never : backend_->now() + std::chrono::seconds(1))) {
                ADD_FAILURE() << "the operation never ends";
                std::abort(); // the kernel may still write to it
            }
            backend_->dispatch();
        }
        EXPECT_EQ(1, op.completions);
        return op.result;
    }

    std::int32_t finish(call& op)
    {
        if (op.state == 0)
            start(op);
        return run(op);
    }

    std::int32_t put_text(operation_kind kind, int fd, std::string text, std::int64_t at = -1)
    {
        call op(kind, fd, text, at);
        return finish(op);
    }

    std::string get_text(operation_kind kind, int fd, std::size_t size, std::int64_t at = -1)
    {
        std::string text(size, '.');
        call op(kind, fd, text, at);
        const std::int32_t result = finish(op);
        EXPECT_GE(result, 0) << std::strerror(-result);
        text.resize(static_cast<std::size_t>(std::max(result, 0)));
        return text;
    }

    std::int32_t write_text(int fd, std::string text, std::int64_t at = -1)
    {
        return put_text(operation_kind::write, fd, std::move(text), at);
    }
    std::int32_t send_text(int fd, std::string text) { return put_text(operation_kind::send, fd, std::move(text)); }
    std::string read_text(int fd, std::size_t size, std::int64_t at = -1)
    {
        return get_text(operation_kind::read, fd, size, at);
    }
    std::string receive_text(int fd, std::size_t size) { return get_text(operation_kind::receive, fd, size); }

    int open_file(const std::string& path, int flags)
    {
        call op(operation_kind::open, -1, flags);
        op.path = path.c_str();
        op.mode = 0600;
        return finish(op);
    }

    /// A path at which there is nothing; removed after the test.
    std::string fresh_path()
    {
        paths_.push_back(testing::TempDir() + "simul_backend_" + std::to_string(::getpid()) + "_" +
                         std::to_string(paths_.size()));
        ::unlink(paths_.back().c_str());
        return paths_.back();
    }

    pipe_ends make_pipe()
    {
        int fds[2];
        EXPECT_EQ(0, backend_->make_pipe(fds));
        return {fds[0], fds[1]};
    }

    std::pair<int, int> make_pair()
    {
        int fds[2];
        EXPECT_EQ(0, backend_->socket_pair(AF_UNIX, SOCK_STREAM, 0, fds));
        return {fds[0], fds[1]};
    }

    listener listen_at(int domain, const void* address, socklen_t size, int backlog)
    {
        listener made;
        made.fd = backend_->make_socket(domain, SOCK_STREAM, 0);
        EXPECT_EQ(0, backend_->bind_socket(made.fd, static_cast<const sockaddr*>(address), size));
        EXPECT_EQ(0, backend_->listen_socket(made.fd, backlog));
        EXPECT_EQ(0, backend_->socket_name(made.fd, reinterpret_cast<sockaddr*>(&made.address), &made.size));
        return made;
    }

    listener listen_tcp(int backlog = 16)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return listen_at(AF_INET, &address, sizeof address, backlog);
    }

    listener listen_unix(const std::string& path, int backlog)
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        return listen_at(AF_UNIX, &address, sizeof address, backlog);
    }

    void close_now(int fd) { backend_->close_now(fd); }
    void close_all(const std::vector<int>& fds)
    {
        for (const int fd : fds)
            close_now(fd);
    }

    void TearDown() override
    {
        for (const std::string& path : paths_)
            ::unlink(path.c_str());
    }

    std::unique_ptr<backend> backend_;

private:
    std::vector<std::string> paths_;
};

/// Asks once: each ring that is made keeps the kernel busy for a while after it is gone, and every test is a process.
inline bool uring_is_allowed()
{
    static const bool allowed = [] {
        try {
            make_backend(backend_kind::uring);
            return true;
        } catch (const error&) {
            return false;
        }
    }();
    return allowed;
}

inline std::vector<backend_kind> available_backends(bool with_sim)
{
    std::vector<backend_kind> kinds{backend_kind::epoll};
    if (uring_is_allowed())
        kinds.push_back(backend_kind::uring);
    if (with_sim)
        kinds.push_back(backend_kind::sim);
    return kinds;
}

inline std::string name_of_parameter(const testing::TestParamInfo<backend_kind>& info)
{
    switch (info.param) {
    case backend_kind::uring:
        return "uring";
    case backend_kind::epoll:
        return "epoll";
    case backend_kind::sim:
        return "sim";
    default:
        return "automatic";
    }
}

} // namespace simul::detail
