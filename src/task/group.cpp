// SPDX-License-Identifier: MIT
#include <simul/task/group.hpp>

namespace simul::detail {

void group_join::check_open() const
{
    switch (phase_) {
    case phase::open:
        return;
    case phase::cancelled:
    case phase::failed:
        throw invalid_state("the group is shutting down: nothing can be spawned into it any more");
    case phase::over:
        throw invalid_state("the group is finished: nothing can be spawned into it any more");
    }
}

void group_join::add(branch_base& made)
{
    ++members_;
    if (asked_to_end())
        made.cancel(); // as all the others were
    if (limit_ != 0 && begun_ >= limit_) {
        waiting_.push_back(made);
    } else {
        ++begun_;
        made.start();
    }
}

void group_join::start_waiting() noexcept
{
    while (limit_ == 0 || begun_ < limit_) {
        work* const next = waiting_.pop_front();
        if (!next)
            return;
        ++begun_;
        static_cast<branch_base*>(next)->start();
    }
}

void group_join::cancel_quietly() noexcept
{
    if (phase_ == phase::open)
        end_all(phase::cancelled);
}

void group_join::end_all(phase why) noexcept
{
    if (std::exchange(phase_, why) == phase::open)
        cancel_others();
}

void group_join::on_end(branch_base& ended) noexcept
{
    const failure* const error = ended.error();
    const bool is_body = &ended == body_;
    if (error && !error->is_cancellation()) {
        if (is_body)
            body_error_ = error->error();
        else
            errors_.push_back(error->error());
        end_all(phase::failed);
    } else if (error && is_body && phase_ == phase::open) {
        end_all(phase::failed); // a body that was cancelled by itself: it counts as an error, though not into the list
    }
    if (is_body) {
        body_ended_before_ = !asked_to_end();
        return;
    }
    if (asked_to_end() && error && error->is_cancellation())
        member_cancelled_ = true;
    --members_;
    --begun_;
    ended.settle_future();
    start_waiting();
}

} // namespace simul::detail
