// SPDX-License-Identifier: MIT
#include "os_thread.hpp"

#include <csignal>
#include <pthread.h>

namespace simul::detail {
namespace {

void set_name(pthread_t of, const std::string& name) noexcept
{
    constexpr std::size_t longest = 15;
    char text[longest + 1] = {};
    name.copy(text, longest);
    pthread_setname_np(of, text);
}

} // namespace

void name_this_thread(const std::string& name) noexcept
{
    set_name(pthread_self(), name);
}

void name_thread(std::thread& running, const std::string& name) noexcept
{
    set_name(running.native_handle(), name);
}

std::thread start_without_signals(void (*run)(void*), void* with)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // a new thread inherits the mask
    struct restore {
        const sigset_t& mask;
        ~restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } const restored{before};
    return std::thread(run, with);
}

void in_forked_children(void (*call)())
{
    pthread_atfork(nullptr, nullptr, call);
}

} // namespace simul::detail
