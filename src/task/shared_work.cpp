// SPDX-License-Identifier: MIT
#include <simul/detail/shared_work.hpp>

#include <new>

namespace simul::detail {
namespace {

constexpr std::size_t first_size = 256;

} // namespace

shared_work::shared_work(const shared_words& of_pool) : words_(of_pool)
{
    rings_.reserve(40); // more than can ever be, so that growing only allocates the ring
    rings_.push_back(std::make_unique<ring>(
        ring{first_size - 1, std::make_unique<std::atomic<context*>[]>(first_size)}));
    ring_.store(rings_.back().get(), std::memory_order_relaxed);
}

shared_work::ring* shared_work::grow(std::int64_t end) noexcept
{
    try {
        const ring& full = *rings_.back();
        const std::size_t size = 2 * (static_cast<std::size_t>(full.last) + 1);
        auto larger = std::make_unique<ring>(
            ring{static_cast<std::int64_t>(size) - 1, std::make_unique<std::atomic<context*>[]>(size)});
        for (std::int64_t each = begin_.load(std::memory_order_acquire); each < end; ++each)
            larger->at(each).store(full.at(each).load(std::memory_order_relaxed), std::memory_order_relaxed);
        ring* const grown = larger.get();
        rings_.push_back(std::move(larger));
        ring_.store(grown, std::memory_order_release);
        return grown;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

} // namespace simul::detail
