// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/task/retry.hpp>

namespace simul::detail {

duration full_jitter(const retry_options& options, int failures)
{
    duration most = options.backoff;
    for (int i = 0; i < failures && most < options.longest; ++i)
        most = most > options.longest / 2 ? options.longest : most * 2;
    most = std::min(most, options.longest);
    if (most <= duration::zero())
        return duration::zero();
    const std::uint64_t drawn = executor::require("retry").random();
    return duration(static_cast<duration::rep>(drawn % (static_cast<std::uint64_t>(most.count()) + 1)));
}

void check(const retry_options& options)
{
    if (options.attempts < 1)
        throw error(std::errc::invalid_argument, "retry: attempts must be at least 1");
    if (options.backoff < duration::zero() || options.longest < duration::zero())
        throw error(std::errc::invalid_argument, "retry: backoff and longest must not be negative");
}

} // namespace simul::detail
