// SPDX-License-Identifier: MIT
#include "time_limit.hpp"

#include "run/os_thread.hpp"
#include "run/task_tree.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::testing::detail {
namespace {

constexpr auto patience = std::chrono::milliseconds(200);

/// "R (running)", "S (sleeping)".
std::string state_of_thread(int id)
{
    std::ifstream status("/proc/self/task/" + std::to_string(id) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("State:\t"))
            return line.substr(7);
    return "gone";
}

struct answer {
    std::mutex mutex;
    std::condition_variable given;
    std::string tree;
};

/// The loop's tasks, as it says itself; empty when it doesn't answer in time.
std::string ask_for_tasks(loop& asked)
{
    const auto reply = std::make_shared<answer>();
    asked.call_soon_threadsafe([reply, &asked] {
        const std::lock_guard held(reply->mutex);
        reply->tree = simul::detail::task_tree(asked);
        reply->given.notify_one();
    });
    std::unique_lock held(reply->mutex);
    reply->given.wait_for(held, patience, [&] { return !reply->tree.empty(); });
    return reply->tree;
}

} // namespace

std::chrono::duration<double> time_limit_wanted()
{
    const char* const wanted = std::getenv("SIMUL_TEST_TIME_LIMIT");
    return std::chrono::duration<double>(wanted ? std::atof(wanted) : 30.0);
}

time_limit::time_limit()
{
    if (limit_.count() > 0)
        thread_ = simul::detail::start_without_signals([](void* self) { static_cast<time_limit*>(self)->watch(); }, this);
}

time_limit::~time_limit()
{
    {
        const std::lock_guard held(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

/// Wakes by itself when a run's time is up, not whenever one begins or ends: they are many and short.
void time_limit::watch()
{
    std::unique_lock held(mutex_);
    const auto length = std::chrono::duration_cast<std::chrono::nanoseconds>(limit_);
    while (!over_) {
        const auto now = std::chrono::steady_clock::now();
        if (current_ && current_->until_ <= now)
            current_->expire(); // with the lock held, so that the loop stays
        changed_.wait_until(held, current_ ? current_->until_ : now + length);
    }
}

time_limit::run::run(time_limit& limit, loop& watched, std::string test, std::string replay)
    : limit_(limit), watched_(watched), test_(std::move(test)), replay_(std::move(replay)),
      thread_(static_cast<int>(::syscall(SYS_gettid))),
      until_(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(limit.limit_))
{
    const std::lock_guard held(limit_.mutex_);
    limit_.current_ = this;
}

time_limit::run::~run()
{
    const std::lock_guard held(limit_.mutex_);
    limit_.current_ = nullptr;
}

void time_limit::run::expire()
{
    std::fflush(stdout);
    std::fprintf(stderr, "simul: %s is still running after %g s.\n", test_.c_str(), limit_.limit_.count());
    const std::string state = state_of_thread(thread_);
    const std::string tree = ask_for_tasks(watched_);
    if (tree.empty())
        std::fprintf(stderr,
                     "BLOCKED: its thread has not come back to the loop for %d ms; its state is %s. Something in a task "
                     "blocks or computes instead of awaiting.\n",
                     static_cast<int>(patience.count()), state.c_str());
    else
        std::fprintf(stderr, "Its tasks:\n%s", tree.c_str());
    std::fprintf(stderr, "%s\n", replay_.c_str());
    std::abort();
}

} // namespace simul::testing::detail
