// SPDX-License-Identifier: MIT
//
// A connected socket or one end of a pipe, as its loop drives it. At most one operation is in flight in each direction:
//
//     input   started by the first read; goes on by itself (sockets) or with the next read (pipes), until more has arrived
//             than anybody wants: then it pauses, and the peer has to wait
//     output  what is queued in one turn of the loop goes out in one operation at the end of it
//
// It outlives its stream until both have come back, for the kernel may still write here; then it closes the descriptor.
#pragma once

#include "byte_queue.hpp"
#include "run/backend/backend.hpp"
#include "run/loop_resource.hpp"
#include "transport.hpp"

#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>

#include <cerrno>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>

namespace simul::detail {

class fd_transport final : public transport, loop_resource, work {
public:
    enum class kind { socket, pipe };

    static constexpr std::size_t input_limit = 128 * 1024; ///< pauses above
    static constexpr std::size_t resume_below = 64 * 1024;
    static constexpr std::size_t high_water = 64 * 1024; ///< writers wait above
    static constexpr std::size_t low_water = 16 * 1024;  ///< ... until this

    /// Owns `fd`, which may be -1 for "closed". On the loop that runs here.
    fd_transport(int fd, kind of, std::string peer = {});

    std::optional<std::size_t> try_read(std::span<char> room) override;
    void write(bytes_view data) override;
    void end_output() override;
    fd_transport& bottom() noexcept override { return *this; }
    std::string peer_text() const override;

    /// Moves all that has arrived behind what `to` has. False: nothing has.
    bool move_arrived(byte_queue& to);

    /// Waits until `try_read` has something to say, or until something was put into `room`: how much. One at a time.
    class input_wait;
    input_wait input(std::span<char> room);
    /// Waits until at most so much is queued. *Throws:* what broke the connection.
    class output_wait;
    output_wait output(std::size_t down_to);
    /// Sends some of the front of `data` from where it is; nothing may be unsent. Gives how much, or a negated errno.
    /// What is written meanwhile is queued behind.
    class direct_send;
    direct_send send_directly(bytes_view data);

    /// Begins to send what is queued, and doesn't wait for the end of the turn.
    void send_now() noexcept { begin_output(); }
    std::size_t unsent() const noexcept { return sending_.size() + queued_.size(); }
    bool is_sending() const noexcept { return unsent() > 0 || out_.in_flight || direct_; }
    int fd() const noexcept { return fd_; }
    address local() const;
    address peer() const;
    /// *Throws:* `error`.
    void set_option(int level, int name, int value);

    /// *Throws:* `invalid_state` in another loop than its own, `closed_error` when that is closed.
    void check_loop(const char* operation) const;
    /// *Throws:* what broke the writing direction.
    void check_output() const;
    void output_broke(int error) noexcept;
    /// What everybody who wants to write gets.
    std::exception_ptr output_failure() const noexcept;

    void abandon() noexcept override;

private:
    struct direction final : operation {
        fd_transport* of = nullptr;
        bool in_flight = false;
    };

    ~fd_transport() = default;

    void begin_input() noexcept;
    void input_completed() noexcept;
    void arrived(bytes_view piece);
    void taken() noexcept;
    void wake_reader() noexcept;
    void begin_output() noexcept;
    void output_completed() noexcept;
    void wake_writers() noexcept;
    void finish_output() noexcept;
    void run() noexcept override;
    void drop() noexcept override { run(); }
    void loop_closes() noexcept override { shut_off(); }
    void shut_off() noexcept;
    void let_go_when_idle() noexcept;
    bool output_is_over() const noexcept { return output_error_ != 0 || output_ended_; }

    int fd_;
    kind kind_;
    std::string peer_; ///< for errors; empty: ask the descriptor
    direction in_;
    direction out_;
    byte_queue arrived_; ///< and not read yet
    byte_queue sending_; ///< the kernel reads it; not changed meanwhile
    byte_queue queued_;  ///< comes after it
    wait_queue reader_;
    wait_queue writers_;
    int input_error_ = 0;
    int output_error_ = 0;
    bool input_ended_ = false;
    bool end_wanted_ = false;       ///< once everything is sent
    bool output_ended_ = false;     ///< and it was
    bool posted_ = false;           ///< to send at the end of the turn
    direct_send* direct_ = nullptr; ///< whose memory the operation sends, until it has heard of the end
    bool shut_off_ = false;         ///< nothing goes in or out any more
    bool abandoned_ = false;        ///< and nobody knows of it
    backend& io_;
};

class [[nodiscard("nothing waits until it is awaited: co_await it")]] fd_transport::input_wait final : public waiter {
public:
    input_wait(fd_transport& at, std::span<char> room) noexcept : at_(at), room_(room) {}

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return begin(frame.promise());
    }
    std::size_t await_resume();

private:
    friend fd_transport;
    bool begin(promise_base& frame);

    fd_transport& at_; ///< may be gone once we were served
    std::span<char> room_;
    std::size_t filled_ = 0;
    bool closed_ = false;
};

class [[nodiscard("nothing waits until it is awaited: co_await it")]] fd_transport::output_wait final : public waiter {
public:
    output_wait(fd_transport& at, std::size_t down_to) noexcept : at_(at), down_to_(down_to) {}

    bool await_ready() const noexcept { return at_.unsent() <= down_to_ || at_.output_is_over(); }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame)
    {
        begin(frame.promise());
    }
    void await_resume();

private:
    friend fd_transport;
    void begin(promise_base& frame);

    fd_transport& at_; ///< may be gone once we were served
    std::size_t down_to_;
    bool waited_ = false;
    std::exception_ptr failure_;
};

class [[nodiscard("nothing is sent until it is awaited: co_await it")]] fd_transport::direct_send final : public leaf {
public:
    direct_send(fd_transport& at, bytes_view data) noexcept : at_(at), data_(data) {}
    ~direct_send()
    {
        if (begun_ && !gone_)
            at_.direct_ = nullptr;
    }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame)
    {
        begin(frame.promise());
    }
    /// *Throws:* what everybody gets who wants to write, when the transport was shut off meanwhile. It may not exist any more.
    std::int32_t await_resume() const;
    bool cancel() noexcept override;

private:
    friend fd_transport;
    void begin(promise_base& frame);

    fd_transport& at_;
    bytes_view data_;
    std::int32_t result_ = -ECANCELED;
    std::exception_ptr gone_; ///< the transport was shut off
    bool begun_ = false;
    bool ended_ = false;
};

} // namespace simul::detail
