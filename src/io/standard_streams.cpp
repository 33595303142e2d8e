// SPDX-License-Identifier: MIT
#include <simul/io/standard_streams.hpp>

#include "adopted_fd.hpp"
#include "run/backend/system.hpp"
#include "run/loop_parts.hpp"
#include "run/loop_resource.hpp"
#include "stream_core.hpp"

#include <simul/base/error.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <unistd.h>

namespace simul {

using detail::fd_transport;

namespace {

/// A duplicate, so that neither the end of the stream nor that of the loop closes the process's descriptor.
fd_transport* open_duplicate(int fd, const char* name)
{
    const auto kind = detail::recognise(fd, detail::files::allowed, name);
    detail::unique_fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (copy.get() < 0)
        throw error::from_errno(errno, name);
    auto* const made = new fd_transport(copy.get(), kind, name);
    copy.release();
    return made;
}

/// One of a loop's three. The stream comes first: the loop ends what was made last first.
class standard_stream {
public:
    standard_stream(int fd, const char* name) : bottom_(*open_duplicate(fd, name)), sender_(*this) {}

    stream& get() noexcept { return stream_; }

private:
    /// Sends what was written before the loop lets go of the stream.
    class sender final : detail::loop_resource {
    public:
        explicit sender(standard_stream& of) : loop_resource(loop::current()), of_(of) {}

    private:
        void loop_closes() noexcept override
        {
            if (of_.stream_ && !home()->internals().forked)
                of_.send_all();
        }

        standard_stream& of_;
    };

    void send_all() noexcept
    {
        detail::backend& io = *loop_.internals().io;
        try {
            io.enter_thread(); // this may be another thread than that in which the loop ran
        } catch (const error&) {
            return;
        }
        bottom_.send_now();
        while (bottom_.is_sending()) {
            io.wait(never);
            io.dispatch();
        }
    }

    loop& loop_ = loop::current();
    fd_transport& bottom_; ///< while stream_ is open
    stream stream_ = detail::stream_core::make(detail::transport_ptr(&bottom_));
    sender sender_;
};

stream& standard(int fd, const char* name)
{
    static const char key = 0;
    using three = std::array<std::optional<standard_stream>, 3>;
    std::shared_ptr<void>& place = loop::current().internals().belongings[&key];
    if (!place)
        place = std::make_shared<three>();
    auto& one = (*std::static_pointer_cast<three>(place))[static_cast<std::size_t>(fd)];
    if (!one)
        one.emplace(fd, name);
    return one->get();
}

} // namespace

stream& stdin_()
{
    return standard(STDIN_FILENO, "stdin");
}

stream& stdout_()
{
    return standard(STDOUT_FILENO, "stdout");
}

stream& stderr_()
{
    return standard(STDERR_FILENO, "stderr");
}

} // namespace simul
