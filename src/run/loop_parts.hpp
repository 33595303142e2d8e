// SPDX-License-Identifier: MIT
//
// What a loop is made of.
//
// | word             | meaning                                            | who writes                            |
// |------------------|----------------------------------------------------|---------------------------------------|
// | remote           | stack of work posted by other threads              | any thread pushes; the loop takes all |
// | posting          | how many threads are in the middle of a post        | any thread                            |
// | sleeping         | the loop is about to wait or waits                 | the loop; cleared by who wakes it     |
// | pending_signals  | bit n-1: signal n arrived                          | signal handlers; taken by the loop    |
// | closed           | nothing is queued any more                         | the loop, before it looks at posting  |
// | stopping         | leave after this turn                              | any thread                            |
#pragma once

#include "backend/backend.hpp"
#include "crew.hpp"
#include "loop_resource.hpp"
#include "outside_gate.hpp"
#include "sched/timer_queue.hpp"
#include "watchdog.hpp"

#include <simul/run/loop.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>

namespace simul {

struct fd_watch;

struct loop::parts {
    parts(loop& self, const loop_options& options);

    loop& owner;
    std::unique_ptr<detail::backend> io;
    std::shared_ptr<detail::outside_gate> gate; ///< to where jobs outside come back
    detail::timer_queue timers;
    detail::worker* worker = nullptr; ///< of a thread pool
    detail::work_chain batch; ///< what this turn still has to run

    std::atomic<detail::work*> remote{nullptr};
    std::atomic<int> posting{0};
    std::atomic<bool> sleeping{false};
    std::atomic<std::uint64_t> pending_signals{0};
    std::atomic<bool> stopping{false};
    bool leaving = false;
    std::atomic<bool> closed{false};
    bool forked = false; ///< this process is a child of the loop's
    std::atomic<std::thread::id> runs_in{};

    std::mt19937_64 generator;
    duration slow_step;
    std::unique_ptr<detail::watchdog> dog; ///< debug only
    std::shared_ptr<detail::handler> error_handler;
    detail::callback* before_wait = nullptr;
    detail::callback* after_wait = nullptr;
    std::map<std::pair<int, bool>, fd_watch*> watches;
    std::map<int, detail::callback*> signal_callbacks;
    detail::loop_resources resources;
    std::map<const void*, std::shared_ptr<void>> belongings; ///< of higher areas, each by an address of its own

    /// Tasks are left here; in a crew, anywhere.
    bool unfinished() const noexcept;
    void cancel_roots() noexcept;
    bool cancelled_roots = false; ///< once
    void drop_queued() noexcept;

    /// One of the workers of a crew from now on; null: by itself again.
    void join_crew(detail::worker* as) noexcept;
    /// Somebody outside wants something of this loop.
    bool called() const noexcept
    {
        return remote.load(std::memory_order_seq_cst) || pending_signals.load(std::memory_order_seq_cst) ||
               stopping.load(std::memory_order_seq_cst) || (worker && worker->roused());
    }

    /// Whether every task waits for something, as far as this loop has looked.
    bool nothing_ready() const noexcept { return batch.empty() && owner.ready_.empty(); }

    /// Makes the loop look for what other threads left; from any thread.
    void wake_if_sleeping() noexcept;
    void take_remote() noexcept;
    void take_signals() noexcept;
    void signalled(detail::callback& called) noexcept;
    void wait_for_events(bool has_work);
    detail::context* next_of_crew() noexcept;
    void fire_timers() noexcept;
    void run_observed(detail::work& next) noexcept;
};

/// Children of fork() find the loops of their parent here, to keep them from touching its operations.
void remember_loop(loop::parts& made);
void forget_loop(loop::parts& gone);

} // namespace simul
