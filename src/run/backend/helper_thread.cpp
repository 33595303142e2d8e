// SPDX-License-Identifier: MIT
#include "run/backend/helper_thread.hpp"

#include "run/backend/system.hpp"

#include <csignal>
#include <sys/socket.h>

namespace simul::detail {

helper_thread::helper_thread(backend& roused) : roused_(roused)
{
    // Signals are for the program's own threads; a new thread inherits the mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct restore {
        const sigset_t& mask;
        ~restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } const restored{before};
    thread_ = std::thread([this] { run(); });
}

helper_thread::~helper_thread()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    given_.notify_one();
    thread_.join();
}

void helper_thread::give(operation& op) noexcept
{
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(op);
    }
    given_.notify_one();
}

bool helper_thread::take_back(operation& op) noexcept
{
    const std::lock_guard lock(mutex_);
    if (running_ == &op)
        interrupt_running();
    for (const operation* each = queue_.front(); each; each = each->next) {
        if (each == &op) {
            queue_.remove(op);
            return true;
        }
    }
    return false;
}

operation_list helper_thread::collect() noexcept
{
    const std::lock_guard lock(mutex_);
    any_done_.store(false, std::memory_order_relaxed);
    return std::exchange(done_, {});
}

operation_list helper_thread::cancel_all() noexcept
{
    std::unique_lock lock(mutex_);
    operation_list not_begun = std::exchange(queue_, {});
    // Again and again, because a connect can't be interrupted in the moment before it enters the kernel.
    do
        interrupt_running();
    while (!idle_.wait_for(lock, std::chrono::milliseconds(10), [&] { return running_ == nullptr; }));
    return not_begun;
}

/// Files can't be interrupted; a connect ends when its socket is shut down.
void helper_thread::interrupt_running() noexcept
{
    if (running_ && running_->kind == operation_kind::connect)
        ::shutdown(running_->fd, SHUT_RDWR);
}

void helper_thread::run() noexcept
{
    std::unique_lock lock(mutex_);
    for (;;) {
        given_.wait(lock, [&] { return stop_ || !queue_.empty(); });
        running_ = queue_.pop_front();
        if (!running_)
            return;
        lock.unlock();
        const std::int32_t result = perform(*running_);
        lock.lock();
        running_->result = result;
        done_.push_back(*running_);
        running_ = nullptr;
        any_done_.store(true, std::memory_order_release); // with any_done()
        idle_.notify_one();
        roused_.wake();
    }
}

} // namespace simul::detail
