// SPDX-License-Identifier: MIT
#include "run/backend/helper_pool.hpp"

#include "run/backend/system.hpp"

#include <algorithm>
#include <csignal>
#include <sys/socket.h>
#include <system_error>

namespace simul::detail {

helper_pool::~helper_pool()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    given_.notify_all();
    for (std::thread& each : threads_)
        if (each.joinable())
            each.join();
}

bool helper_pool::add_thread() noexcept
{
    // Signals are for the program's own threads; a new thread inherits the mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool added = true;
    try {
        threads_[started_] = std::thread([this, me = started_] { run(me); });
        ++started_;
    } catch (const std::system_error&) {
        added = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return added;
}

bool helper_pool::give(operation& op) noexcept
{
    {
        const std::lock_guard lock(mutex_);
        const bool called = call_idle();
        if (!called && started_ < most_threads && !add_thread() && started_ == 0)
            return false;
        queue_.push_back(op);
        if (!called)
            return true;
    }
    given_.notify_one();
    return true;
}

/// False when nobody is idle. Else `given_` is to be notified.
bool helper_pool::call_idle() noexcept
{
    if (idle_ == called_)
        return false;
    ++called_;
    return true;
}

bool helper_pool::take_back(operation& op) noexcept
{
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(running_, &op) != running_.end())
        interrupt(op);
    for (const operation* each = queue_.front(); each; each = each->next) {
        if (each == &op) {
            queue_.remove(op);
            return true;
        }
    }
    return false;
}

operation_list helper_pool::collect() noexcept
{
    const std::lock_guard lock(mutex_);
    any_done_.store(false, std::memory_order_relaxed);
    return std::exchange(done_, {});
}

operation_list helper_pool::cancel_all() noexcept
{
    std::unique_lock lock(mutex_);
    operation_list not_begun = std::exchange(queue_, {});
    // Again and again, because a connect can't be interrupted in the moment before it enters the kernel.
    do
        for (const operation* each : running_)
            if (each)
                interrupt(*each);
    while (!ended_.wait_for(lock, std::chrono::milliseconds(10), [&] { return nothing_runs(); }));
    return not_begun;
}

/// Files can't be interrupted; a connect ends when its socket is shut down.
void helper_pool::interrupt(const operation& op) noexcept
{
    if (op.kind == operation_kind::connect)
        ::shutdown(op.fd, SHUT_RDWR);
}

bool helper_pool::nothing_runs() const noexcept
{
    return std::ranges::all_of(running_, [](const operation* each) { return each == nullptr; });
}

bool helper_pool::is_busy(int fd) const noexcept
{
    return fd >= 0 && std::ranges::any_of(running_, [fd](const operation* each) {
               return each && (each->fd == fd || each->source == fd);
           });
}

/// The first whose descriptors nobody works on: those behind it on the same descriptor are passed over like itself.
operation* helper_pool::next() noexcept
{
    for (operation* each = queue_.front(); each; each = each->next) {
        if (!is_busy(each->fd) && !is_busy(each->source)) {
            queue_.remove(*each);
            return each;
        }
    }
    return nullptr;
}

void helper_pool::run(std::size_t me) noexcept
{
    std::unique_lock lock(mutex_);
    for (;;) {
        operation* const op = next();
        running_[me] = op;
        if (!op) {
            if (stop_)
                return;
            ++idle_;
            given_.wait(lock, [&] { return called_ > 0 || stop_; });
            --idle_;
            called_ -= called_ > 0 ? 1 : 0;
            continue;
        }
        lock.unlock();
        const std::int32_t result = perform(*op);
        lock.lock();
        op->result = result;
        done_.push_back(*op);
        running_[me] = nullptr;
        any_done_.store(true, std::memory_order_release); // with any_done()
        ended_.notify_one();
        if (!queue_.empty() && call_idle()) // one that was passed over may be free now
            given_.notify_one();
        roused_.wake();
    }
}

} // namespace simul::detail
