// SPDX-License-Identifier: MIT
#include "pool.hpp"

#include <simul/base/error.hpp>
#include <simul/task/spawn.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <new>
#include <utility>

namespace simul::http::detail {

namespace {

std::ptrdiff_t permits(std::size_t limit) noexcept
{
    constexpr auto most = std::numeric_limits<std::ptrdiff_t>::max() / 2; // `close` adds to them
    return limit == 0 || limit > std::size_t{most} ? most : static_cast<std::ptrdiff_t>(limit);
}

// Lists in no order, whose members know their places: there may be thousands of them.

template <class T> void add_to(std::vector<T*>& list, T& one)
{
    one.place = list.size();
    list.push_back(&one);
}

template <class T> void remove_from(std::vector<T*>& list, T& one) noexcept
{
    list.back()->place = one.place;
    std::swap(list[one.place], list.back());
    list.pop_back();
}

task<> say_goodbye(std::unique_ptr<lane> gone)
{
    try {
        co_await gone->say_goodbye();
    } catch (const error&) { // the peer has gone, too
    }
}

} // namespace

pool::pool(const pool_limits& within) : limits_(within), places_(permits(within.all))
{
    fire = [](timer& of) noexcept { static_cast<pool&>(of).expire(); };
}

pool::~pool()
{
    drop_all_idle();
}

void pool::settle_here()
{
    loop& here = loop::current();
    if (home_ && home_->home() == &here)
        return;
    if (home_ && home_->home())
        throw invalid_state("HTTP: this client is used on another loop");
    home_.emplace(here, *this);
}

pool::lease pool::enter(std::string_view host)
{
    settle_here();
    auto at = hosts_.find(host);
    if (at == hosts_.end())
        at = hosts_.try_emplace(std::string(host), permits(limits_.per_host)).first;
    ++at->second.users;
    return {*this, at};
}

void pool::leave(hosts::iterator at) noexcept
{
    if (--at->second.users == 0 && at->second.idle.empty())
        hosts_.erase(at);
}

void pool::close() noexcept
{
    if (std::exchange(closed_, true))
        return;
    drop_all_idle();
    for (auto* const each : connecting_)
        each->flight.cancel();
    // Who waits for a place gets one, and sees.
    std::ptrdiff_t waiting = 0;
    for (auto& [name, at] : hosts_) {
        waiting += static_cast<std::ptrdiff_t>(at.users);
        at.places.release(static_cast<std::ptrdiff_t>(at.users));
    }
    if (waiting > 0)
        places_.release(waiting);
    for (lane* const each : in_use_)
        each->abort();
}

// ---- idle lanes

void pool::keep(host& at, std::unique_ptr<lane> kept)
{
    loop& here = *home_->home();
    at.idle.push_back({std::move(kept), deadline_after(here.now(), limits_.keep_alive)});
    ++idle_;
    if (!armed()) {
        deadline = at.idle.back().until;
        here.arm(*this);
    }
}

std::unique_ptr<lane> pool::take_idle(host& at) noexcept
{
    while (!at.idle.empty()) {
        std::unique_ptr<lane> latest = std::move(at.idle.back().kept);
        at.idle.pop_back();
        --idle_;
        if (latest->is_quiet())
            return latest;
    }
    return nullptr;
}

/// It goes out with this turn of the loop, and nobody waits for it.
void pool::let_go(std::unique_ptr<lane> gone) noexcept
{
    const loop* const here = home_->home();
    if (!here || here->is_closed() || executor::current() != here || !gone->has_goodbye())
        return;
    try {
        spawn(say_goodbye(std::move(gone))).detach();
    } catch (const std::bad_alloc&) {
    }
}

/// Closes the lane that is idle for longest, when there is no room for another beside it.
void pool::make_room() noexcept
{
    const auto in_use = static_cast<std::size_t>(permits(limits_.all) - places_.available());
    if (idle_ == 0 || in_use + idle_ <= static_cast<std::size_t>(permits(limits_.all)))
        return;
    host* longest = nullptr;
    for (auto& [name, at] : hosts_)
        if (!at.idle.empty() && (!longest || at.idle.front().until < longest->idle.front().until))
            longest = &at;
    let_go(std::move(longest->idle.front().kept));
    longest->idle.erase(longest->idle.begin());
    --idle_;
}

void pool::expire() noexcept
{
    loop* const here = home_->home();
    if (!here || here->is_closed()) // which fires all timers that are left
        return;
    deadline = drop_idle(here->now());
    if (deadline != never)
        here->arm(*this);
}

/// Those that are due by `now`. Returns when the next will be.
time_point pool::drop_idle(time_point now) noexcept
{
    time_point next = never;
    for (auto each = hosts_.begin(); each != hosts_.end();) {
        host& at = each->second;
        const auto kept = std::ranges::find_if(at.idle, [&](const idle_lane& one) { return one.until > now; });
        idle_ -= static_cast<std::size_t>(kept - at.idle.begin());
        for (auto gone = at.idle.begin(); gone != kept; ++gone)
            let_go(std::move(gone->kept));
        at.idle.erase(at.idle.begin(), kept);
        if (!at.idle.empty())
            next = std::min(next, at.idle.front().until);
        each = at.idle.empty() && at.users == 0 ? hosts_.erase(each) : std::next(each);
    }
    return next;
}

void pool::drop_all_idle() noexcept
{
    if (armed() && home_->home())
        home_->home()->disarm(*this);
    drop_idle(never);
}

pool::connecting::connecting(pool& at, task<std::unique_ptr<lane>> making) : of(at), flight(spawn(std::move(making)))
{
    add_to(of.connecting_, *this);
}

pool::connecting::~connecting()
{
    remove_from(of.connecting_, *this);
}

// ---- leases

pool::lease::lease(lease&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)),
      at_(other.at_),
      of_host_(std::move(other.of_host_)),
      of_all_(std::move(other.of_all_)),
      lane_(std::move(other.lane_)),
      reused_(other.reused_)
{
}

