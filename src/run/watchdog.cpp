// SPDX-License-Identifier: MIT
#include "watchdog.hpp"

#include <cstdio>
#include <utility>

namespace simul::detail {

watchdog::watchdog(duration patience) : patience_(patience), thread_([this] { watch(); }) {}

watchdog::~watchdog()
{
    {
        const std::lock_guard held(mutex_);
        ending_ = true;
        changed_.notify_one();
    }
    thread_.join();
}

void watchdog::step_begins(std::string what)
{
    const std::lock_guard held(mutex_);
    step_ = std::move(what);
    since_ = clock::now();
    told_ = false;
}

void watchdog::step_ends()
{
    const std::lock_guard held(mutex_);
    step_.clear();
}

void watchdog::watch()
{
    std::unique_lock held(mutex_);
    while (!changed_.wait_for(held, patience_ / 4, [this] { return ending_; }))
        if (!step_.empty() && !told_ && clock::now() - since_ >= patience_) {
            told_ = true;
            const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience_).count();
            std::fprintf(stderr, "simul: the loop has been blocked for %lld ms by %s\n", static_cast<long long>(ms),
                         step_.c_str());
        }
}

} // namespace simul::detail
