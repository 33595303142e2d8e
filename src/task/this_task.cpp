// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/this_task.hpp>

#include <utility>

namespace simul {
namespace detail {

void sleep_awaiter::wait(promise_base& frame) noexcept
{
    wait_in(frame);
    executor& home = frame.line->home();
    const bool at_once = relative_ && deadline.time_since_epoch() <= duration::zero();
    if (relative_ && !at_once)
        deadline = deadline_after(home.now(), deadline.time_since_epoch());
    settle();
    if (cancelled_ || at_once) {
        wake_here();
        return;
    }
    fire = [](timer& fired) noexcept { static_cast<sleep_awaiter&>(fired).wake_here(); };
    home.arm(*this);
}

bool sleep_awaiter::cancel() noexcept
{
    // A sleep that is over but has not run again has received nothing that could be lost: it is cancelled all the same.
    cancelled_ = true;
    if (armed()) {
        disarm();
        wake_here();
    }
    return true;
}

void sleep_awaiter::disarm() noexcept
{
    frame().line->home().disarm(*this);
}

} // namespace detail

time_point now() noexcept
{
    const executor* const here = executor::current();
    return here ? here->now() : std::chrono::time_point_cast<duration>(clock::now());
}

namespace this_task {
namespace {

detail::context& require(const char* operation)
{
    executor* const here = executor::current();
    if (!here || !here->running())
        throw invalid_state(std::string("this_task::") + operation + " was called outside of a task");
    return *here->running();
}

} // namespace

int cancelling()
{
    return require("cancelling").cancelling();
}

int uncancel()
{
    return require("uncancel").uncancel();
}

void cancel()
{
    require("cancel").cancel();
}

std::string name()
{
    return require("name").name();
}

void rename(std::string name)
{
    require("rename").rename(std::move(name));
}

} // namespace this_task
} // namespace simul
