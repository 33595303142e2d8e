// SPDX-License-Identifier: MIT
#include "os_thread.hpp"

#include <simul/detail/executor.hpp>
#include <simul/run/thread.hpp>

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

namespace simul::detail {
namespace {

std::string next_name()
{
    static std::atomic<unsigned> last{0};
    return "thread-" + std::to_string(last.fetch_add(1, std::memory_order_relaxed) + 1);
}

} // namespace

// | word      | meaning                                                  | who writes                   |
// |-----------|----------------------------------------------------------|------------------------------|
// | name      |                                                          | anybody, under the mutex     |
// | is_named  | it has begun and not ended: its name is the system's too | the thread, under the mutex  |
// | id        | who it is, once started                                  | who starts it, under it      |
// | joined    | the first to come has waited for the system's thread     | whoever waits                |
struct thread_state::system_side {
    std::mutex mutex;
    std::string name = next_name();
    bool is_named = false;
    std::thread::id id;
    std::thread thread;
    std::once_flag joined;
};

thread_state::thread_state() : future_state<void>(1), side_(std::make_unique<system_side>())
{
}
thread_state::~thread_state() = default;

void thread_state::start()
{
    const std::lock_guard held(side_->mutex);
    if (side_->id != std::thread::id{})
        throw invalid_state(side_->name + " was started already: a thread is started once, so make another");
    outside_ = outside_job::begin();
    acquire(); // the thread's own share
    try {
        side_->thread = std::thread([this] { run(); });
    } catch (const std::system_error& refused) {
        release();
        outside_ = {};
        throw error(refused.code(), "starting " + side_->name + ": " + refused.code().message());
    }
    side_->id = side_->thread.get_id();
}

void thread_state::run() noexcept
{
    {
        const std::lock_guard held(side_->mutex);
        side_->is_named = true;
        name_this_thread(side_->name);
    }
    try {
        call();
        result_.emplace();
    } catch (...) {
        result_.fail(failure(std::current_exception()));
    }
    {
        const std::lock_guard held(side_->mutex);
        side_->is_named = false;
    }
    const outside_job ends_after_it_is_told = std::move(outside_);
    complete();
    release();
}

bool thread_state::join(duration limit)
{
    check_can_wait("thread::join");
    if (!done() && executor::current())
        throw deadlock_error(
            "thread::join would block the loop it is called from, and with it all its tasks: co_await the "
            "thread instead");
    if (!block_until_done(limit))
        return false;
    join_system_thread();
    result().get();
    return true;
}

void thread_state::drop() noexcept
{
    if (started()) {
        if (side_->thread.joinable() && side_->id == std::this_thread::get_id())
            side_->thread.detach(); // its own handle was in its hands
        else
            join_system_thread();
    }
    release();
}

void thread_state::join_system_thread()
{
    // Every waiter is here until the first is back: what is `thread_local` in the thread is destroyed then.
    std::call_once(side_->joined, [this] { side_->thread.join(); });
}

void thread_state::check_can_wait(const char* operation) const
{
    const std::lock_guard held(side_->mutex);
    if (side_->id == std::thread::id{})
        throw invalid_state(std::string(operation) + ": " + side_->name + " was not started");
    if (!done() && side_->id == std::this_thread::get_id()) // a later one may have the same id
        throw deadlock_error(std::string(operation) + ": " + side_->name + " would wait for itself");
}

bool thread_state::started() const
{
    const std::lock_guard held(side_->mutex);
    return side_->id != std::thread::id{};
}

std::string thread_state::name() const
{
    const std::lock_guard held(side_->mutex);
    return side_->name;
}

void thread_state::rename(std::string name)
{
    const std::lock_guard held(side_->mutex);
    side_->name = std::move(name);
    if (side_->is_named)
        name_thread(side_->thread, side_->name);
}

} // namespace simul::detail
