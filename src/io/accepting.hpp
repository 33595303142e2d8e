// SPDX-License-Identifier: MIT
//
// A listening socket, as its loop drives it. Connections are fetched while somebody accepts, and some ahead.
#pragma once

#include "run/backend/backend.hpp"
#include "run/loop_resource.hpp"

#include <simul/base/time.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/timer.hpp>
#include <simul/detail/wait_queue.hpp>
#include <simul/io/listener.hpp>

#include <concepts>
#include <coroutine>
#include <deque>
#include <exception>
#include <string>

namespace simul::detail {

class accepting final : loop_resource, timer {
public:
    /// Owns `fd`. `unlink`: a Unix socket's path, to be removed with it.
    accepting(int fd, std::string path);

    class wait;
    /// Waits for a connection, and gives its descriptor. *Throws:* `closed_error`.
    wait next();

    address local() const;
    bool is_unix() const noexcept { return !path_.empty(); }
    void check_loop() const;

    /// Its listener is gone: closes what nobody accepted, and deletes itself when the kernel has let go.
    void abandon() noexcept;

private:
    struct fetching final : operation {
        accepting* of = nullptr;
        bool in_flight = false;
    };

    static constexpr std::size_t most_ahead = 64;
    static constexpr duration pause_when_crowded = std::chrono::milliseconds(100);

    ~accepting() = default;

    void fetch() noexcept;
    void completed() noexcept;
    void give(int fd) noexcept;
    void ended(int error) noexcept;
    void loop_closes() noexcept override { shut_off(); }
    void shut_off() noexcept;
    void let_go_when_idle() noexcept;
    void remove_path() noexcept;

    backend& io_;
    fetching fetching_;
    std::string path_;
    std::uint64_t path_inode_ = 0;
    std::deque<int> ahead_;
    wait_queue waiting_;
    std::exception_ptr broken_;
    bool crowded_ = false;   ///< the system is out of descriptors or memory, and that was reported
    bool shut_off_ = false;  ///< nothing comes in any more
    bool abandoned_ = false; ///< and nobody knows of it
};

class [[nodiscard("nothing is accepted until it is awaited: co_await it")]] accepting::wait final : public waiter {
public:
    explicit wait(accepting& at) noexcept : at_(at) {}
    ~wait();

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> bool await_suspend(std::coroutine_handle<Promise> frame)
    {
        return begin(frame.promise());
    }
    int await_resume();

private:
    friend accepting;
    bool begin(promise_base& frame);

    accepting& at_; ///< may be gone once we were served
    int got_ = -1;
    bool closed_ = false;
};

} // namespace simul::detail
