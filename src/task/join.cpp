// SPDX-License-Identifier: MIT
#include <simul/detail/join.hpp>

#include <utility>

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
    index_ = static_cast<std::uint32_t>(index);
    ++owner.running_;
}

executor& branch_base::home_of_join() const noexcept
{
    return owner_->frame().line->home();
}

void branch_base::run() noexcept
{
    if (!ended_away_)
        return context::run();
    came_back_ = true;
    if (requests_ == 0)
        owner_->branch_ended(*this).resume();
}

std::coroutine_handle<> branch_base::taken_by(executor& taker) noexcept
{
    executor& keeper = home_of_join();
    if (&taker == &keeper) { // only this thread could have cancelled it meanwhile
        if (place_.load(std::memory_order_relaxed) == place::withdrawn)
            cancel_again();
        place_.store(place::here, std::memory_order_relaxed);
        return first_step();
    }
    move_to(taker); // before the exchange: who finds it away asks this home
    place expected = place::offered;
    if (!place_.compare_exchange_strong(expected, place::away, std::memory_order_acq_rel)) {
        move_to(keeper);
        keeper.post(*this); // to be skipped there
        return nullptr;
    }
    return first_step();
}

std::coroutine_handle<> branch_base::ended() noexcept
{
    if (!is_away()) [[likely]]
        return owner_->branch_ended(*this);
    executor& here = home();
    here.set_running(nullptr);
    ended_away_ = true;
    home_of_join().post(*this); // and may be gone
    return here.next();
}

/// Goes to the worker where a branch is, asks it to end, and comes back; the branch stays until then.
struct branch_base::request_to_away final : work {
    explicit request_to_away(branch_base& of) noexcept : branch(of), keeper(of.home_of_join()) {}
    virtual ~request_to_away() = default;

    void run() noexcept override
    {
        if (!std::exchange(delivered, true)) {
            if (!branch.ended_away_)
                branch.cancel();
            keeper.post(*this);
            return;
        }
        branch_base& asked = branch;
        delete this;
        if (--asked.requests_ == 0 && asked.came_back_)
            asked.owner_->branch_ended(asked).resume();
    }

    branch_base& branch;
    executor& keeper;
    bool delivered = false;
};

void branch_base::cancel_elsewhere() noexcept
{
    place expected = place::offered;
    if (place_.compare_exchange_strong(expected, place::withdrawn, std::memory_order_acq_rel) ||
        expected == place::withdrawn || came_back_)
        return;
    ++requests_;
    home().post(*new request_to_away(*this));
}

void join::destroy_branches(const branch_base* lives_here) noexcept
{
    if (running_ == 0)
        return;
    for (context* each = frame().line->first_child(); each;) {
        context* const next = each->next_sibling();
        if (each != lives_here)
            each->destroy_unfinished();
        each = next;
    }
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
        return waiter.home().next();
    resuming();
    return frame().frame();
}

} // namespace simul::detail
