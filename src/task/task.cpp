// SPDX-License-Identifier: MIT
#include <simul/task/task.hpp>

namespace simul::detail {

void report_never_awaited(const std::source_location& function) noexcept
{
    const executor* const here = executor::current();
    if (!here || !here->debug())
        return;
    problem found{"a task was made and dropped without having been awaited: co_await it, or spawn it", {}, {}, {}, {}};
    found.awaits.push_back(function);
    report(std::move(found));
}

} // namespace simul::detail
