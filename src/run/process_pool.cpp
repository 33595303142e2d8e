// SPDX-License-Identifier: MIT
#include <simul/run/process_pool.hpp>

#include "run/process/pool_core.hpp"

namespace simul {
namespace detail {

void submit_to(pool_core& pool, process_job& job)
{
    pool.submit(job);
}

bool cancel_in(pool_core& pool, process_job& job) noexcept
{
    return pool.cancel(job);
}

void help_in(pool_core& pool, const future_state_base& until_done) noexcept
{
    pool.help(until_done);
}

void enter_pool(pool_core& pool) noexcept
{
    pool.enter();
}

void leave_pool(pool_core& pool) noexcept
{
    pool.leave();
}

} // namespace detail

process_pool::process_pool(process_pool_options options) : core_(std::make_unique<detail::pool_core>(options))
{
}

process_pool::~process_pool()
{
    if (core_->is_forked())
        core_.release()->abandon();
}

std::size_t process_pool::size() const noexcept
{
    return core_->workers();
}

std::vector<int> process_pool::pids() const
{
    return core_->pids();
}

future<> process_pool::shutdown(shutdown_options options)
{
    return core_->shutdown(options);
}

} // namespace simul
