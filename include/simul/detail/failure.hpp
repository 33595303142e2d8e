// SPDX-License-Identifier: MIT
//
// An error under way, with the chain of awaits it has crossed so far.
#pragma once

#include <atomic>
#include <exception>
#include <source_location>
#include <utility>
#include <vector>

namespace simul::detail {

/// One await that an error crossed. Immutable and shared: two awaiters of one future continue the same chain apart.
struct crossed_await {
    std::source_location where;
    crossed_await* inner;
    std::atomic<unsigned> owners{1};
};

class failure {
public:
    failure() = default;
    explicit failure(std::exception_ptr error) noexcept : error_(std::move(error)) {}
    failure(const failure& other) noexcept;
    failure(failure&& other) noexcept
        : error_(std::move(other.error_)), chain_(std::exchange(other.chain_, nullptr))
    {
    }
    failure& operator=(failure other) noexcept;
    ~failure();

    /// The failure of what was cancelled before it began.
    static const failure& cancellation() noexcept;

    /// The exception being handled, on its way out of a frame that last awaited at `where`.
    static failure capture(const std::source_location& where) noexcept;

    /// Throws it, and remembers the chain for the `capture` of the next frame it leaves.
    [[noreturn]] void rethrow() const;

    const std::exception_ptr& error() const noexcept { return error_; }
    bool is_cancellation() const noexcept;

    /// Innermost first.
    std::vector<std::source_location> awaits() const;

    /// What this thread rethrew last.
    static const failure& last_rethrown() noexcept;

    /// Kept as one pointer, to be given back; without memory for it, it becomes `bad_alloc`.
    static const failure* keep(failure kept) noexcept;
    static void give_back(const failure* kept) noexcept;

private:
    std::exception_ptr error_;
    crossed_await* chain_ = nullptr;
};

} // namespace simul::detail
