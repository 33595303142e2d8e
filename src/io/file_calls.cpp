// SPDX-License-Identifier: MIT
#include "file_calls.hpp"

#include "run/backend/sim_world.hpp"
#include "run/loop_parts.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace simul::detail {

void check_path(std::string_view operation, const std::string& path)
{
    if (path.find('\0') != std::string::npos)
        throw error(std::errc::invalid_argument,
                    std::string(operation) + " " + path.c_str() + "...: the path has a zero byte in it");
}

std::int32_t checked(std::int32_t result, std::string_view operation, const std::string& path)
{
    if (result < 0)
        throw error::from_errno(-result, std::string(operation) + " " + path);
    return result;
}

void close_at_once(int fd, const backend* made_in) noexcept
{
    auto* const here = static_cast<loop*>(executor::current());
    backend* const io = here ? here->internals().io.get() : nullptr;
    if (io && io == made_in)
        io->close_now(fd);
    else if (fd < sim_world::first_fd) // a simulated one went with its loop
        ::close(fd);
}

std::string temporary_directory(std::string directory)
{
    if (!directory.empty())
        return directory;
    const char* const named = std::getenv("TMPDIR");
    const bool simulated = backend_here("temp_dir").name() == "sim"; // has none of this machine's directories
    return named && *named && !simulated ? named : "/tmp";
}

task<descriptor> open_descriptor(const std::string& path, int flags, unsigned mode, int at)
{
    check_path("open", path);
    // O_NONBLOCK: a FIFO's other end isn't waited for, which might keep a thread busy for ever. Files don't mind.
    const std::int32_t fd = co_await performed(
        {.kind = operation_kind::open, .fd = at, .flags = flags | O_NONBLOCK, .mode = mode, .path = path.c_str()});
    co_return descriptor(checked(fd, "open", path), backend_here("open"));
}

task<std::int32_t> close_descriptor(descriptor& open)
{
    co_return co_await performed_anyway(operation{.kind = operation_kind::close, .fd = open.release()});
}

} // namespace simul::detail
