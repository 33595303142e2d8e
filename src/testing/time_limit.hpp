// SPDX-License-Identifier: MIT
//
// Ends a process whose test hangs, and says where it hangs.
#pragma once

#include <simul/run/loop.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace simul::testing::detail {

/// From SIMUL_TEST_TIME_LIMIT, in seconds; 30 s when it isn't set, zero for none.
std::chrono::duration<double> time_limit_wanted();

/// A thread that watches one loop for a scope, for as long as the test may take in real time.
class time_limit {
public:
    /// `test`: its name; `replay`: how to repeat it.
    time_limit(loop& watched, std::string test, std::string replay);
    ~time_limit();

private:
    void watch();
    [[noreturn]] void expire();

    loop& watched_;
    std::string test_;
    std::string replay_;
    std::chrono::duration<double> limit_ = time_limit_wanted();
    int watched_thread_;
    std::mutex mutex_;
    std::condition_variable ended_changed_;
    bool ended_ = false;
    std::thread thread_;
};

} // namespace simul::testing::detail
