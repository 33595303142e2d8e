// SPDX-License-Identifier: MIT
#include "laws.hpp"

#include <simul/task/watch.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using laws::is_a;
using laws::settle;
using laws::simulate;
using simul::spawn;
using simul::task;
using simul::watch;

struct observers {
    static constexpr const char* name = "watch";
    static constexpr bool gives_all = true;
    explicit observers(int) {}
    task<laws::nothing> wait()
    {
        auto mine = value->observe();
        EXPECT_TRUE(co_await mine.changed());
        co_return {};
    }
    void give() { value->set(1); }
    void destroy() { value.reset(); }
    std::optional<watch<int>> value{std::in_place};
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(WatchChanged, Laws, observers);
} // namespace laws

namespace {

TEST(Watch, GivesTheLatestValueAndWaitsForANewerOne)
{
    simulate([]() -> task<> {
        watch<std::string> w("first");
        auto mine = w.observe();
        EXPECT_EQ(w.get(), "first");
        EXPECT_EQ(mine.get(), "first");
        EXPECT_FALSE(mine.has_changed());
        auto next = spawn(mine.changed());
        co_await settle();
        EXPECT_FALSE(next.done());
        w.set("second");
        w.set("third"); // before the observer runs: only the latest counts
        EXPECT_EQ(co_await next, "third");
        EXPECT_FALSE(mine.has_changed());
        w.set("fourth");
        EXPECT_TRUE(mine.has_changed());
        EXPECT_EQ(co_await mine.changed(), "fourth");
        w.set("fifth");
        EXPECT_EQ(mine.get(), "fifth"); // looking is seeing
        EXPECT_FALSE(mine.has_changed());
    });
}

TEST(Watch, AnObserverHasSeenTheValueOfThen)
{
    simulate([]() -> task<> {
        watch<int> w(1);
        w.set(2);
        auto mine = w.observe();
        EXPECT_EQ(w.observers(), 1U);
        EXPECT_FALSE(mine.has_changed());
        w.set(2); // the same value counts as a change
        EXPECT_EQ(co_await mine.changed(), 2);
    });
}

TEST(Watch, AfterCloseObserversGetWhatIsNewAndThenNothing)
{
    simulate([]() -> task<> {
        watch<int> w(1);
        auto behind = w.observe();
        auto current = w.observe();
        w.set(2);
        EXPECT_EQ(current.get(), 2);
        auto waiting = spawn(current.changed());
        co_await settle();
        w.close();
        EXPECT_TRUE(w.closed());
        EXPECT_EQ(co_await waiting, std::nullopt);
        EXPECT_EQ(co_await behind.changed(), 2);
        EXPECT_EQ(co_await behind.changed(), std::nullopt);
        EXPECT_EQ(behind.get(), 2);
        EXPECT_THROW(w.set(3), simul::closed_error);
        EXPECT_THROW(w.close(), simul::invalid_state);
    });
}

TEST(Watch, ACancelledWaitHasSeenNothing)
{
    simulate([]() -> task<> {
        watch<int> w(1);
        auto mine = w.observe();
        auto early = spawn(mine.changed());
        co_await settle();
        early.cancel();
        w.set(2);
        co_await settle();
        EXPECT_TRUE(early.cancelled());
        EXPECT_TRUE(mine.has_changed());
        EXPECT_EQ(co_await mine.changed(), 2);
    });
}

TEST(Watch, OnlyOneTaskMayWaitAtAnObserver)
{
    simulate([]() -> task<> {
        watch<int> w(1);
        auto mine = w.observe();
        auto first = spawn(mine.changed());
        co_await settle();
        auto second = spawn(mine.changed());
        co_await settle();
        EXPECT_TRUE(is_a<simul::invalid_state>(second.error()));
        w.set(2);
        EXPECT_EQ(co_await first, 2);
    });
}

TEST(Watch, TellsAnObserverThatOutlivesIt)
{
    simulate([]() -> task<> {
        auto w = std::make_unique<watch<int>>(1);
        auto mine = w->observe();
        auto served = spawn(mine.changed());
        co_await settle();
        w->set(2);
        w.reset(); // before the observer has run
        co_await settle();
        EXPECT_TRUE(is_a<simul::invalid_state>(served.error()));
        EXPECT_THROW(static_cast<void>(mine.get()), simul::invalid_state);
    });
}

TEST(Watch, NobodyEverMissesTheLastValueWhateverTheOrder)
{
    laws::for_each_seed([](std::uint64_t seed) -> task<> {
        laws::source random(seed);
        watch<int> w(0);
        int ended = 0;
        const auto follow = [&](watch<int>::observer mine) -> task<> {
            int last = 0;
            while (const auto value = co_await mine.changed()) {
                EXPECT_GT(*value, last);
                last = *value;
                for (int turns = random.below(3); turns > 0; --turns)
                    co_await simul::yield();
            }
            EXPECT_EQ(last, w.get());
            ++ended;
        };
        std::vector<simul::future<>> following;
        for (int i = 0; i < 3; ++i)
            following.push_back(spawn(follow(w.observe())));
        for (int i = 1; i <= 6; ++i) {
            w.set(i);
            for (int turns = random.below(3); turns > 0; --turns)
                co_await simul::yield();
        }
        w.close();
        for (auto& each : following)
            co_await each;
        EXPECT_EQ(ended, 3);
    });
}

TEST(Watch, TwoThreadsSeeTheLastValue)
{
    watch<int> w(0);
    std::atomic<int> setters = 2;
    laws::run_in_two_threads([&](int thread) -> task<> {
        auto mine = w.observe();
        auto following = spawn([](watch<int>::observer from) -> task<int> {
            int looks = 0;
            while (co_await from.changed())
                ++looks;
            co_return looks;
        }(std::move(mine)));
        for (int i = 0; i < 3000; ++i) {
            w.set(2 * i + thread);
            if (i % 10 == 0)
                co_await simul::yield();
        }
        if (--setters == 0)
            w.close();
        EXPECT_GT(co_await following, 0);
    });
}

} // namespace
