// SPDX-License-Identifier: MIT
#include "child_process.hpp"

#include "run/backend/system.hpp"
#include "run/loop_parts.hpp"

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/run/loop.hpp>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <new>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace simul::detail {
namespace {

constexpr unsigned to_its_group = 1U << 2; // PIDFD_SIGNAL_PROCESS_GROUP, since Linux 6.9

/// -ECHILD: somebody else has reaped it. 0: it runs on.
int wait_for(idtype_t what, int id, int flags, siginfo_t& info) noexcept
{
    info = {};
    int result = 0;
    do
        result = ::waitid(what, static_cast<id_t>(id), &info, WEXITED | flags);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : info.si_pid;
}

/// Children that have outlived their loops.
class left_behind {
public:
    void add(unique_fd child)
    {
        const std::lock_guard lock(mutex_);
        children_.push_back(std::move(child));
    }
    void reap_ended() noexcept
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(children_, [](const unique_fd& each) {
            siginfo_t info;
            return wait_for(P_PIDFD, each.get(), WNOHANG, info) != 0;
        });
    }

private:
    std::mutex mutex_;
    std::vector<unique_fd> children_;
};

left_behind& those_left_behind()
{
    static left_behind* const all = new left_behind; // never destroyed: loops may end after main
    return *all;
}

} // namespace

std::shared_ptr<child_process> child_process::start(const process_setup& wanted)
{
    auto made = std::make_shared<child_process>(only_here(), wanted);
    if (made->fd >= 0)
        made->poll(made);
    return made;
}

child_process::child_process(only_here, const process_setup& wanted)
    : loop_resource(loop::current()), name_(wanted.program), has_group_(wanted.group != new_group::none)
{
    those_left_behind().reap_ended();
    kind = operation_kind::poll;
    flags = POLLIN;
    complete = [](operation& ended) noexcept { static_cast<child_process&>(ended).polled(); };

    const pid_t pid = start_process(wanted);
    if (pid < 0)
        throw error::from_errno(-pid, "start " + name_);
    pid_ = pid;
    open_pidfd();
}

/// Its number can't be another's yet: it is reaped here, or by who should not have.
void child_process::open_pidfd()
{
    fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (fd >= 0)
        return;
    const int problem = errno;
    siginfo_t info;
    if (problem != ESRCH) {
        ::kill(pid_, SIGKILL);
        wait_for(P_PID, pid_, 0, info);
        throw error::from_errno(problem, "start " + name_);
    }
    status_ = {.code = 255, .lost = true}; // it has ended already, and SIGCHLD is ignored
    ended_.set();
}

child_process::~child_process()
{
    if (fd < 0)
        return;
    if (home())
        home()->internals().io->close_now(fd);
    else
        ::close(fd);
}

void child_process::check_loop(const char* operation) const
{
    if (home() && executor::current() != home())
        throw invalid_state(std::string(operation) + ": " + name_ + " was started by another loop");
}

std::optional<exit_status> child_process::status() const noexcept
{
    return ended_.is_set() ? std::optional(status_) : std::nullopt;
}

// ---- its end

void child_process::poll(std::shared_ptr<child_process> self) noexcept
{
    self_ = std::move(self);
    home()->internals().io->start(*this);
}

void child_process::polled() noexcept
{
    auto self = std::move(self_);
    if (ended_.is_set() || !home())
        return;
    if (!reap(false))
        return poll_later(std::move(self));
    if (status_.lost)
        home()->report(
            {name_ + ": how it ended is lost: SIGCHLD is ignored, or somebody waits for all children", {}, {}, {}, {}});
    ended_.set();
}

/// The system was short of something.
void child_process::poll_later(std::shared_ptr<child_process> self) noexcept
{
    try {
        home()->call_later(std::chrono::milliseconds(20), [self] { self->poll(self); });
    } catch (const std::bad_alloc&) {
        poll(std::move(self));
    }
}

/// False: it runs on.
bool child_process::reap(bool wait) noexcept
{
    siginfo_t info;
    const int found = wait_for(P_PIDFD, fd, wait ? 0 : WNOHANG, info);
    if (found == 0)
        return false;
    if (found < 0)
        status_ = {.code = 255, .lost = true};
    else if (info.si_code == CLD_EXITED)
        status_ = {.code = info.si_status};
    else
        status_ = {.code = -info.si_status, .signal = info.si_status};
    return true;
}

// ---- signals

/// A negated errno; -ESRCH when nobody is left.
int child_process::send(int number, unsigned flags) const noexcept
{
    if (fd < 0)
        return -ESRCH;
    return ::syscall(SYS_pidfd_send_signal, fd, number, nullptr, flags) < 0 ? -errno : 0;
}

bool child_process::send_signal(int number)
{
    if (ended_.is_set())
        return false;
    const int sent = send(number, 0);
    if (sent < 0 && sent != -ESRCH)
        throw error::from_errno(-sent, "signal " + std::to_string(number) + " to " + name_);
    return sent == 0;
}

bool child_process::signal_group(int number)
{
    if (!has_group_)
        throw invalid_state("signal_group: " + name_ +
                            " is in our own process group; start it with .group = process_group::own");
    int sent = send(number, to_its_group);
    if (sent == -EINVAL) // an older kernel; the number is the group's at least as long as the child isn't reaped
        sent = ended_.is_set() ? -ESRCH : ::kill(-pid_, number) < 0 ? -errno : 0;
    if (sent < 0 && sent != -ESRCH)
        throw error::from_errno(-sent, "signal " + std::to_string(number) + " to the group of " + name_);
    return sent == 0;
}

/// False: it became another user's, who doesn't let us.
bool child_process::kill_now() noexcept
{
    if (has_group_ && send(SIGKILL, to_its_group) == -EINVAL)
        ::kill(-pid_, SIGKILL);
    return send(SIGKILL, 0) != -EPERM; // it may have left its group
}

void child_process::abandon() noexcept
{
    if (home() && !ended_.is_set() && !detached_ && !home()->internals().forked)
        kill_now();
}

void child_process::loop_closes() noexcept
{
    loop::parts& parts = home()->internals();
    if (parts.forked || ended_.is_set()) // in a forked process it is not our child
        return;
    if (self_)
        parts.io->cancel(*this);
    if (detached_ || !kill_now()) {
        try {
            those_left_behind().add(unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)));
        } catch (const std::bad_alloc&) { // then init reaps it, after us
        }
        return;
    }
    reap(true);
    ended_.set();
}

} // namespace simul::detail
