// SPDX-License-Identifier: MIT
#include "signal_routes.hpp"
#include "loop_parts.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::detail {
namespace {

constexpr int last_signal = 64;

struct route {
    std::atomic<loop::parts*> to{nullptr};
    std::atomic<int> handlers_inside{0}; ///< an unroute waits for them, so that no handler uses a loop that is gone
    struct sigaction before {};
};

std::array<route, last_signal + 1> routes;

void on_signal(int number) noexcept
{
    const int saved = errno;
    route& r = routes[static_cast<std::size_t>(number)];
    r.handlers_inside.fetch_add(1);
    if (loop::parts* const to = r.to.load()) {
        to->pending_signals.fetch_or(std::uint64_t{1} << (number - 1), std::memory_order_seq_cst);
        to->wake_if_sleeping();
    }
    r.handlers_inside.fetch_sub(1);
    errno = saved;
}

int set_action(int number, int more_flags, struct sigaction* before) noexcept
{
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | more_flags;
    sigfillset(&action.sa_mask);
    return ::sigaction(number, &action, before);
}

} // namespace

void route_signal(int number, loop::parts& to)
{
    if (number < 1 || number > last_signal)
        throw error(std::errc::invalid_argument, "on_signal: there is no signal " + std::to_string(number));
    if (number == SIGKILL || number == SIGSTOP)
        throw error(std::errc::invalid_argument, "on_signal: signal " + std::to_string(number) + " can't be caught");
    route& r = routes[static_cast<std::size_t>(number)];
    loop::parts* present = nullptr;
    if (!r.to.compare_exchange_strong(present, &to)) {
        if (present == &to) { // again, for one that may have been handled only once
            set_action(number, 0, nullptr);
            return;
        }
        throw error(std::errc::device_or_resource_busy,
                    "on_signal: another loop handles signal " + std::to_string(number));
    }
    if (set_action(number, 0, &r.before) != 0) {
        r.to = nullptr;
        throw error::from_errno(errno, "on_signal");
    }
}

void handle_only_once(int number) noexcept
{
    set_action(number, static_cast<int>(SA_RESETHAND), nullptr);
}

void unroute_signal(int number) noexcept
{
    route& r = routes[static_cast<std::size_t>(number)];
    ::sigaction(number, &r.before, nullptr);
    r.to = nullptr;
    while (r.handlers_inside.load() != 0) {
    }
}

bool in_main_thread() noexcept
{
    return ::getpid() == static_cast<pid_t>(::syscall(SYS_gettid));
}

bool has_default_action(int number) noexcept
{
    struct sigaction now {};
    return ::sigaction(number, nullptr, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

void take_default_action(int number) noexcept
{
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(number);
}

} // namespace simul::detail
