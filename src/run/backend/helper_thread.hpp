// SPDX-License-Identifier: MIT
//
// One thread for what epoll can't wait for: files, open, and connect on a blocking socket. It does one operation after
// the other, in the order given, and rouses the loop after each.
//
//     word                 meaning                    written by
//     queue_ running_      to do, being done          both, under mutex_
//     done_                to be collected            both, under mutex_
//     any_done_            a hint that done_ isn't empty: the loop looks at it every turn without the mutex
#pragma once

#include "run/backend/operation_list.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace simul::detail {

class helper_thread {
public:
    /// *Throws:* std::system_error when there can be no more threads.
    explicit helper_thread(backend& roused);
    /// There must be nothing left to do: see `cancel_all`.
    ~helper_thread();

    void give(operation& op) noexcept;

    /// Takes `op` back; false when it is being done or is done. A connect that is being done is made to fail.
    bool take_back(operation& op) noexcept;

    bool any_done() const noexcept { return any_done_.load(std::memory_order_acquire); } // with run()'s release
    operation_list collect() noexcept;

    /// Waits for the operation that is being done (then to be collected) and gives back those not yet begun.
    operation_list cancel_all() noexcept;

private:
    void run() noexcept;
    void interrupt_running() noexcept;

    backend& roused_;
    std::mutex mutex_;
    std::condition_variable given_;
    std::condition_variable idle_;
    operation_list queue_;
    operation* running_ = nullptr;
    operation_list done_;
    bool stop_ = false;
    std::atomic<bool> any_done_ = false;
    std::thread thread_;
};

} // namespace simul::detail
