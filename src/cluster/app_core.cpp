// SPDX-License-Identifier: MIT
#include "app_core.hpp"

#include "app_session.hpp"
#include "io/this_machine.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/ambient.hpp>
#include <simul/task/spawn.hpp>

#include <exception>
#include <source_location>
#include <utility>

namespace simul::cluster::detail {

app_core::app_core(std::string name, app_options options, app_parts parts)
    : name_(std::move(name)), options_(std::move(options)), parts_(std::move(parts))
{
}

void app_core::give(order& asked)
{
    const std::lock_guard held(mutex_);
    if (running_ && process_ != simul::detail::process_id())
        throw invalid_state("cluster " + name_ +
                            ": the app was used before this process was forked from another: make one here");
    if (asked.kind == order_kind::close) {
        closing_ = true;
        if (!running_) {
            asked.deliver({});
            return;
        }
    } else if (closing_) {
        throw closed_error("cluster " + name_ + ": the app is closed");
    }
    if (!running_)
        begin_session();
    put(asked, note::wish::begin);
}

void app_core::withdraw(order& asked) noexcept
{
    const std::lock_guard held(mutex_);
    if (running_ && process_ == simul::detail::process_id())
        put(asked, note::wish::withdraw);
}

void app_core::put(order& about, note::wish wish)
{
    notes_.push_back({order_share(about), wish});
    if (notes_.size() == 1)
        bell_.set();
}

app_core::mail app_core::take_mail()
{
    const std::lock_guard held(mutex_);
    bell_.clear();
    return {std::exchange(notes_, {}), closing_};
}

void app_core::begin_session()
{
    if (parts_.on_this_loop) {
        home_ = &executor::require("a cluster::app of a test");
        spawn(run(shared_from_this())).detach();
    } else {
        home_ = nullptr;
        simul::detail::start_in_background(run(shared_from_this()), std::source_location::current()).detach();
    }
    running_ = true;
    process_ = simul::detail::process_id();
}

task<> app_core::run(std::shared_ptr<app_core> self)
{
    {
        const std::lock_guard held(self->mutex_);
        self->home_ = executor::current();
    }
    app_session session(*self);
    std::exception_ptr why;
    try {
        co_await session.serve();
    } catch (const cancelled&) {
        // The loop ends: so does this.
    } catch (...) {
        why = std::current_exception();
    }
    if (!why)
        why = std::make_exception_ptr(closed_error("cluster " + self->name_ + ": the app was closed before the result was there; "
                                                   "its job goes on"));
    session.end(self->end_session(), why);
}

std::vector<note> app_core::end_session() noexcept
{
    const std::lock_guard held(mutex_);
    running_ = false;
    ended_.notify_all();
    bell_.clear();
    return std::exchange(notes_, {});
}

void app_core::end() noexcept
{
    std::unique_lock held(mutex_);
    closing_ = true;
    if (!running_ || process_ != simul::detail::process_id())
        return;
    bell_.set();
    if (home_ != executor::current() || !home_)
        ended_.wait(held, [this] { return !running_; });
}

void give(const std::shared_ptr<app_core>& app, order& asked)
{
    app->give(asked);
}

void withdraw(app_core& app, order& asked) noexcept
{
    app.withdraw(asked);
}

simul::detail::outside_job wait_outside(const app_core& app) noexcept
{
    return app.parts().on_this_loop ? simul::detail::outside_job() : simul::detail::outside_job::begin();
}

void refuse_result(const std::string& name, const json::error& why)
{
    throw error(std::errc::bad_message,
                "cluster: " + name + ": the result is another than was asked for: " + why.what());
}

} // namespace simul::cluster::detail
