// SPDX-License-Identifier: MIT
#include <simul/task/async_generator.hpp>

namespace simul::detail {

void report_left_open(const std::source_location& at) noexcept
{
    const executor* const here = executor::current();
    if (!here || !here->debug())
        return;
    problem found{"an async_generator was destroyed before its end: await its close(), or use simul::with", {}, {}, {}, {}};
    found.awaits.push_back(at);
    report(std::move(found));
}

} // namespace simul::detail
