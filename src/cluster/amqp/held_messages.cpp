// SPDX-License-Identifier: MIT
#include "held_messages.hpp"

#include <utility>

namespace simul::cluster::amqp {
namespace {

constexpr std::size_t most_unsaid = 10'000; // others may have been given them

} // namespace

held_messages::arrival held_messages::take(held_message delivered, bool redelivered)
{
    if (redelivered && !delivered.key.empty()) {
        for (auto& [number, each] : held_)
            if (each.key == delivered.key && each.at.epoch < delivered.at.epoch) {
                each.at = delivered.at;
                return {what::held};
            }
        if (unsaid_.erase(delivered.key) > 0)
            return {what::done};
    }
    held_.emplace(++taken_, std::move(delivered));
    return {what::news, taken_};
}

held_message held_messages::leave(std::uint64_t number)
{
    auto left = held_.extract(number);
    return left ? std::move(left.mapped()) : held_message();
}

void held_messages::note_unsaid(std::string key)
{
    if (key.empty())
        return;
    if (unsaid_.size() == most_unsaid)
        unsaid_.erase(unsaid_.begin());
    unsaid_.insert(std::move(key));
}

} // namespace simul::cluster::amqp
