// SPDX-License-Identifier: MIT
#include "kept_connected.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <utility>

namespace simul::cluster::amqp {

void kept_connected::start(std::optional<connection> first, std::string_view doing)
{
    life_ = loop::current().launch(live(shared_from_this(), std::move(first)));
    life_.rename("cluster " + name_ + ": " + std::string(doing));
}

void kept_connected::check_not_over() const
{
    if (over_)
        throw closed_error("cluster " + name_ + ": the broker is closed");
}

/// Ends by a cancellation only.
task<> kept_connected::live(std::shared_ptr<kept_connected> self, std::optional<connection> made)
{
    const simul::detail::until_task_ends guard(*self);
    upkeep& at = self->at_;
    const retry_options waits = {.backoff = std::chrono::milliseconds(50), .longest = at.longest_backoff};
    for (int failures = 0;;) {
        const time_point begun = now();
        try {
            if (!made)
                made.emplace(co_await connection::open(at.url, at.with));
            co_await self->use(*made);
        } catch (const error& broken) {
            at.problem = broken.what();
        }
        at.losses += made.has_value();
        made.reset();
        failures = now() - begun > waits.longest ? 0 : failures + 1;
        co_await sleep(simul::detail::full_jitter(waits, failures));
    }
}

void kept_connected::end() noexcept
{
    over_ = true;
    if (life_.valid())
        life_.cancel();
}

void kept_connected::task_ended() noexcept
{
    over_ = true;
    ended();
    if (life_.valid())
        life_.detach(); // it is over
}

} // namespace simul::cluster::amqp
