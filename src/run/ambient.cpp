// SPDX-License-Identifier: MIT
#include "ambient.hpp"
#include "one_per_process.hpp"
#include "os_thread.hpp"
#include "real_loop.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/ambient.hpp>
#include <simul/run/loop.hpp>

#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace simul::detail {
namespace {

/// A loop and its thread.
class background {
public:
    background() : loop_(make_real_loop())
    {
        try {
            thread_ = start_without_signals([](void* self) { static_cast<background*>(self)->run(); }, this);
        } catch (const std::system_error& refused) {
            throw error(refused.code(), "the ambient loop: starting its thread: " + refused.code().message());
        }
    }

    executor& home() noexcept { return *loop_; }

    void end() noexcept
    {
        loop_->stop_threadsafe();
        if (thread_.get_id() == std::this_thread::get_id())
            thread_.detach(); // a task of its own ended the process
        else
            thread_.join();
    }

    std::unique_ptr<background> before; ///< has ended; its closed loop still answers who asks a task there to cancel

private:
    void run() noexcept
    {
        name_this_thread("simul-ambient");
        loop_->run_forever();
        loop_->shutdown();
        loop_->close();
    }

    std::unique_ptr<loop> loop_;
    std::thread thread_;
};

/// All of them.
class surroundings {
public:
    /// Locks it until `leave`.
    executor& enter()
    {
        std::unique_lock held(mutex_);
        if (closed_)
            throw closed_error("the ambient loop takes no more tasks: the process is ending");
        if (!now_)
            now_ = std::make_unique<background>();
        held.release();
        return now_->home();
    }
    void leave() noexcept { mutex_.unlock(); }

    void end() noexcept { end(false); }
    void close() noexcept { end(true); }

private:
    void end(bool for_good) noexcept
    {
        std::unique_ptr<background> ending;
        {
            const std::lock_guard held(mutex_);
            closed_ = closed_ || for_good;
            ending = std::move(now_);
        }
        if (!ending)
            return;
        ending->end(); // its tasks may begin others meanwhile, elsewhere
        const std::lock_guard held(mutex_);
        ending->before = std::move(ended_);
        ended_ = std::move(ending);
    }

    std::mutex mutex_;
    std::unique_ptr<background> now_;
    std::unique_ptr<background> ended_; ///< the latest
    bool closed_ = false;
};

using ambient_loops = one_per_process<surroundings>;

} // namespace

ambient_entrance::ambient_entrance() : loop_(&ambient_loops::here().enter()) {}

ambient_entrance::~ambient_entrance()
{
    ambient_loops::here().leave();
}

void end_ambient_loop() noexcept
{
    if (surroundings* const made = ambient_loops::if_made())
        made->end();
}

} // namespace simul::detail
