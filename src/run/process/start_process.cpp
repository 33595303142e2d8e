// SPDX-License-Identifier: MIT
#include "run/process/start_process.hpp"

#include "run/backend/system.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace simul::detail {
namespace {

/// posix_spawn's, which may run out of memory at any line: the first problem is kept.
class spawn_plan {
public:
    spawn_plan() noexcept
    {
        note(::posix_spawn_file_actions_init(&actions));
        note(::posix_spawnattr_init(&attributes));
    }
    spawn_plan(const spawn_plan&) = delete;
    ~spawn_plan()
    {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }

    void note(int result) noexcept
    {
        if (problem == 0)
            problem = result;
    }

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    int problem = 0;
};

} // namespace

pid_t start_process(const process_setup& wanted)
{
    spawn_plan plan;
    const int count = static_cast<int>(wanted.files.size());
    std::vector<unique_fd> copies;
    for (int to = 0; to < count; ++to) {
        int from = wanted.files[static_cast<std::size_t>(to)];
        if (from == no_file) {
            plan.note(::posix_spawn_file_actions_addopen(&plan.actions, to, "/dev/null", O_RDWR, 0));
            continue;
        }
        if (from == to) {
            const int flags = ::fcntl(from, F_GETFD);
            if (flags < 0 || (flags & FD_CLOEXEC) == 0) // closed, or open, here and there
                continue;
        } else if (from < count) { // it may be overwritten before its turn
            unique_fd copy(::fcntl(from, F_DUPFD_CLOEXEC, count));
            from = copy.get();
            if (from < 0)
                return -errno;
            copies.push_back(std::move(copy));
        }
        plan.note(::posix_spawn_file_actions_adddup2(&plan.actions, from, to)); // to itself: no more close-on-exec
    }
    plan.note(::posix_spawn_file_actions_addclosefrom_np(&plan.actions, count));
    if (wanted.directory)
        plan.note(::posix_spawn_file_actions_addchdir_np(&plan.actions, wanted.directory));

    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&plan.attributes, &none);
    ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
    ::posix_spawnattr_setpgroup(&plan.attributes, 0);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (wanted.group == new_group::group)
        flags |= POSIX_SPAWN_SETPGROUP;
    if (wanted.group == new_group::session)
        flags |= POSIX_SPAWN_SETSID;
    plan.note(::posix_spawnattr_setflags(&plan.attributes, static_cast<short>(flags)));

    pid_t pid = 0;
    if (plan.problem == 0)
        plan.note(::posix_spawnp(&pid, wanted.program, &plan.actions, &plan.attributes, wanted.arguments,
                                 wanted.environment));
    return plan.problem == 0 ? pid : -plan.problem;
}

} // namespace simul::detail
