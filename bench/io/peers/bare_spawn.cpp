// SPDX-License-Identifier: MIT
//
// The bound: posix_spawn and waitid, which wait while nothing else could go on.
#include "../../program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

void wait_for(pid_t pid)
{
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
}

/// How long it takes until the program is started.
double spawn_and_wait()
{
    char name[] = "/bin/true";
    char* arguments[] = {name, nullptr};
    pid_t pid = 0;
    const double spent = bench::timed([&] { ::posix_spawn(&pid, name, nullptr, nullptr, arguments, environ); });
    wait_for(pid);
    return spent;
}

std::string keep_output()
{
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
        return {};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    char name[] = "/bin/echo";
    char word[] = "hello";
    char* arguments[] = {name, word, nullptr};
    pid_t pid = 0;
    ::posix_spawn(&pid, name, &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(fds[1]);
    std::string all;
    char piece[4096];
    for (ssize_t size = 0; (size = ::read(fds[0], piece, sizeof piece)) > 0;)
        all.append(piece, static_cast<std::size_t>(size));
    ::close(fds[0]);
    wait_for(pid);
    return all;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const auto many = [](auto&& one) {
        return [&](long n) {
            return bench::timed([&] {
                       for (long i = 0; i < n; ++i)
                           one();
                   }) /
                   1000;
        };
    };
    program.figure("subprocess_spawn", 1000, many(spawn_and_wait));
    program.figure("subprocess_output", 1000, many([] { bench::keep(keep_output()); }));
    program.figure("subprocess_start", 1000, [](long n) {
        double spent = 0;
        for (long i = 0; i < n; ++i)
            spent += spawn_and_wait();
        return spent / 1000;
    });
}
