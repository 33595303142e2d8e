// SPDX-License-Identifier: MIT
//
// Watching many futures at once, from one frame: under `wait` and `as_completed`.
//
// Each future gets a watcher in its queue. A future that completes, in whatever thread, posts its watcher to the watching
// loop, so all bookkeeping is done there and needs no lock.
#pragma once

#include <simul/detail/future_state.hpp>
#include <simul/detail/executor.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace simul::detail {

class watch_set;

/// Stands in the queue of one future.
class watcher final : public waiter, public pooled {
public:
    watcher(watch_set& of, future_state_base& watched, std::size_t index) noexcept
        : set_(of), state_(watched), index_(index)
    {
        state_.acquire();
    }
    virtual ~watcher() { state_.release(); }

    void served() noexcept override;
    void run() noexcept override;
    void drop() noexcept override;

private:
    friend watch_set;
    watch_set& set_;
    future_state_base& state_;
    std::size_t index_;
    std::size_t place_ = 0; ///< in the set
    bool dropped_ = false;  ///< completed, and will not come back
};

/// Lives until its owner and all its posted watchers have let go of it.
class watch_set final : public pooled {
public:
    /// Called on the loop, for each future that has completed.
    struct listener {
        virtual void completed(std::size_t index) noexcept = 0;

    protected:
        ~listener() = default;
    };

    watch_set(executor& home, listener& told) noexcept : home_(home), listener_(&told) {}

    /// False when it is done already; then nobody is told.
    bool add(future_state_base& watched, std::size_t index);
    /// Nobody is told any more; frees the set as soon as that is safe.
    void abandon() noexcept;

private:
    friend watcher;
    void came_back(watcher& w) noexcept;

    executor& home_;
    listener* listener_;
    std::vector<watcher*> watchers_; ///< by order of adding; null once it has come back
    std::size_t outside_ = 0;        ///< not come back
};

} // namespace simul::detail
