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

/// A thread that watches the runs of one test: each may take so long in real time.
class time_limit {
public:
    time_limit();
    ~time_limit();

    /// One run, for a scope, on the thread that makes this.
    class run {
    public:
        /// `replay`: how to repeat it.
        run(time_limit& limit, loop& watched, std::string test, std::string replay);
        ~run();

    private:
        friend time_limit;
        [[noreturn]] void expire();

        time_limit& limit_;
        loop& watched_;
        std::string test_;
        std::string replay_;
        int thread_;
        std::chrono::steady_clock::time_point until_;
    };

private:
    void watch();

    std::chrono::duration<double> limit_ = time_limit_wanted();
    std::mutex mutex_;
    std::condition_variable changed_;
    run* current_ = nullptr;
    bool over_ = false;
    std::thread thread_;
};

} // namespace simul::testing::detail
