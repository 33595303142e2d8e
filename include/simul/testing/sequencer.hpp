// SPDX-License-Identifier: MIT
//
// The steps of several tasks in the order that a test needs.
//
//     sequencer seq;
//     task<> a() { co_await seq(0); ...;  co_await seq(2); ... }
//     task<> b() { co_await seq(1); ... }
//
// The next step may begin when this one's task waits next. To hold it up over awaits, keep what it gives:
//
//     auto step = co_await seq(1);
//     co_await more();                 // step 2 begins when `step` is gone
#pragma once

#include <simul/task/event.hpp>
#include <simul/task/task.hpp>

#include <map>
#include <utility>

namespace simul::testing {

class sequencer {
public:
    /// Its end is the beginning of the next step.
    class step {
    public:
        step(step&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        step& operator=(step&&) = delete;
        ~step()
        {
            if (of_)
                of_->next();
        }

    private:
        friend sequencer;
        explicit step(sequencer& of) noexcept : of_(&of) {}
        sequencer* of_;
    };

    sequencer() = default;
    sequencer(const sequencer&) = delete;
    sequencer& operator=(const sequencer&) = delete;

    /// Waits for the steps 0 to n-1. Each step is taken once. *Throws:* `invalid_state` the second time, and when a step
    /// before was cancelled, so that n can't come.
    task<step> operator()(unsigned n);

private:
    void next();

    std::map<unsigned, event> taken_; ///< set when the step's time has come
    unsigned now_ = 0;
    bool broken_ = false;
};

} // namespace simul::testing
