// SPDX-License-Identifier: MIT
#include "pool.hpp"

#include <simul/base/error.hpp>

namespace simul::db::detail {

task<redis_pool::lease> redis_pool::take()
{
    permit slot = co_await slots_.acquire();
    std::shared_ptr<redis_line> line;
    while (!line && !idle_.empty()) {
        line = std::move(idle_.back());
        idle_.pop_back();
        if (line->is_over())
            line.reset();
    }
    if (!line)
        line = redis_line::start(to_, co_await redis_connection::open(to_), redis_line::when_lost::ends);
    if (over_) {
        line->end();
        throw closed_error("redis: the client is closed");
    }
    lent_.push_back(line.get());
    co_return lease(*this, std::move(slot), std::move(line));
}

void redis_pool::take_back(std::shared_ptr<redis_line> lent) noexcept
{
    std::erase(lent_, lent.get());
    if (lent->is_idle() && !lent->is_over() && !over_)
        idle_.push_back(std::move(lent)); // there is room: it was lent from here, or counted
    else
        lent->end();
}

void redis_pool::end() noexcept
{
    over_ = true;
    for (redis_line* const each : lent_)
        each->end();
    for (const auto& each : idle_)
        each->end();
    idle_.clear();
}

} // namespace simul::db::detail
