// SPDX-License-Identifier: MIT
#include <simul/task/spawn.hpp>

#include <memory>

namespace simul::detail {
namespace {

struct cancel_request final : work {
    cancel_request(context& of, future_state_base& keeps) noexcept : line(of), alive(keeps) { alive.acquire(); }
    virtual ~cancel_request() { alive.release(); }

    void run() noexcept override
    {
        const std::unique_ptr<cancel_request> self(this);
        if (!alive.done())
            line.cancel();
    }

    void drop() noexcept override { delete this; }

    context& line;
    future_state_base& alive;
};

} // namespace

void cancel_from_outside(context& line, executor& keeper, future_state_base& alive) noexcept
{
    keeper.post(*new cancel_request(line, alive));
}

} // namespace simul::detail
