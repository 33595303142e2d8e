// SPDX-License-Identifier: MIT
//
// A coroutine's way to an operation of the loop's backend:
//
//     std::int32_t got = co_await performed({.kind = operation_kind::read, .fd = fd, .data = room, .size = size});
//     if (got < 0) throw error::from_errno(-got, "read " + path);
//
// The operation lives in the frame that waits, so it allocates nothing. Cancelling asks the backend to end it: if it had
// its result by then, the result is given and the cancellation comes at the next wait.
#pragma once

#include "run/backend/backend.hpp"

#include <simul/detail/context.hpp>
#include <simul/detail/promise_base.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>

namespace simul::detail {

/// The backend of this thread's loop. *Throws:* `invalid_state` naming `wanted` outside of a loop.
backend& backend_here(const char* wanted);

class [[nodiscard("nothing happens until it is awaited: co_await it")]] performed : public leaf, public operation {
public:
    explicit performed(const operation& wanted) noexcept : operation(wanted) {}
    performed(performed&& unstarted) noexcept : operation(unstarted) {}
    /// Closes what was opened for a frame that never went on, for its loop was closed.
    ~performed();

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        begin(frame.promise());
    }
    /// Its result: bytes, a descriptor, events; below zero a negated errno.
    std::int32_t await_resume();

    bool cancel() noexcept override;

private:
    void begin(promise_base& frame) noexcept;

    backend* in_flight_ = nullptr; ///< while it has the operation
    bool began_ = false;
    bool taken_ = false;
};

/// One that is done in any case, such as a close: a request to cancel comes at the next wait.
class [[nodiscard("nothing happens until it is awaited: co_await it")]] performed_anyway final : public performed {
public:
    using performed::performed;

    bool cancel() noexcept override { return false; }
};

} // namespace simul::detail
