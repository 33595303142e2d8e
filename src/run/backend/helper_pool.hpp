// SPDX-License-Identifier: MIT
//
// A few threads for what can be neither polled nor given to the kernel: files, open, and connect on a blocking socket.
// Operations on one descriptor are done one after the other, in the order given; others side by side. The loop is
// roused after each.
//
//     word                         meaning                    written by
//     queue_ running_ and counts   to do, being done          all, under mutex_
//     done_                        to be collected            all, under mutex_
//     any_done_                    a hint that done_ isn't empty: the loop looks at it every turn without the mutex
#pragma once

#include "run/backend/operation_list.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace simul::detail {

class helper_pool {
public:
    explicit helper_pool(backend& roused) noexcept : roused_(roused) {}
    /// There must be nothing left to do: see `cancel_all`.
    ~helper_pool();

    /// False when there is no thread and can be none.
    bool give(operation& op) noexcept;

    /// Takes `op` back; false when it is being done or is done. A connect that is being done is made to fail.
    bool take_back(operation& op) noexcept;

    bool any_done() const noexcept { return any_done_.load(std::memory_order_acquire); } // with run()'s release
    operation_list collect() noexcept;

    /// Waits for the operations that are being done (then to be collected) and gives back those not yet begun.
    operation_list cancel_all() noexcept;

private:
    // More would not create files any faster, for the directory is locked; for reading from a disk it is depth enough.
    static constexpr std::size_t most_threads = 4;

    bool add_thread() noexcept;
    bool call_idle() noexcept;
    void run(std::size_t me) noexcept;
    operation* next() noexcept;
    bool is_busy(int fd) const noexcept;
    bool nothing_runs() const noexcept;
    static void interrupt(const operation& op) noexcept;

    backend& roused_;
    std::mutex mutex_;
    std::condition_variable given_;
    std::condition_variable ended_;
    operation_list queue_;
    std::array<operation*, most_threads> running_{};
    std::array<std::thread, most_threads> threads_;
    std::size_t started_ = 0; ///< threads
    std::size_t idle_ = 0;    ///< of these, waiting for something to do
    std::size_t called_ = 0;  ///< of these, told to look
    operation_list done_;
    bool stop_ = false;
    std::atomic<bool> any_done_ = false;
};

} // namespace simul::detail