pool::lease& pool::lease::operator=(lease&& other) noexcept
{
    drop();
    of_ = std::exchange(other.of_, nullptr);
    at_ = other.at_;
    of_host_ = std::move(other.of_host_);
    of_all_ = std::move(other.of_all_);
    lane_ = std::move(other.lane_);
    reused_ = other.reused_;
    return *this;
}

bool pool::lease::try_take_place()
{
    of_host_ = at_->second.places.try_acquire();
    if (!of_host_)
        return false;
    of_all_ = of_->places_.try_acquire();
    if (!of_all_)
        of_host_ = permit();
    return static_cast<bool>(of_all_);
}

task<bool> pool::lease::take_place()
{
    of_host_ = co_await at_->second.places.acquire();
    if (!of_->is_closed())
        of_all_ = co_await of_->places_.acquire();
    co_return !of_->is_closed();
}

bool pool::lease::try_reuse()
{
    lane_ = of_->take_idle(at_->second);
    reused_ = lane_ != nullptr;
    if (lane_)
        add_to(of_->in_use_, *lane_);
    return reused_;
}

task<bool> pool::lease::connect(task<std::unique_ptr<lane>> making)
{
    pool& of = *of_;
    try {
        pool::connecting here(of, std::move(making));
        lane_ = co_await here.flight;
    } catch (...) {
        if (!of.is_closed())
            throw;
    }
    if (of.is_closed()) {
        lane_.reset();
        co_return false;
    }
    reused_ = false;
    add_to(of.in_use_, *lane_);
    co_return true;
}

void pool::lease::close_lane() noexcept
{
    if (lane_)
        remove_from(of_->in_use_, *lane_);
    lane_.reset();
}

void pool::lease::give_back() noexcept
{
    if (lane_ && of_->limits_.keep_alive > duration::zero() && !of_->is_closed() && of_->home_->home() &&
        lane_->is_reusable()) {
        remove_from(of_->in_use_, *lane_);
        of_->keep(at_->second, std::move(lane_));
    }
    drop();
}

void pool::lease::drop() noexcept
{
    if (!of_)
        return;
    close_lane();
    of_host_ = permit();
    of_all_ = permit();
    std::exchange(of_, nullptr)->leave(at_);
}

} // namespace simul::http::detail
