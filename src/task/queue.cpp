// SPDX-License-Identifier: MIT
#include <simul/task/queue.hpp>

namespace simul::detail {

void done_count::add(std::uint64_t done)
{
    const guard held(lock_);
    if (accepted_ - done_ < done)
        throw invalid_state("task_done: it was called for every item already; call it once for each that was taken");
    add_locked(done);
}

void done_count::add_locked(std::uint64_t done) noexcept
{
    done_ += done;
    if (done_ != accepted_)
        return;
    const guard also_held(joining_);
    joining_.serve_all();
}

std::uint64_t done_count::unfinished() const noexcept
{
    const guard held(lock_);
    return accepted_ - done_;
}

bool join_wait::wait(promise_base& frame) noexcept
{
    {
        const guard held(count_.lock_);
        if (count_.done_ == count_.accepted_)
            return false;
        wait_in(frame);
        const guard also_held(count_.joining_);
        count_.joining_.push(*this);
    }
    settle();
    return true;
}

} // namespace simul::detail
