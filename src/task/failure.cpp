// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>
#include <simul/detail/failure.hpp>
#include <simul/task/await_chain.hpp>

#include <algorithm>
#include <new>

namespace simul::detail {
namespace {

thread_local failure last_rethrown_here;

// noinline: see allocate_frame.
[[gnu::noinline]] failure& last_rethrown_slot() noexcept
{
    return last_rethrown_here;
}

void share(crossed_await* chain) noexcept
{
    if (chain)
        chain->owners.fetch_add(1, std::memory_order_relaxed);
}

void release(crossed_await* chain) noexcept
{
    while (chain && chain->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        crossed_await* const inner = chain->inner;
        delete chain;
        chain = inner;
    }
}

} // namespace

failure::failure(const failure& other) noexcept : error_(other.error_), chain_(other.chain_)
{
    share(chain_);
}

failure& failure::operator=(failure other) noexcept
{
    std::swap(error_, other.error_);
    std::swap(chain_, other.chain_);
    return *this;
}

failure::~failure()
{
    release(chain_);
}

// Those that are shared are never destroyed: tasks that end with the process may still need them.

const failure& failure::cancellation() noexcept
{
    static const failure& shared = *new failure(std::make_exception_ptr(cancelled{}));
    return shared;
}

namespace {

const failure& out_of_memory() noexcept
{
    static const failure& shared = *new failure(std::make_exception_ptr(std::bad_alloc()));
    return shared;
}

} // namespace

const failure* failure::keep(failure kept) noexcept
{
    const failure* const made = new (std::nothrow) failure(std::move(kept));
    return made ? made : &out_of_memory();
}

void failure::give_back(const failure* kept) noexcept
{
    if (kept != &out_of_memory())
        delete kept;
}

failure failure::capture(const std::source_location& where) noexcept
{
    failure caught(std::current_exception());
    if (caught.is_cancellation())
        return caught; // expected, and often: not worth a chain
    failure& last = last_rethrown_slot();
    crossed_await* inner = nullptr;
    if (last.error_ == caught.error_) {
        inner = std::exchange(last.chain_, nullptr);
        last.error_ = nullptr;
    }
    // Without memory for it the chain ends here; the error itself still travels.
    caught.chain_ = new (std::nothrow) crossed_await{where, inner};
    if (!caught.chain_)
        release(inner);
    return caught;
}

void failure::rethrow() const
{
    if (chain_)
        last_rethrown_slot() = *this;
    std::rethrow_exception(error_);
}

bool failure::is_cancellation() const noexcept
{
    return is_cancelled(error_);
}

std::vector<std::source_location> failure::awaits() const
{
    std::vector<std::source_location> chain;
    for (const crossed_await* each = chain_; each; each = each->inner)
        chain.push_back(each->where);
    std::reverse(chain.begin(), chain.end());
    return chain;
}

const failure& failure::last_rethrown() noexcept
{
    return last_rethrown_slot();
}

} // namespace simul::detail

namespace simul {

std::vector<std::source_location> await_chain(const std::exception_ptr& error)
{
    const detail::failure& last = detail::failure::last_rethrown();
    return error && last.error() == error ? last.awaits() : std::vector<std::source_location>{};
}

} // namespace simul
