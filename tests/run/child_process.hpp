// SPDX-License-Identifier: MIT
//
// For tests of what a process does as a whole: end by a signal, fork.
#pragma once

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace simul_test {

/// What became of a child process that ran `work`, which returns its exit code: that code, or minus the signal that ended
/// it. A child that hangs is ended by SIGALRM.
template <class Work> int outcome_of_child(const Work& work)
{
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(30);
        std::signal(SIGINT, SIG_DFL); // a shell may start background jobs with SIGINT ignored
        int code = 99;
        try {
            code = work();
        } catch (const std::exception& e) {
            std::fprintf(stderr, "the child failed: %s\n", e.what());
            code = 98;
        } catch (...) {
            code = 97;
        }
        std::fflush(nullptr);
        ::_exit(code);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace simul_test
