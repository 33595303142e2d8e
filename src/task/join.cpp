// SPDX-License-Identifier: MIT
#include <simul/detail/join.hpp>

namespace simul::detail {

void branch_base::attach(join& owner, std::size_t index) noexcept
{
    attach(owner, index, owner.frame().where);
}

void branch_base::attach(join& owner, std::size_t index, const std::source_location& at) noexcept
{
    context& waiter = *owner.frame().line;
    enter_tree(waiter.home(), &waiter, at);
    owner_ = &owner;
    index_ = index;
    ++owner.running_;
}

std::coroutine_handle<> branch_base::ended() noexcept
{
    return owner_->branch_ended(*this);
}

bool join::cancel() noexcept
{
    cancelled_ = true;
    // From the youngest to the eldest, as the last to be put into the context's list is the first to be asked.
    for (context* each = frame().line->last_child(); each; each = each->previous_sibling())
        each->cancel();
    return true;
}

std::coroutine_handle<> join::branch_ended(branch_base& branch) noexcept
{
    context& waiter = *frame().line;
    waiter.home().set_running(nullptr);
    if (cancelled_ && branch.cancel_pending() && !branch.error())
        undelivered_ = true;
    branch.leave_tree();
    --running_;
    on_end(branch);
    if (running_ != 0)
        return std::noop_coroutine();
    resuming();
    return frame().frame();
}

} // namespace simul::detail
