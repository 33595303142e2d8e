// SPDX-License-Identifier: MIT
#include "worker_threads.hpp"

#include "loop_parts.hpp"
#include "os_thread.hpp"
#include "real_loop.hpp"

#include <atomic>
#include <exception>
#include <latch>
#include <mutex>

namespace simul::detail {
namespace {

/// What the threads need to begin; gone when `start` returns, but for what they copied.
struct beginning {
    crew& of;
    const std::string& name;
    void (*initialize)(void*);
    void* with;
    std::shared_ptr<std::atomic<std::size_t>> left;
    void (*at_end)(void*);
    void* with_at_end;

    std::latch begun;
    std::atomic<std::size_t> next{0};
    std::size_t first_worker;
    std::mutex mutex;
    std::exception_ptr error;
};

void run_worker(void* given) noexcept
{
    beginning& b = *static_cast<beginning*>(given);
    crew& of = b.of;
    const auto left = b.left;
    const auto at_end = b.at_end;
    void* const with_at_end = b.with_at_end;
    const std::size_t mine = b.next.fetch_add(1, std::memory_order_relaxed);
    loop& home = of.loop_of(b.first_worker + mine);
    name_this_thread(b.name + "-" + std::to_string(mine + 1));
    try {
        b.initialize(b.with);
    } catch (...) {
        const std::lock_guard held(b.mutex);
        if (!b.error)
            b.error = std::current_exception();
    }
    b.begun.count_down(); // `b` may be gone

    home.run_as_worker(of);
    if (left->fetch_sub(1, std::memory_order_acq_rel) == 1)
        at_end(with_at_end);
}

} // namespace

void worker_threads::add(std::size_t count, const loop_options& options)
{
    for (std::size_t each = 0; each < count; ++each) {
        loops_.push_back(make_real_loop(options));
        crew_.add(*loops_.back());
    }
}

void worker_threads::start(const std::string& name, void (*initialize)(void*), void* with, void (*at_end)(void*),
                           void* with_at_end)
{
    const auto count = static_cast<std::ptrdiff_t>(loops_.size());
    beginning b{.of = crew_, .name = name, .initialize = initialize, .with = with,
                .left = std::make_shared<std::atomic<std::size_t>>(loops_.size()), .at_end = at_end,
                .with_at_end = with_at_end, .begun = std::latch(count), .first_worker = crew_.size() - loops_.size(),
                .mutex = {}, .error = {}};
    threads_.reserve(loops_.size());
    try {
        while (threads_.size() < loops_.size())
            threads_.push_back(start_without_signals([](void* with_b) { run_worker(with_b); }, &b));
    } catch (const std::system_error& refused) {
        b.begun.count_down(count - static_cast<std::ptrdiff_t>(threads_.size()));
        b.error = std::make_exception_ptr(error(refused.code(), "starting a worker thread: " + refused.code().message()));
    }
    b.begun.wait();
    if (!b.error)
        return;
    crew_.finish();
    join();
    std::rethrow_exception(b.error);
}

void worker_threads::join() noexcept
{
    for (std::thread& each : threads_)
        each.join();
    threads_.clear();
    for (const auto& each : loops_)
        each->internals().drop_queued(); // all, before any task goes that may be in there
    for (const auto& each : loops_)
        each->close();
}

} // namespace simul::detail
