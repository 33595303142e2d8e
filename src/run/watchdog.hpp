// SPDX-License-Identifier: MIT
//
// Debug mode's eye on a loop: a thread that says so when one step keeps the loop from everything else for too long.
#pragma once

#include <simul/base/time.hpp>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace simul::detail {

class watchdog {
public:
    explicit watchdog(duration patience);
    ~watchdog();

    void step_begins(std::string what);
    void step_ends();

private:
    void watch();

    const duration patience_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string step_; ///< empty between steps
    clock::time_point since_{};
    bool told_ = false;
    bool ending_ = false;
    std::thread thread_;
};

} // namespace simul::detail
