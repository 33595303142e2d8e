// SPDX-License-Identifier: MIT
#include "this_machine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>

namespace simul::detail {

std::string host_name()
{
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0')
        return "localhost";
    return name.data();
}

int process_id() noexcept
{
    return ::getpid();
}

resource_usage usage_of_process() noexcept
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return {seconds(used.ru_utime), seconds(used.ru_stime), used.ru_maxrss};
}

} // namespace simul::detail
