// SPDX-License-Identifier: MIT
//
// One callback at the loop for each signal that somebody is interested in; it tells them all.
#include <simul/io/signals.hpp>

#include "run/loop_parts.hpp"
#include "run/loop_resource.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/promise_base.hpp>
#include <simul/detail/wait_queue.hpp>
#include <simul/run/loop.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <coroutine>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace simul {
namespace detail {
namespace {

std::uint64_t bit_of(int number) noexcept
{
    return std::uint64_t{1} << (number - 1);
}

} // namespace

/// What a `signals` has.
class signal_interest final : loop_resource {
public:
    class wait;

    explicit signal_interest(std::vector<int> numbers);
    ~signal_interest() { end(); }

    void arrived(int number) noexcept;
    void check_usable() const
    {
        if (is_over())
            throw closed_error("signals: the loop is closed");
        if (executor::current() != home())
            throw invalid_state("signals: they belong to another loop");
    }

private:
    bool is_over() const noexcept { return home() == nullptr; }
    void end() noexcept;
    void loop_closes() noexcept override;

    std::vector<int> numbers_;
    std::uint64_t unseen_ = 0; ///< arrived, and nobody waited
    wait_queue waiting_;
};

namespace {

/// Of one loop: who wants which signal.
class signal_desk {
public:
    static signal_desk& of(loop& here)
    {
        static const char key = 0;
        std::shared_ptr<void>& place = here.internals().belongings[&key];
        if (!place)
            place = std::make_shared<signal_desk>(here);
        return *std::static_pointer_cast<signal_desk>(place);
    }
    explicit signal_desk(loop& at) noexcept : loop_(at) {}

    void add(int number, signal_interest& who)
    {
        const auto [at, first] = handled_.try_emplace(number);
        try {
            at->second.interested.push_back(&who);
            if (first)
                take_over(number, at->second);
        } catch (...) {
            handled_.erase(at);
            throw;
        }
    }

    void remove(int number, signal_interest& who) noexcept
    {
        const auto at = handled_.find(number);
        std::erase(at->second.interested, &who);
        if (!at->second.interested.empty())
            return;
        give_back(number, at->second);
        handled_.erase(at);
    }

private:
    struct handling {
        std::vector<signal_interest*> interested;
        callback* ours = nullptr;
        callback* before = nullptr; ///< the loop's own, which we took the place of
        struct sigaction action_before{};
    };

    void take_over(int number, handling& h)
    {
        auto& callbacks = loop_.internals().signal_callbacks;
        const auto present = callbacks.find(number);
        callback* const before = present != callbacks.end() ? present->second : nullptr;
        if (before)
            before->acquire();
        ::sigaction(number, nullptr, &h.action_before);
        try {
            loop_.on_signal(number, [this, number] { arrived(number); });
        } catch (...) {
            if (before)
                before->release();
            throw;
        }
        h.before = before;
        h.ours = callbacks.at(number);
    }

    void give_back(int number, handling& h) noexcept
    {
        auto& callbacks = loop_.internals().signal_callbacks;
        const auto present = callbacks.find(number);
        const bool still_ours = present != callbacks.end() && present->second == h.ours;
        if (still_ours && h.before) {
            std::exchange(present->second, std::exchange(h.before, nullptr))->release();
            ::sigaction(number, &h.action_before, nullptr); // it may have been for one signal only
        } else if (still_ours) {
            loop_.remove_signal(number);
        }
        if (h.before)
            h.before->release();
    }

    void arrived(int number) noexcept
    {
        if (const auto at = handled_.find(number); at != handled_.end())
            for (signal_interest* const each : at->second.interested)
                each->arrived(number);
    }

    loop& loop_;
    std::map<int, handling> handled_;
};

} // namespace

signal_interest::signal_interest(std::vector<int> numbers) : loop_resource(loop::current())
{
    std::ranges::sort(numbers);
    const auto repeated = std::ranges::unique(numbers);
    numbers.erase(repeated.begin(), repeated.end());
    if (numbers.empty())
        throw error(std::errc::invalid_argument, "signals: name at least one");
    numbers_.reserve(numbers.size());
    try {
        for (const int each : numbers) {
            signal_desk::of(*home()).add(each, *this);
            numbers_.push_back(each);
        }
    } catch (...) {
        end();
        throw;
    }
}

void signal_interest::end() noexcept
{
    if (is_over())
        return;
    for (const int each : numbers_)
        signal_desk::of(*home()).remove(each, *this);
    leave_loop();
}

void signal_interest::loop_closes() noexcept
{
    end();
    const std::lock_guard lock(waiting_);
    waiting_.serve_all();
}

class [[nodiscard("nothing waits until it is awaited: co_await it")]] signal_interest::wait final : public waiter {
public:
    explicit wait(signal_interest& at) noexcept : at_(at) {}
    ~wait() { withdraw(); }

    bool await_ready() noexcept
    {
        if (at_.unseen_ == 0)
            return false;
        number_ = std::countr_zero(at_.unseen_) + 1;
        at_.unseen_ &= at_.unseen_ - 1;
        return true;
    }
    template <std::derived_from<promise_base> Promise> void await_suspend(std::coroutine_handle<Promise> frame)
    {
        wait_in(frame.promise());
        {
            const std::lock_guard lock(at_.waiting_);
            at_.waiting_.push(*this);
        }
        settle();
    }
    int await_resume()
    {
        finish_wait("signals");
        if (number_ == 0)
            throw closed_error("signals: the loop is closed");
        return number_;
    }

private:
    friend signal_interest;

    signal_interest& at_; ///< may be gone once we were served
    int number_ = 0;
};

void signal_interest::arrived(int number) noexcept
{
    const std::lock_guard lock(waiting_);
    if (auto* const first = static_cast<wait*>(waiting_.take())) {
        first->number_ = number;
        first->served();
    } else {
        unseen_ |= bit_of(number);
    }
}

} // namespace detail

signals::signals(std::vector<int> numbers) : interest_(std::make_unique<detail::signal_interest>(std::move(numbers)))
{
}
signals::signals(signals&&) noexcept = default;
signals& signals::operator=(signals&&) noexcept = default;
signals::~signals() = default;

task<int> signals::next()
{
    if (!interest_)
        throw invalid_state("signals: was moved from");
    interest_->check_usable();
    co_return co_await detail::signal_interest::wait(*interest_);
}

task<int> next_signal(std::vector<int> numbers)
{
    signals asked(std::move(numbers));
    co_return co_await asked.next();
}

std::string signal_name(int number)
{
    if (const char* const short_name = ::sigabbrev_np(number))
        return std::string("SIG") + short_name;
    return "signal " + std::to_string(number);
}

} // namespace simul
