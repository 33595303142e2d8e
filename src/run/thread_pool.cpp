// SPDX-License-Identifier: MIT
#include <simul/run/thread_pool.hpp>

#include "crew.hpp"
#include "worker_threads.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/outside_job.hpp>
#include <simul/run/cpu_count.hpp>

#include <mutex>
#include <utility>
#include <vector>

namespace simul {

struct thread_pool::parts {
    /// The threads are joined when they have nothing left.
    ~parts() { crew.finish(); }

    struct awaited_end {
        promise<> to_tell;
        detail::outside_job outside; ///< the virtual time of who waits stands still
    };

    std::mutex mutex;
    bool ended = false;                ///< all threads have
    std::vector<awaited_end> who_wait; ///< for that

    detail::crew crew;
    detail::worker_threads threads{crew};

    static void tell_the_end(void* of)
    {
        parts& p = *static_cast<parts*>(of);
        std::vector<awaited_end> told;
        {
            const std::lock_guard held(p.mutex);
            p.ended = true;
            told.swap(p.who_wait);
        }
        for (awaited_end& each : told)
            each.to_tell.set_value();
    }
};

std::shared_ptr<thread_pool::parts> thread_pool::begin(thread_pool_options options, void (*initialize)(void*), void* with)
{
    if (options.backend == backend::sim)
        throw error(std::errc::invalid_argument, "thread_pool: its threads run in real time, so not on backend::sim");
    auto made = std::make_shared<parts>();
    made->threads.add(options.threads != 0 ? options.threads : cpu_count(),
                      {.backend = options.backend, .debug = options.debug});
    made->threads.start(options.name, initialize, with, parts::tell_the_end, made.get());
    return made;
}

bool thread_pool::offer(detail::context& work) noexcept
{
    return parts_->crew.inject(work);
}

detail::shared_work& thread_pool::counter() noexcept
{
    return parts_->crew.any();
}

std::size_t thread_pool::size() const noexcept
{
    return parts_->crew.size();
}

std::size_t thread_pool::unfinished() const noexcept
{
    return parts_->crew.roots();
}

future<> thread_pool::shutdown(shutdown_options options)
{
    parts::awaited_end asked{{}, detail::outside_job::begin()};
    future<> news = asked.to_tell.get_future();
    {
        const std::lock_guard held(parts_->mutex);
        if (parts_->ended)
            asked.to_tell.set_value();
        else
            parts_->who_wait.push_back(std::move(asked));
    }
    if (options.cancel_pending)
        parts_->crew.cancel_pending();
    parts_->crew.finish();
    return news;
}

} // namespace simul
