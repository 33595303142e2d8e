// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/wait.hpp>

namespace simul::detail {

wait_base::~wait_base()
{
    end_wait();
}

void wait_base::add(future_state_base& state)
{
    states_.push_back(&state);
}

bool wait_base::enough() const noexcept
{
    bool all = true;
    for (const future_state_base* each : states_) {
        if (!each->done())
            all = false;
        else if (when_ == until::first_completed || (when_ == until::first_error && each->ended_with_error()))
            return true;
    }
    return all;
}

bool wait_base::begin(promise_base& frame)
{
    if (states_.empty())
        throw error(std::errc::invalid_argument, "wait: there is no future to wait for");
    if (enough())
        return false;
    executor& home = frame.line->home();
    watched_ = new watch_set(home, *this);
    for (std::size_t i = 0; i < states_.size(); ++i)
        watched_->add(*states_[i], i);
    wait_in(frame);
    if (enough()) { // one was completed in another thread before it was watched
        over_ = true;
        wake();
        return true;
    }
    deadline = deadline_after(home.now(), timeout_);
    if (deadline != never) {
        fire = [](timer& due) noexcept {
            auto& self = static_cast<wait_base&>(due);
            self.over_ = true;
            self.wake();
        };
        home.arm(*this);
    }
    settle();
    return true;
}

void wait_base::completed(std::size_t) noexcept
{
    if (!over_ && enough()) {
        over_ = true;
        if (armed())
            frame().line->home().disarm(*this);
        wake();
    }
}

bool wait_base::cancel() noexcept
{
    if (cancelled_)
        return true;
    if (over_)
        return false;
    cancelled_ = over_ = true;
    if (armed())
        frame().line->home().disarm(*this);
    wake();
    return true;
}

void wait_base::finish()
{
    end_wait();
    throw_if_cancelled();
}

void wait_base::end_wait() noexcept
{
    if (watched_)
        std::exchange(watched_, nullptr)->abandon();
    if (armed())
        frame().line->home().disarm(*this);
}

} // namespace simul::detail
