// SPDX-License-Identifier: MIT
//
// What the tests of threads share: how the OS calls this one, and how long a job lasts.
#pragma once

#include <fstream>
#include <latch>
#include <string>

namespace in_threads {

#if defined(__has_feature) && __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif

/// Why a test skips itself then.
inline constexpr const char* no_threads_in_children =
    "ThreadSanitizer can't do threads in a child of a process that had some";

/// As the OS sees it.
inline std::string system_name()
{
    std::ifstream in("/proc/thread-self/comm");
    std::string name;
    std::getline(in, name);
    return name;
}

/// Keeps a thread for exactly as long as a test wants.
class gate {
public:
    void open() { opened_.count_down(); }
    void wait() { opened_.wait(); }

private:
    std::latch opened_{1};
};

} // namespace in_threads
