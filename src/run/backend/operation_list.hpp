// SPDX-License-Identifier: MIT
//
// Where started operations are kept: intrusive lists, so that an operation costs no allocation on its way through.
#pragma once

#include "run/backend/backend.hpp"

#include <cerrno>
#include <utility>

namespace simul::detail {

/// Where a backend has put an operation (`operation::state`). Written by the thread that runs the backend only.
enum operation_state : std::uint32_t {
    queued = 1,   ///< started, not yet shown to the kernel
    in_kernel,    ///< the kernel has it
    cancelling,   ///< the kernel has it and is to be asked to end it
    asked_to_end, ///< ... and was asked
    waiting,      ///< for its descriptor to become ready
    crowded,      ///< a connect to wait for room in the listener's backlog
    unsure,       ///< waiting, but its descriptor may have been closed and opened anew since epoll was asked
    ready,        ///< repeated: to be served by the next dispatch
    serving,      ///< repeated: its `complete` runs, and there may be more
    at_helper,    ///< handed to the helper threads
    finished,     ///< has its result, waits for dispatch
};

inline bool is_output(const operation& op) noexcept
{
    return op.kind == operation_kind::write || op.kind == operation_kind::send ||
           op.kind == operation_kind::send_message || op.kind == operation_kind::connect;
}

/// What completes again and again.
inline bool is_repeated(const operation& op) noexcept
{
    return op.kind == operation_kind::receive_many || op.kind == operation_kind::accept_many;
}

/// What only files have: see operation_kind.
inline bool is_of_files(const operation& op) noexcept
{
    return op.kind == operation_kind::open || op.kind >= operation_kind::sync;
}

/// False for what its caller wants answered with -EAGAIN.
inline bool may_wait(const operation& op) noexcept
{
    return (op.kind != operation_kind::send && op.kind != operation_kind::receive) || (op.flags & MSG_DONTWAIT) == 0;
}

/// First in, first out. An operation is in one list at most; the list doesn't own it.
class operation_list {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    operation* front() const noexcept { return first_; }

    void push_back(operation& op) noexcept
    {
        op.next = nullptr;
        op.previous = last_;
        (last_ ? last_->next : first_) = &op;
        last_ = &op;
    }

    void remove(operation& op) noexcept
    {
        (op.previous ? op.previous->next : first_) = op.next;
        (op.next ? op.next->previous : last_) = op.previous;
        op.next = op.previous = nullptr;
    }

    operation* pop_front() noexcept
    {
        operation* op = first_;
        if (op)
            remove(*op);
        return op;
    }

private:
    operation* first_ = nullptr;
    operation* last_ = nullptr;
};

/// Operations that have ended and wait for `dispatch`, in the order in which they ended.
class finished_operations {
public:
    bool empty() const noexcept { return list_.empty(); }

    void add(operation& op, std::int32_t result) noexcept
    {
        op.result = result;
        op.more = false;
        op.state = finished;
        list_.push_back(op);
    }

    /// Completes those that are here now, counting `in_flight` down. What ends meanwhile is left for the next call.
    void deliver(std::size_t& in_flight) noexcept
    {
        operation_list batch = std::exchange(list_, {});
        while (operation* op = batch.pop_front()) {
            --in_flight;
            op->complete(*op);
        }
    }

    operation_list take() noexcept { return std::exchange(list_, {}); }

private:
    operation_list list_;
};

} // namespace simul::detail
