// SPDX-License-Identifier: MIT
#include "run/process/server.hpp"

#include "run/process/code_address.hpp"
#include "run/process/message.hpp"
#include "run/process/new_program.hpp"
#include "run/process/worker.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace simul::detail {
namespace {

class server {
public:
    server(unique_fd socket, pid_t pool)
        : socket_(std::move(socket)), pool_(static_cast<int>(::syscall(SYS_pidfd_open, pool, 0)))
    {
        if (pool_.get() < 0)
            end(); // it is gone already
    }

    [[noreturn]] void run()
    {
        greet();
        for (;;) {
            std::vector<pollfd> watched{{socket_.get(), POLLIN, 0}, {pool_.get(), POLLIN, 0}};
            for (const child& each : children_)
                watched.push_back({each.pidfd.get(), POLLIN, 0});
            if (::poll(watched.data(), watched.size(), -1) < 0)
                continue;
            if (watched[1].revents != 0)
                end();
            for (std::size_t i = children_.size(); i > 0; --i)
                if (watched[i + 1].revents != 0)
                    bury(i - 1);
            if (watched[0].revents != 0)
                obey();
        }
    }

private:
    struct child {
        unique_fd pidfd;
        message tells; ///< what is said when it ends, but for how
    };

    void greet()
    {
        received hello = receive_message(socket_.get(), true);
        if (hello.what != received::result::message)
            end();
        hello_ = hello.content;
        memory_ = std::move(hello.files[0]);
        bell_ = std::move(hello.files[1]);
        if (hello_.build != program_build()) {
            send_message(socket_.get(), {.kind = message_kind::stranger});
            end();
        }
    }

    void obey()
    {
        received order = receive_message(socket_.get(), true);
        if (order.what != received::result::message)
            end();
        message reply = order.content;
        reply.kind = message_kind::started;
        reply.pid = hello_.spawns ? spawn_worker(order) : fork_worker(order);
        unique_fd pidfd;
        if (reply.pid > 0)
            pidfd = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, reply.pid, 0)));
        if (pidfd.get() < 0) {
            reply.kind = message_kind::not_started;
            reply.number = reply.pid < 0 ? -reply.pid : errno;
            if (reply.pid > 0) {
                ::kill(reply.pid, SIGKILL);
                ::waitpid(reply.pid, nullptr, 0);
            }
            send_message(socket_.get(), reply);
            return;
        }
        const int files[] = {pidfd.get()};
        send_message(socket_.get(), reply, files);
        children_.push_back({std::move(pidfd), reply});
    }

    /// A pid, or minus an errno.
    int fork_worker(received& order)
    {
        std::fflush(nullptr);
        const pid_t server = ::getpid();
        const pid_t pid = ::fork();
        if (pid < 0)
            return -errno;
        if (pid > 0)
            return pid;
        // Of the server's descriptors the worker keeps what its work takes. Those that the program's global objects
        // opened stay open.
        socket_ = unique_fd();
        pool_ = unique_fd();
        children_.clear();
        run_worker({std::move(order.files[0]), std::move(memory_), std::move(bell_), order.content.seat, server,
                    hello_.memory_limit});
    }

    int spawn_worker(received& order)
    {
        const std::string role = "worker " + std::to_string(order.content.seat) + " " + std::to_string(::getpid()) +
                                 " " + std::to_string(hello_.memory_limit);
        const int files[] = {order.files[0].get(), memory_.get(), bell_.get()};
        return start_program(role, files, 0);
    }

    void bury(std::size_t index)
    {
        siginfo_t how{};
        // The descriptor says that it has ended, so this doesn't wait.
        if (::waitid(P_PIDFD, static_cast<id_t>(children_[index].pidfd.get()), &how, WEXITED) < 0)
            how.si_status = SIGKILL;
        message& news = children_[index].tells;
        news.kind = message_kind::ended;
        news.by_signal = how.si_code != CLD_EXITED;
        news.number = how.si_status;
        send_message(socket_.get(), news);
        children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    }

    [[noreturn]] void end()
    {
        for (const child& each : children_)
            ::syscall(SYS_pidfd_send_signal, each.pidfd.get(), SIGKILL, nullptr, 0);
        for (const child& each : children_)
            ::waitid(P_PIDFD, static_cast<id_t>(each.pidfd.get()), nullptr, WEXITED);
        ::_exit(0);
    }

    unique_fd socket_;
    unique_fd pool_;
    unique_fd memory_;
    unique_fd bell_;
    message hello_;
    std::vector<child> children_;
};

} // namespace

void run_server(unique_fd socket, pid_t pool) noexcept
{
    ::prctl(PR_SET_NAME, "simul-server");
    server(std::move(socket), pool).run();
}

} // namespace simul::detail
