// SPDX-License-Identifier: MIT
#include "fd_transport.hpp"

#include "run/loop_parts.hpp"
#include "socket_name.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <sys/socket.h>

namespace simul::detail {
namespace {

constexpr std::size_t pipe_read_size = 16 * 1024;

} // namespace

fd_transport::fd_transport(int fd, kind of, std::string peer)
    : loop_resource(loop::current()), fd_(fd), kind_(of), peer_(std::move(peer)), io_(*home()->internals().io)
{
    const bool is_socket = kind_ == kind::socket;
    for (direction* each : {&in_, &out_}) {
        each->of = this;
        each->fd = fd_;
    }
    in_.kind = is_socket ? operation_kind::receive_many : operation_kind::read;
    in_.complete = [](operation& op) noexcept { static_cast<direction&>(op).of->input_completed(); };
    out_.kind = is_socket ? operation_kind::send : operation_kind::write;
    out_.flags = is_socket ? 0 : no_sigpipe;
    out_.complete = [](operation& op) noexcept { static_cast<direction&>(op).of->output_completed(); };
}

void fd_transport::check_loop(const char* operation) const
{
    if (!home())
        throw closed_error(std::string(operation) + ": the loop of this stream is closed");
    if (executor::current() != home())
        throw invalid_state(std::string(operation) + ": this stream belongs to another loop");
}

// ---- input

std::optional<std::size_t> fd_transport::try_read(std::span<char> room)
{
    if (!arrived_.empty()) {
        const std::size_t moved = arrived_.take(room);
        taken();
        return moved;
    }
    if (input_error_ != 0)
        throw error::from_errno(input_error_, "read from " + peer_text());
    if (input_ended_)
        return 0;
    return std::nullopt;
}

bool fd_transport::move_arrived(byte_queue& to)
{
    if (arrived_.empty())
        return false;
    if (to.empty()) {
        std::swap(to, arrived_);
    } else {
        to.append(arrived_.view());
        arrived_.consume(arrived_.size());
    }
    taken();
    return true;
}

/// Room was made for more to arrive.
void fd_transport::taken() noexcept
{
    if (in_.in_flight)
        return;
    arrived_.shrink();
    if (kind_ == kind::socket && arrived_.size() < resume_below)
        begin_input();
}

void fd_transport::begin_input() noexcept
{
    if (in_.in_flight || input_ended_ || input_error_ != 0)
        return;
    if (kind_ == kind::pipe) {
        const std::span<char> room = arrived_.room(pipe_read_size);
        in_.data = room.data();
        in_.size = room.size();
    }
    in_.in_flight = true;
    io_.start(in_);
}

void fd_transport::input_completed() noexcept
{
    const bool got = in_.result > 0;
    if (kind_ == kind::socket && in_.more) {
        if (!shut_off_)
            arrived({static_cast<const char*>(in_.data), static_cast<std::size_t>(in_.result)});
        return;
    }
    in_.in_flight = false;
    if (shut_off_)
        return let_go_when_idle();
    if (got)
        arrived_.commit(static_cast<std::size_t>(in_.result));
    else if (in_.result == 0)
        input_ended_ = true;
    else if (in_.result != -ECANCELED)
        input_error_ = -in_.result;
    else if (!reader_.empty()) // it was paused, and all that arrived was read meanwhile
        return begin_input();
    wake_reader();
}

void fd_transport::arrived(bytes_view piece)
{
    if (auto* const reader = static_cast<input_wait*>(reader_.front()); reader && arrived_.empty()) {
        const std::size_t moved = std::min(piece.size(), reader->room_.size());
        std::copy_n(piece.data(), moved, reader->room_.data());
        reader->filled_ = moved;
        piece.remove_prefix(moved);
    }
    arrived_.append(piece);
    wake_reader();
    if (arrived_.size() > input_limit)
        io_.cancel(in_);
}

void fd_transport::wake_reader() noexcept
{
    const std::lock_guard lock(reader_);
    reader_.serve_all();
}

fd_transport::input_wait fd_transport::input(std::span<char> room)
{
    return {*this, room};
}

bool fd_transport::input_wait::begin(promise_base& frame)
{
    if (!at_.arrived_.empty() || at_.input_ended_ || at_.input_error_ != 0)
        return false;
    wait_in(frame);
    {
        const std::lock_guard lock(at_.reader_);
        at_.reader_.push(*this);
    }
    at_.begin_input();
    settle();
    return true;
}

std::size_t fd_transport::input_wait::await_resume()
{
    finish_wait("stream");
    if (closed_)
        throw closed_error("the stream was closed while it was being read");
    return filled_;
}

// ---- output

std::exception_ptr fd_transport::output_failure() const noexcept
{
    try {
        check_output();
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

void fd_transport::check_output() const
{
    if (output_error_ != 0)
        throw error::from_errno(output_error_, "write to " + peer_text());
    if (end_wanted_)
        throw closed_error("write to " + peer_text() + ": its writing end was shut down");
}

void fd_transport::write(bytes_view data)
{
    check_output();
    queued_.append(data);
    if (!posted_ && !out_.in_flight && !queued_.empty()) {
        posted_ = true;
        home()->post_here(*this);
    }
}

void fd_transport::end_output()
{
    if (end_wanted_)
        return;
    end_wanted_ = true;
    if (!posted_)
        begin_output();
}

void fd_transport::run() noexcept
{
    posted_ = false;
    if (shut_off_)
        let_go_when_idle();
    else
        begin_output();
}

void fd_transport::begin_output() noexcept
{
    if (out_.in_flight || output_is_over())
        return;
    if (sending_.empty()) {
        sending_.shrink();
        std::swap(sending_, queued_);
    }
    if (sending_.empty())
        return finish_output();
    out_.data = const_cast<char*>(sending_.view().data()); // it is only read
    out_.size = sending_.size();
    out_.in_flight = true;
    io_.start(out_);
}

void fd_transport::output_completed() noexcept
{
    out_.in_flight = false;
    if (direct_ && !direct_->ended_) {
        direct_->result_ = out_.result;
        direct_->ended_ = true;
        direct_->wake_here();
        if (!shut_off_ && (out_.result >= 0 || out_.result == -ECANCELED))
            return begin_output(); // what was queued meanwhile; the sender may have more, and queues it behind
    }
    if (shut_off_)
        return let_go_when_idle();
    if (out_.result < 0) {
        output_broke(-out_.result);
    } else {
        sending_.consume(static_cast<std::size_t>(out_.result));
        begin_output();
    }
    wake_writers();
}

void fd_transport::output_broke(int error) noexcept
{
    if (output_error_ == 0)
        output_error_ = error;
    if (!out_.in_flight)
        sending_ = byte_queue();
    queued_ = byte_queue();
    wake_writers();
}

/// All is sent.
void fd_transport::finish_output() noexcept
{
    queued_.shrink();
    if (!end_wanted_ || output_ended_)
        return;
    output_ended_ = true;
    if (kind_ == kind::pipe)
        io_.close_now(std::exchange(fd_, -1));
    else if (const int problem = io_.shutdown_socket(fd_, SHUT_WR); problem < 0)
        return output_broke(-problem); // the peer never sees the end
    wake_writers();
}

void fd_transport::wake_writers() noexcept
{
    const std::lock_guard lock(writers_);
    waiter* next = nullptr;
    for (waiter* each = writers_.front(); each; each = next) {
        next = wait_queue::behind(*each);
        auto& writer = static_cast<output_wait&>(*each);
        if (output_error_ != 0 || shut_off_)
            writer.failure_ = output_failure();
        else if (unsent() > writer.down_to_)
            continue;
        writers_.remove(writer);
        writer.served();
    }
}

fd_transport::output_wait fd_transport::output(std::size_t down_to)
{
    return {*this, down_to};
}

void fd_transport::output_wait::begin(promise_base& frame)
{
    waited_ = true;
    wait_in(frame);
    {
        const std::lock_guard lock(at_.writers_);
        at_.writers_.push(*this);
    }
    settle();
}

void fd_transport::output_wait::await_resume()
{
    if (waited_) {
        finish_wait("stream");
        if (failure_)
            std::rethrow_exception(failure_);
    } else if (at_.output_error_ != 0) {
        at_.check_output();
    }
}

fd_transport::direct_send fd_transport::send_directly(bytes_view data)
{
    return {*this, data};
}

void fd_transport::direct_send::begin(promise_base& frame)
{
    wait_in(frame);
    settle();
    if (cancelled_)
        return wake_here();
    begun_ = true;
    at_.direct_ = this;
    at_.out_.data = const_cast<char*>(data_.data()); // it is only read
    at_.out_.size = data_.size();
    at_.out_.in_flight = true;
    at_.io_.start(at_.out_);
}

/// The data stays where it is until the kernel has let go of it.
bool fd_transport::direct_send::cancel() noexcept
{
    if (ended_)
        return false;
    cancelled_ = true;
    if (begun_)
        at_.io_.cancel(at_.out_);
    return true;
}

std::int32_t fd_transport::direct_send::await_resume() const
{
    if (cancelled_ && result_ == -ECANCELED && !gone_)
        throw cancelled{};
    if (cancelled_) // it had its result by then
        frame().line->cancel_again();
    if (gone_)
        std::rethrow_exception(gone_);
    return result_;
}

// ---- names and the end

address fd_transport::local() const
{
    return kind_ == kind::socket ? socket_name(io_, fd_) : address();
}

address fd_transport::peer() const
{
    return kind_ == kind::socket ? peer_name(io_, fd_) : address();
}

void fd_transport::set_option(int level, int name, int value)
{
    if (const int problem = io_.set_socket_option(fd_, level, name, &value, sizeof value); problem < 0)
        throw error::from_errno(-problem, "set_option of the connection to " + peer_text());
}

std::string fd_transport::peer_text() const
{
    if (!peer_.empty())
        return peer_;
    if (kind_ == kind::pipe)
        return "a pipe";
    const address at = home() ? peer() : address();
    return at.family() == address_family::none ? "the peer" : at.text();
}

void fd_transport::abandon() noexcept
{
    abandoned_ = true;
    if (shut_off_)
        let_go_when_idle();
    else
        shut_off();
}

void fd_transport::shut_off() noexcept
{
    shut_off_ = true;
    leave_loop();
    {
        const std::lock_guard lock(reader_);
        while (auto* const reader = static_cast<input_wait*>(reader_.take())) {
            reader->closed_ = true;
            reader->served();
        }
    }
    end_wanted_ = true;
    output_broke(0);
    if (direct_)
        direct_->gone_ = output_failure();
    for (direction* each : {&in_, &out_})
        if (each->in_flight)
            io_.cancel(*each);
    let_go_when_idle();
}

void fd_transport::let_go_when_idle() noexcept
{
    // Where the backend has nothing any more, it has forgotten ours: this is a forked child.
    if ((in_.in_flight || out_.in_flight) && io_.in_flight() > 0)
        return;
    if (fd_ >= 0)
        io_.close_now(std::exchange(fd_, -1));
    if (abandoned_ && !posted_)
        delete this;
}

} // namespace simul::detail
