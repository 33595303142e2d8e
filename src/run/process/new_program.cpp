// SPDX-License-Identifier: MIT
#include "run/process/new_program.hpp"

#include "run/process/code_address.hpp"
#include "run/process/server.hpp"
#include "run/process/start_process.hpp"
#include "run/process/worker.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#ifdef simul_EXPORTS
#include <dlfcn.h>
#endif

namespace simul::detail {

pid_t start_program(const std::string& role, std::span<const int> files, int own_group) noexcept
{
    std::vector<int> all = {no_file, STDOUT_FILENO, STDERR_FILENO};
    all.insert(all.end(), files.begin(), files.end());
    std::string variable = std::string(role_variable) + "=" + role;
    std::vector<char*> environment;
    for (char** each = environ; *each; ++each)
        environment.push_back(*each);
    environment.push_back(variable.data());
    environment.push_back(nullptr);
    char* arguments[] = {program_invocation_name, nullptr};
    return start_process({.program = "/proc/self/exe",
                          .arguments = arguments,
                          .environment = environment.data(),
                          .files = all,
                          .group = own_group != 0 ? new_group::group : new_group::none});
}

// ---- the new program's side

namespace {

enum class role : std::uint8_t { none, server, worker };

constinit role ours = role::none;
constinit worker_setup as_worker;

bool is_our_socket() noexcept
{
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(role_socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

unique_fd own(int fd) noexcept
{
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return unique_fd(fd);
}

/// Before all else, so that programs which global objects or jobs start inherit neither role nor descriptors.
[[gnu::constructor(101)]] void find_role() noexcept
{
    const char* const text = std::getenv(role_variable);
    if (!text || !is_our_socket())
        return;
    const bool is_worker =
        std::sscanf(text, "worker %u %d %lu", &as_worker.seat, &as_worker.server, &as_worker.memory_limit) == 3;
    ours = is_worker ? role::worker : role::server;
    as_worker.socket = own(role_socket);
    if (is_worker) {
        as_worker.memory = own(role_memory);
        as_worker.bell = own(role_bell);
    }
    ::unsetenv(role_variable);
}

/// What a server or a worker does instead of main. Returns in any other program.
void take_role() noexcept
{
    if (ours == role::server)
        run_server(std::move(as_worker.socket), ::getppid());
    if (ours == role::worker)
        run_worker(std::move(as_worker));
}

} // namespace

bool has_role() noexcept
{
    return ours != role::none;
}

} // namespace simul::detail

// Jobs may use global objects, so a server begins when all of them are made. That is when main would begin, and main is
// what must not run.
#ifdef simul_EXPORTS

// In a shared library: our own __libc_start_main is found before that of libc, and gives it another main.
namespace {

bool started_here = false;
int (*users_main)(int, char**, char**) = nullptr;

int main_or_role(int argc, char** argv, char** envp)
{
    simul::detail::take_role();
    return users_main(argc, argv, envp);
}

} // namespace

extern "C" [[gnu::visibility("default")]] int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv,
                                                                void (*init)(), void (*fini)(), void (*rtld_fini)(),
                                                                void* stack_end)
{
    users_main = main;
    started_here = true;
    const auto real = reinterpret_cast<decltype(&__libc_start_main)>(::dlsym(RTLD_NEXT, "__libc_start_main"));
    return real(main_or_role, argc, argv, init, fini, rtld_fini, stack_end);
}

bool simul::detail::can_take_role() noexcept
{
    return started_here;
}

#else

// Linked into the program: one of its initialisers is ours. It runs those that would come after it, then takes its
// role. What it needs to know is given by the linker, to programs; in a shared object there is nothing to run, and no
// role.
using initializer = void (*)(int, char**, char**);
extern "C" {
[[gnu::visibility("hidden"), gnu::weak]] extern const initializer __init_array_start[];
[[gnu::visibility("hidden"), gnu::weak]] extern const initializer __init_array_end[];
}

namespace {

[[gnu::constructor]] void initialize_then_take_role(int argc, char** argv, char** envp)
{
    if (!simul::detail::has_role())
        return;
    const initializer* next = __init_array_start;
    while (next != __init_array_end && *next != initialize_then_take_role)
        ++next;
    if (next == __init_array_end)
        return;
    while (++next != __init_array_end)
        (*next)(argc, argv, envp);
    simul::detail::take_role();
}

} // namespace

bool simul::detail::can_take_role() noexcept
{
    return is_in_program(reinterpret_cast<std::uintptr_t>(&initialize_then_take_role));
}

#endif
