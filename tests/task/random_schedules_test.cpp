// SPDX-License-Identifier: MIT
//
// Random trees of gather, race, timeout, group and shield, cancelled at random, in random schedules: whatever happens, every
// task ends, its frame and arguments are destroyed, and nothing is reported.
#include "orders.hpp"
#include "outcome.hpp"

#include <simul/task/gather.hpp>
#include <simul/task/group.hpp>
#include <simul/task/race.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace outcome;
using simul::task;

struct world {
    explicit world(std::uint64_t seed) : random(seed) {}
    int draw(int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); }
    simul::duration short_time() { return std::chrono::milliseconds(draw(6)); }

    std::mt19937_64 random;
    int live = 0;
    int begun = 0;
    int ended = 0;
};

task<int> node(world& w, int depth, counted alive);
task<int> make(world& w, int depth)
{
    return node(w, depth, counted(w.live));
}

task<int> leaf(world& w)
{
    switch (w.draw(7)) {
    case 0:
        throw std::runtime_error("drawn");
    case 1:
        simul::this_task::cancel();
        break;
    case 2:
        try {
            co_await simul::sleep(w.short_time());
        } catch (const simul::cancelled&) { // swallows it
        }
        break;
    case 3:
        try {
            co_await simul::sleep(w.short_time());
        } catch (const simul::cancelled&) {
            throw std::runtime_error("on the way out");
        }
        break;
    case 4:
        co_await simul::yield();
        break;
    default:
        co_await simul::sleep(w.short_time());
    }
    co_return 1;
}

task<int> branch_out(world& w, int depth)
{
    switch (w.draw(8)) {
    case 0: {
        const auto [a, b, c] = co_await simul::gather(make(w, depth), make(w, depth), make(w, depth));
        co_return a + b + c;
    }
    case 1: {
        std::vector<task<int>> several;
        for (int i = w.draw(5); i > 0; --i)
            several.push_back(make(w, depth));
        co_return static_cast<int>((co_await simul::gather(std::move(several), {.limit = std::size_t(w.draw(3))})).size());
    }
    case 2: {
        const auto [a, b] = co_await simul::settle(make(w, depth), make(w, depth));
        co_return a.has_value() + b.has_value();
    }
    case 3:
        co_return static_cast<int>((co_await simul::race(make(w, depth), make(w, depth), make(w, depth))).index());
    case 4:
        co_return co_await simul::timeout(w.short_time() - 1ms, make(w, depth));
    case 5:
        co_return co_await simul::with_group([&w, depth](simul::group& g) -> task<int> {
            for (int i = w.draw(4); i > 0; --i)
                g.spawn(make(w, depth));
            if (w.draw(4) == 0)
                g.cancel();
            co_return co_await make(w, depth);
        }, {.limit = std::size_t(w.draw(3))});
    case 6: {
        auto flight = simul::spawn(make(w, depth));
        const int chosen = w.draw(3);
        if (chosen == 0)
            flight.cancel();
        if (chosen == 1)
            co_return co_await simul::shield(flight);
        co_return co_await flight;
    }
    default:
        co_return co_await make(w, depth) + co_await make(w, depth);
    }
}

task<int> node(world& w, int depth, counted alive)
{
    static_cast<void>(alive);
    struct in_and_out {
        explicit in_and_out(world& in) : seen(in) { ++seen.begun; }
        ~in_and_out() { ++seen.ended; }
        world& seen;
    } const inside(w);
    if (depth == 0 || w.draw(4) == 0)
        co_return co_await leaf(w);
    const bool cleans = w.draw(3) == 0;
    std::exception_ptr error;
    int result = 0;
    try {
        result = co_await branch_out(w, depth - 1);
    } catch (...) {
        if (!cleans)
            throw;
        error = std::current_exception();
    }
    if (cleans)
        co_await simul::sleep(w.short_time());
    if (error)
        std::rethrow_exception(error);
    co_return result;
}

TEST(RandomSchedules, EndEveryTaskAndDestroyEveryFrame)
{
    for (std::uint64_t seed = 1; seed <= laws::usual_orders; ++seed) {
        world w(seed);
        std::size_t reported = 0;
        std::string first;
        simulate([&]() -> task<> {
            simul::loop::current().set_error_handler([&](const simul::problem& p) {
                if (p.message.find("nobody asked") != std::string::npos)
                    return; // left behind by a shield
                ++reported;
                first = p.text();
            });
            auto flight = simul::spawn(make(w, 4));
            for (int requests = w.draw(4); requests > 0; --requests) {
                co_await simul::sleep(w.short_time());
                flight.cancel();
            }
            try {
                co_await simul::timeout(1h, flight);
            } catch (...) { // any outcome will do
            }
            EXPECT_TRUE(flight.done()) << "seed " << seed;
        }, seed);
        EXPECT_EQ(w.live, 0) << "seed " << seed;
        EXPECT_EQ(w.begun, w.ended) << "seed " << seed;
        EXPECT_EQ(reported, 0u) << "seed " << seed << ": " << first;
        if (HasFailure())
            return;
    }
}

} // namespace
