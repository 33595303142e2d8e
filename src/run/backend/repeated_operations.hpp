// SPDX-License-Identifier: MIT
//
// receive_many and accept_many for backends that have no such thing: a `receive` or an `accept` each time there is
// something to be had, made inside of `dispatch`, so that all share one piece of memory.
//
//     waiting --readiness--> ready --dispatch--> serving --complete(), more--> waiting, or ready again
//     cancel:    |             `-> asked_to_end <--'
//                `--> finished
#pragma once

#include "run/backend/operation_list.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace simul::detail {

class repeated_operations {
public:
    bool empty() const noexcept { return ready_.empty(); }

    /// There may be something to be had.
    void add(operation& op) noexcept
    {
        op.state = ready;
        ready_.push_back(op);
    }

    /// For one that is `ready` or `serving`: it ends in the next dispatch, or in this one.
    static void cancel(operation& op) noexcept { op.state = asked_to_end; }

    /// Serves those that are here now. `attempt(once)` tries a single operation, -EAGAIN where it would wait; `wait(op)`
    /// keeps `op` until there is more.
    void serve(finished_operations& finished, auto&& attempt, auto&& wait) noexcept
    {
        operation_list batch = std::exchange(ready_, {});
        while (operation* const op = batch.pop_front()) {
            if (op->state == asked_to_end)
                finished.add(*op, -ECANCELED);
            else
                serve_one(*op, finished, attempt, wait);
        }
    }

    operation_list take() noexcept { return std::exchange(ready_, {}); }

private:
    static constexpr std::size_t room_size = 64 * 1024;

    void serve_one(operation& op, finished_operations& finished, auto&& attempt, auto&& wait) noexcept
    {
        const bool receives = op.kind == operation_kind::receive_many;
        if (receives && !room_)
            room_ = std::make_unique<std::array<char, room_size>>();
        operation once;
        once.kind = receives ? operation_kind::receive : operation_kind::accept;
        once.fd = op.fd;
        once.flags = op.flags;
        once.data = receives ? room_->data() : nullptr;
        once.size = receives ? room_size : 0;
        const std::int32_t result = attempt(once);
        if (result == -EAGAIN)
            return wait(op);
        if (result < 0 || (receives && result == 0))
            return finished.add(op, result);

        op.state = serving;
        op.data = once.data;
        op.result = result;
        op.more = true;
        op.complete(op);
        const bool drained = receives && static_cast<std::size_t>(result) < room_size;
        if (op.state != serving)
            finished.add(op, -ECANCELED);
        else if (drained)
            wait(op);
        else
            add(op);
    }

    operation_list ready_;
    std::unique_ptr<std::array<char, room_size>> room_; ///< where what is received lies while it is handed on
};

} // namespace simul::detail
