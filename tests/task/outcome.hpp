// SPDX-License-Identifier: MIT
//
// What the tests of the combinators share: how an await ended, how many objects live, what was reported.
#pragma once

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace outcome {

using namespace std::chrono_literals;

/// Runs it in virtual time; with a seed, what is ready at once runs in an order drawn from that.
template <class Body> auto simulate(Body body, std::uint64_t seed = 0)
{
    return simul::run(std::move(body), {.backend = simul::backend::sim, .seed = seed});
}

/// Whether awaiting `work` raises an `E`. Other errors pass.
template <class E, class Work> simul::task<bool> raises(Work work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (const E&) {
        co_return true;
    }
    co_return false;
}

/// The text of the error that awaiting `work` raises; "cancelled", or "" for none.
template <class Work> simul::task<std::string> error_of(Work work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (const simul::cancelled&) {
        co_return "cancelled";
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "";
}

template <class T> simul::task<std::string> error_of(simul::future<T>& flight)
{
    return error_of([](simul::future<T>& awaited) -> simul::task<> { static_cast<void>(co_await awaited); }(flight));
}

inline std::string what(const std::exception_ptr& error)
{
    try {
        std::rethrow_exception(error);
    } catch (const simul::cancelled&) {
        return "cancelled";
    } catch (const simul::error_group& group) {
        std::string all = "(";
        for (const std::exception_ptr& each : group.errors())
            all += (all.size() == 1 ? "" : " ") + what(each);
        return all + ")";
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "?";
    }
}

inline simul::task<int> value_after(simul::duration wait, int value)
{
    co_await simul::sleep(wait);
    co_return value;
}

inline simul::task<int> error_after(simul::duration wait, std::string text)
{
    co_await simul::sleep(wait);
    throw std::runtime_error(std::move(text));
}

/// Sleeps; when cancelled, takes `clean_up` to end and says so in `log`.
inline simul::task<int> cleaning_up(simul::duration clean_up, std::vector<std::string>& log, std::string name)
{
    try {
        co_await simul::sleep(24h);
    } catch (const simul::cancelled&) {
        log.push_back(name + " cancelled");
    }
    co_await simul::sleep(clean_up);
    log.push_back(name + " clean");
    throw simul::cancelled{};
}

/// Counts how many of its kind live.
class counted {
public:
    explicit counted(int& live) noexcept : live_(&live) { ++live; }
    counted(counted&& other) noexcept : live_(other.live_) { ++*live_; }
    counted& operator=(counted&&) = delete;
    ~counted() { --*live_; }

private:
    int* live_;
};

/// What was reported to this loop.
class reports {
public:
    reports()
    {
        simul::loop::current().set_error_handler([seen = seen_](const simul::problem& p) { seen->push_back(p); });
    }
    const std::vector<simul::problem>& seen() const { return *seen_; }

private:
    std::shared_ptr<std::vector<simul::problem>> seen_ = std::make_shared<std::vector<simul::problem>>();
};

} // namespace outcome
