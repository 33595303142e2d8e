// SPDX-License-Identifier: MIT
#include <simul/task/latch.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::latch> && !std::is_move_constructible_v<simul::latch>);

struct latch_subject {
    static constexpr const char* name = "latch";
    static constexpr bool gives_all = true;

    explicit latch_subject(int /*survivors*/) {}
    task<laws::nothing> wait()
    {
        co_await closed->wait();
        co_return laws::nothing{};
    }
    void give() { closed->count_down(); }
    void destroy() { closed.reset(); }

    std::optional<simul::latch> closed{std::in_place, 1};
};

struct latch_model {
    explicit latch_model(laws::source& from) : random(from), left(random.below(6)), latch(left) {}

    task<> visit(int who)
    {
        for (int turns = random.below(3); turns > 0; --turns)
            co_await simul::yield();
        const bool arrives = left > 0 && random.one_in(2);
        const bool doomed = random.one_in(10);
        if (doomed)
            simul::this_task::cancel();
        if (arrives)
            count_down(1);
        states[who] = left > 0 ? state::waiting : state::through;
        if (doomed)
            cancel(who);
        try {
            if (arrives)
                co_await latch.arrive_and_wait();
            else
                co_await latch.wait();
            EXPECT_EQ(states[who], state::through) << "visitor " << who;
        } catch (const simul::cancelled&) {
            EXPECT_EQ(states[who], state::left) << "visitor " << who;
            throw;
        }
    }
    void cancel(int who)
    {
        if (states[who] == state::waiting)
            states[who] = state::left;
    }
    void act()
    {
        if (left == 0)
            return;
        const int by = random.below(left + 1);
        latch.count_down(by);
        count_down(by);
    }
    void finish() { act(); }
    void check() { EXPECT_EQ(latch.left(), left); }

    enum class state { absent, waiting, through, left };
    void count_down(int by)
    {
        left -= by;
        if (left > 0)
            return;
        for (state& each : states)
            if (each == state::waiting)
                each = state::through;
    }

    laws::source& random;
    int left;
    std::vector<state> states = std::vector<state>(40, state::absent);
    simul::latch latch;
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Latch, Laws, latch_subject);
}

namespace {

TEST(Latch, LetsEverybodyGoOnAtZeroAndForGood)
{
    simulate([]() -> task<> {
        simul::latch l(3);
        auto waiter = simul::spawn(l.wait());
        l.count_down();
        co_await settle();
        EXPECT_FALSE(waiter.done());
        EXPECT_EQ(l.left(), 2);
        EXPECT_FALSE(l.try_wait());
        l.count_down(2);
        EXPECT_TRUE(l.try_wait());
        co_await std::move(waiter);
        co_await l.wait();
    });
}

TEST(Latch, OfZeroIsOpen)
{
    simulate([]() -> task<> {
        simul::latch l(0);
        co_await l.wait();
        EXPECT_TRUE(l.try_wait());
    });
}

TEST(Latch, ArriveAndWaitCountsDownWhenItIsAwaited)
{
    simulate([]() -> task<> {
        simul::latch l(2);
        {
            auto unused = l.arrive_and_wait();
            EXPECT_EQ(l.left(), 2);
        }
        auto first = simul::spawn(l.arrive_and_wait());
        co_await settle();
        EXPECT_EQ(l.left(), 1);
        co_await l.arrive_and_wait();
        co_await std::move(first);
        EXPECT_EQ(l.left(), 0);
    });
}

TEST(Latch, TheArrivalOfATaskThatIsCancelledCountsAllTheSame)
{
    simulate([]() -> task<> {
        simul::latch l(2);
        auto first = simul::spawn(l.arrive_and_wait());
        co_await settle();
        first.cancel();
        co_await settle();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(l.left(), 1);
        co_await l.arrive_and_wait();
    });
}

TEST(Latch, RefusesImpossibleNumbersAndSaysWhy)
{
    EXPECT_THROW(simul::latch(-1), simul::error);
    simulate([]() -> task<> {
        simul::latch l(2);
        EXPECT_THROW(l.count_down(-1), simul::error);
        l.count_down(0);
        try {
            l.count_down(3);
            ADD_FAILURE();
        } catch (const simul::invalid_state& e) {
            EXPECT_STREQ(e.what(),
                         "count_down: by 3, but only 2 is left: the latch was made with too small a count, or "
                         "somebody arrived twice");
        }
        EXPECT_EQ(l.left(), 2);
        l.count_down(2);
        bool refused = false;
        try {
            co_await l.arrive_and_wait();
        } catch (const simul::invalid_state&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    });
}

TEST(Latch, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<latch_model>();
}

TEST(Latch, ShowsWhatHappenedBeforeAcrossThreadsAndMayBeDestroyedByItsWaiter)
{
    struct job {
        simul::latch done{2};
        int parts[2] = {};
    };
    laws::share_with_another_thread<job>(
        [](job& shared, int i) {
            shared.parts[1] = i;
            shared.done.count_down();
        },
        [](job& shared, int i) -> task<> {
            shared.parts[0] = i;
            co_await shared.done.arrive_and_wait();
            EXPECT_EQ(shared.parts[0] + shared.parts[1], 2 * i);
        });
}

TEST(Latch, LetsTasksOfTwoThreadsGoOnWhileSomeAreCancelled)
{
    constexpr int rounds = 300;
    constexpr int tasks = 4;
    std::deque<simul::latch> all;
    for (int i = 0; i < rounds; ++i)
        all.emplace_back(2 * tasks);
    std::atomic<int> through = 0;
    std::atomic<int> cancelled = 0;
    laws::run_in_two_threads([&](int thread) -> task<> {
        laws::source random(static_cast<std::uint64_t>(thread));
        for (simul::latch& l : all) {
            std::vector<simul::future<>> arriving;
            for (int i = 0; i < tasks; ++i)
                arriving.push_back(simul::spawn([](simul::latch& at) -> task<> { co_await at.arrive_and_wait(); }(l)));
            co_await simul::yield(); // all have arrived
            if (random.one_in(2))
                arriving[static_cast<std::size_t>(random.below(tasks))].cancel();
            for (auto& each : arriving)
                try {
                    co_await std::move(each);
                    ++through;
                } catch (const simul::cancelled&) {
                    ++cancelled;
                }
        }
    });
    EXPECT_EQ(through + cancelled, 2 * rounds * tasks);
    EXPECT_GT(through, 2 * rounds * (tasks - 1) - 1);
}

} // namespace
