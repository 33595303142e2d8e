// SPDX-License-Identifier: MIT
#include "ambient.hpp"
#include "one_per_process.hpp"

#include <simul/base/error.hpp>
#include <simul/run/unsync.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace simul::detail {
namespace {

class ambient_pool {
public:
    std::shared_ptr<process_pool> get()
    {
        const std::lock_guard held(mutex_);
        if (closed_)
            throw closed_error("unsync takes no more jobs for processes: the process is ending");
        if (!pool_)
            pool_ = std::make_shared<process_pool>();
        return pool_;
    }
    /// When its jobs are done.
    void end() noexcept { end(false); }
    void close() noexcept { end(true); }

private:
    void end(bool for_good) noexcept
    {
        std::shared_ptr<process_pool> ending; // goes without the mutex
        const std::lock_guard held(mutex_);
        closed_ = closed_ || for_good;
        ending = std::move(pool_);
    }

    std::mutex mutex_;
    std::shared_ptr<process_pool> pool_;
    bool closed_ = false;
};

} // namespace

std::shared_ptr<process_pool> ambient_processes()
{
    return one_per_process<ambient_pool>::here().get();
}

void end_ambient_processes() noexcept
{
    if (ambient_pool* const made = one_per_process<ambient_pool>::if_made())
        made->end();
}

} // namespace simul::detail
