// SPDX-License-Identifier: MIT
#include "os_thread.hpp"

#include <simul/detail/executor.hpp>
#include <simul/run/thread.hpp>

#include <atomic>

namespace simul::detail {
namespace {

std::string next_name()
{
    static std::atomic<unsigned> last{0};
    return "thread-" + std::to_string(last.fetch_add(1, std::memory_order_relaxed) + 1);
}

} // namespace

thread_state::thread_state() : future_state<void>(1), name_(next_name()) {}

void thread_state::start()
{
    const std::lock_guard held(mutex_);
    if (id_ != std::thread::id{})
        throw invalid_state(name_ + " was started already: a thread is started once, so make another");
    outside_ = outside_job::begin();
    acquire(); // the thread's own share
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& refused) {
        release();
        outside_ = {};
        throw error(refused.code(), "starting " + name_ + ": " + refused.code().message());
    }
    id_ = thread_.get_id();
}

void thread_state::run() noexcept
{
    {
        const std::lock_guard held(mutex_);
        os_name_ = true;
        name_this_thread(name_);
    }
    try {
        call();
        result_.emplace();
    } catch (...) {
        result_.fail(failure(std::current_exception()));
    }
    {
        const std::lock_guard held(mutex_);
        os_name_ = false;
    }
    const outside_job ends_after_it_is_told = std::move(outside_);
    complete();
    release();
}

bool thread_state::join(duration limit)
{
    check_can_wait("thread::join");
    if (!done() && executor::current())
        throw deadlock_error("thread::join would block the loop it is called from, and with it all its tasks: co_await the "
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
        if (thread_.joinable() && id_ == std::this_thread::get_id())
            thread_.detach(); // its own handle was in its hands
        else
            join_system_thread();
    }
    release();
}

void thread_state::join_system_thread()
{
    // Every waiter is here until the first is back: what is `thread_local` in the thread is destroyed then.
    std::call_once(joined_, [this] { thread_.join(); });
}

void thread_state::check_can_wait(const char* operation) const
{
    const std::lock_guard held(mutex_);
    if (id_ == std::thread::id{})
        throw invalid_state(std::string(operation) + ": " + name_ + " was not started");
    if (!done() && id_ == std::this_thread::get_id()) // a later one may have the same id
        throw deadlock_error(std::string(operation) + ": " + name_ + " would wait for itself");
}

bool thread_state::started() const
{
    const std::lock_guard held(mutex_);
    return id_ != std::thread::id{};
}

std::string thread_state::name() const
{
    const std::lock_guard held(mutex_);
    return name_;
}

void thread_state::rename(std::string name)
{
    const std::lock_guard held(mutex_);
    name_ = std::move(name);
    if (os_name_)
        name_thread(thread_, name_);
}

} // namespace simul::detail
