// SPDX-License-Identifier: MIT
#include <simul/testing/sequencer.hpp>

#include <string>

namespace simul::testing {

task<sequencer::step> sequencer::operator()(unsigned n)
{
    const auto [place, is_new] = taken_.try_emplace(n);
    if (!is_new)
        throw invalid_state("sequencer: step " + std::to_string(n) + " was taken before");
    if (n != now_) {
        try {
            if (!broken_)
                co_await place->second.wait();
        } catch (const cancelled&) {
            broken_ = true;
            for (auto& each : taken_)
                each.second.set();
            throw;
        }
        if (broken_)
            throw invalid_state("sequencer: step " + std::to_string(n) + " can't come, as one before it was cancelled");
    }
    co_return step(*this);
}

void sequencer::next()
{
    ++now_;
    if (const auto waiting = taken_.find(now_); waiting != taken_.end())
        waiting->second.set();
}

} // namespace simul::testing
