// SPDX-License-Identifier: MIT
#include "run/process/server_process.hpp"

#include "run/process/code_address.hpp"
#include "run/process/new_program.hpp"
#include "run/process/server.hpp"

#include <simul/base/error.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace simul::detail {
namespace {

/// A copy of this process that becomes the server. A pid, or minus an errno.
pid_t fork_server(unique_fd& socket) noexcept
{
    std::fflush(nullptr);
    const pid_t pool = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0)
        return -errno;
    if (pid > 0)
        return pid;
    for (int number = 1; number < NSIG; ++number)
        std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setpgid(0, 0);
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(socket.release(), role_socket);
    ::fcntl(role_socket, F_SETFD, FD_CLOEXEC);
    ::close_range(role_socket + 1, ~0u, 0);
    run_server(unique_fd(role_socket), pool);
}

} // namespace

server_process::server_process(start_method method, int memory, int bell, std::uint64_t memory_limit)
{
    auto [ours, theirs] = make_message_pair();
    socket_ = std::move(ours);
    if (method == start_method::fork) {
        pid_ = fork_server(theirs);
    } else {
        if (!can_take_role())
            throw error(std::errc::operation_not_supported,
                        "process_pool: simul is not a part of this program, but of a library that it has loaded, so "
                        "new workers would "
                        "run the program's main: use .start = simul::start_method::fork");
        const int files[] = {theirs.get()};
        pid_ = start_program("server", files, 1);
    }
    if (pid_ < 0)
        throw error::from_errno(-pid_, "process_pool: starting its server");
    pidfd_ = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));

    message hello{.kind = message_kind::hello, .spawns = method == start_method::spawn, .memory_limit = memory_limit};
    hello.build = program_build();
    const int files[] = {memory, bell};
    send_message(socket_.get(), hello, files); // if it is gone, that will be seen
}

server_process::~server_process()
{
    ::shutdown(socket_.get(), SHUT_RDWR); // reaches also a copy that a forked child of ours may hold
    constexpr duration patience = std::chrono::seconds(5);
    if (!wait_for_end(pidfd_.get(), patience))
        ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void server_process::start_worker(unsigned seat, unsigned life, int workers_socket) noexcept
{
    const int files[] = {workers_socket};
    send_message(socket_.get(), {.kind = message_kind::start, .seat = seat, .life = life}, files);
}

void kill_process(int pidfd) noexcept
{
    ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

bool wait_for_end(int pidfd, duration limit) noexcept
{
    const time_point until = clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
        pollfd watched{pidfd, POLLIN, 0};
        const int found = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (found > 0)
            return true;
        if (found == 0)
            return false;
    }
}

} // namespace simul::detail
