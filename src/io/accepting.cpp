// SPDX-License-Identifier: MIT
#include "accepting.hpp"

#include "run/loop_parts.hpp"
#include "socket_name.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace simul::detail {
namespace {

/// Nothing is wrong with the listener: it has to wait until there is room.
bool is_shortage(int error) noexcept
{
    return std::ranges::count(std::array{EMFILE, ENFILE, ENOBUFS, ENOMEM}, error) > 0;
}

/// That connection is gone, the next one may be well.
bool is_passing(int error) noexcept
{
    return std::ranges::count(std::array{ECONNABORTED, EPROTO, EINTR, EAGAIN, ENETDOWN, EHOSTDOWN, ENONET, EHOSTUNREACH,
                                         ENETUNREACH, EPERM, ECANCELED},
                              error) > 0;
}

/// Of a file in the file system; 0: none.
std::uint64_t inode_of(const std::string& path) noexcept
{
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

} // namespace

accepting::accepting(int listening, std::string path)
    : loop_resource(loop::current()),
      io_(*home()->internals().io),
      path_(std::move(path)),
      path_inode_(path_.empty() ? 0 : inode_of(path_))
{
    fetching_.of = this;
    fetching_.kind = operation_kind::accept_many;
    fetching_.fd = listening;
    fetching_.complete = [](operation& op) noexcept { static_cast<fetching&>(op).of->completed(); };
    fire = [](timer& due) noexcept { static_cast<accepting&>(due).fetch(); };
}

void accepting::check_loop() const
{
    if (!home())
        throw closed_error("accept: the loop of this listener is closed");
    if (executor::current() != home())
        throw invalid_state("accept: this listener belongs to another loop");
}

void accepting::fetch() noexcept
{
    if (fetching_.in_flight || armed())
        return;
    fetching_.in_flight = true;
    io_.start(fetching_);
}

void accepting::completed() noexcept
{
    if (fetching_.more) {
        crowded_ = false;
        return give(fetching_.result);
    }
    fetching_.in_flight = false;
    if (shut_off_)
        return let_go_when_idle();
    ended(-fetching_.result);
}

void accepting::give(int fd) noexcept
{
    if (shut_off_)
        return io_.close_now(fd);
    const std::lock_guard lock(waiting_);
    if (auto* const first = static_cast<wait*>(waiting_.take())) {
        first->got_ = fd;
        first->served();
        return;
    }
    ahead_.push_back(fd);
    if (ahead_.size() >= most_ahead)
        io_.cancel(fetching_);
}

void accepting::ended(int error) noexcept
{
    if (is_shortage(error)) {
        const auto problem = std::make_exception_ptr(error::from_errno(error, "accept at " + local().text()));
        if (!std::exchange(crowded_, true))
            home()->report({"no more connections can be accepted: they wait until there is room", problem, {}, {}, {}});
        deadline = deadline_after(home()->now(), pause_when_crowded);
        home()->arm(*this);
    } else if (!is_passing(error)) {
        broken_ = std::make_exception_ptr(error::from_errno(error, "accept at " + local().text()));
        const std::lock_guard lock(waiting_);
        waiting_.serve_all();
    } else if (!waiting_.empty()) {
        fetch();
    }
}

address accepting::local() const
{
    return socket_name(io_, fetching_.fd);
}

accepting::wait accepting::next()
{
    return wait(*this);
}

bool accepting::wait::begin(promise_base& frame)
{
    if (at_.broken_)
        return false;
    if (!at_.ahead_.empty()) {
        got_ = at_.ahead_.front();
        at_.ahead_.pop_front();
        return false;
    }
    wait_in(frame);
    {
        const std::lock_guard lock(at_.waiting_);
        at_.waiting_.push(*this);
    }
    at_.fetch();
    settle();
    return true;
}

int accepting::wait::await_resume()
{
    finish_wait("accept");
    if (closed_)
        throw closed_error("accept: the listener was closed");
    if (got_ < 0)
        std::rethrow_exception(at_.broken_);
    return std::exchange(got_, -1);
}

/// Its frame may go when the loop is closed, just after it got a connection.
accepting::wait::~wait()
{
    withdraw();
    if (got_ >= 0)
        ::close(got_);
}

void accepting::abandon() noexcept
{
    abandoned_ = true;
    if (shut_off_)
        let_go_when_idle();
    else
        shut_off();
}

void accepting::shut_off() noexcept
{
    shut_off_ = true;
    if (armed())
        home()->disarm(*this);
    const bool real = home() && home()->backend_name() != "sim";
    leave_loop();
    if (real)
        remove_path();
    {
        const std::lock_guard lock(waiting_);
        while (auto* const each = static_cast<wait*>(waiting_.take())) {
            each->closed_ = true;
            each->served();
        }
    }
    for (const int fd : std::exchange(ahead_, {}))
        io_.close_now(fd);
    if (fetching_.in_flight) {
        io_.shutdown_socket(fetching_.fd, SHUT_RDWR); // from this moment on, not from when it has come back
        io_.cancel(fetching_);
    }
    let_go_when_idle();
}

void accepting::let_go_when_idle() noexcept
{
    if (fetching_.in_flight && io_.in_flight() > 0) // it has forgotten all in a forked child
        return;
    if (fetching_.fd >= 0)
        io_.close_now(std::exchange(fetching_.fd, -1));
    if (abandoned_)
        delete this;
}

/// Unless somebody else listens there by now.
void accepting::remove_path() noexcept
{
    if (path_inode_ != 0 && inode_of(path_) == path_inode_)
        ::unlink(path_.c_str());
}

} // namespace simul::detail
