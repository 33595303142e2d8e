// SPDX-License-Identifier: MIT
#include <simul/task/barrier.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::barrier> && !std::is_move_constructible_v<simul::barrier>);

/// A party more than there are survivors: `give` is that party.
struct barrier_subject {
    static constexpr const char* name = "barrier";
    static constexpr bool gives_all = true;

    explicit barrier_subject(int survivors) : round(std::in_place, survivors + 1) {}
    task<laws::nothing> wait()
    {
        co_await round->wait();
        co_return laws::nothing{};
    }
    void give()
    {
        // In the laws about one of two waiters nobody else has come.
        EXPECT_EQ(round->try_wait(), round->parties() - 1);
    }
    void destroy() { round.reset(); }

    std::optional<simul::barrier> round;
};

struct barrier_model {
    explicit barrier_model(laws::source& from) : random(from), parties(1 + random.below(4)), barrier(parties) {}

    task<> visit(int who)
    {
        for (int turns = random.below(3); turns > 0; --turns)
            co_await simul::yield();
        arrive(who);
        if (random.one_in(10)) {
            simul::this_task::cancel();
            cancel(who);
        }
        try {
            const std::size_t place = co_await barrier.wait();
            EXPECT_EQ(states[who], static_cast<int>(place)) << "visitor " << who;
        } catch (const simul::broken_barrier&) {
            EXPECT_EQ(states[who], refused) << "visitor " << who;
        } catch (const simul::cancelled&) {
            EXPECT_EQ(states[who], left) << "visitor " << who;
            throw;
        }
    }
    void cancel(int who)
    {
        if (std::erase(here, who) > 0)
            states[who] = left;
    }
    void act()
    {
        switch (random.below(8)) {
        case 0:
            barrier.reset();
            send_away();
            broken = false;
            break;
        case 1:
            barrier.abort();
            send_away();
            broken = true;
            break;
        default:
            if (broken) {
                EXPECT_THROW(static_cast<void>(barrier.try_wait()), simul::broken_barrier);
            } else if (static_cast<int>(here.size()) + 1 == parties) {
                EXPECT_EQ(barrier.try_wait(), here.size());
                let_through();
            } else {
                EXPECT_EQ(barrier.try_wait(), std::nullopt);
            }
        }
    }
    void finish()
    {
        barrier.reset();
        send_away();
        broken = false;
    }
    void check()
    {
        EXPECT_EQ(barrier.waiting(), here.size());
        EXPECT_EQ(barrier.broken(), broken);
    }

    static constexpr int left = -1;
    static constexpr int refused = -2;
    static constexpr int waiting = -3;

    void arrive(int who)
    {
        if (broken) {
            states[who] = refused;
        } else if (static_cast<int>(here.size()) + 1 == parties) {
            states[who] = static_cast<int>(here.size());
            let_through();
        } else {
            states[who] = waiting;
            here.push_back(who);
        }
    }
    void let_through()
    {
        for (std::size_t place = 0; place < here.size(); ++place)
            states[here[place]] = static_cast<int>(place);
        here.clear();
    }
    void send_away()
    {
        for (const int each : here)
            states[each] = refused;
        here.clear();
    }

    laws::source& random;
    int parties;
    bool broken = false;
    std::vector<int> here;
    std::vector<int> states = std::vector<int>(40, waiting);
    simul::barrier barrier;
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Barrier, Laws, barrier_subject);
}

namespace {

task<std::size_t> place_at(simul::barrier& b)
{
    co_return co_await b.wait();
}

TEST(Barrier, GivesEachItsPlaceInTheOrderOfArrival)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        std::vector<simul::future<std::size_t>> all;
        for (int i = 0; i < 3; ++i)
            all.push_back(simul::spawn(place_at(b)));
        for (std::size_t i = 0; i < 3; ++i)
            EXPECT_EQ(co_await std::move(all[i]), i);
        EXPECT_EQ(b.waiting(), 0u);
        EXPECT_FALSE(b.broken());
    });
}

TEST(Barrier, OfOnePartyHoldsNobodyUp)
{
    simulate([]() -> task<> {
        simul::barrier b(1);
        EXPECT_EQ(co_await b.wait(), 0u);
        EXPECT_EQ(b.try_wait(), 0u);
    });
}

TEST(Barrier, SixTasksAtABarrierForThreeAreTwoGenerations)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        std::vector<std::pair<int, std::size_t>> through;
        std::vector<simul::future<>> all;
        for (int who = 0; who < 6; ++who)
            all.push_back(simul::spawn([](simul::barrier& at, int me, auto& out) -> task<> {
                out.emplace_back(me, co_await at.wait());
            }(b, who, through)));
        co_await settle();
        EXPECT_EQ(through, (std::vector<std::pair<int, std::size_t>>{{2, 2}, {5, 2}, {0, 0}, {1, 1}, {3, 0}, {4, 1}}));
    });
}

TEST(Barrier, AWaiterThatIsCancelledLeavesAndAnotherTakesItsPlace)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        std::vector<simul::future<std::size_t>> all;
        for (int i = 0; i < 2; ++i)
            all.push_back(simul::spawn(place_at(b)));
        co_await settle();
        EXPECT_EQ(b.waiting(), 2u);
        all[0].cancel();
        co_await settle();
        EXPECT_EQ(b.waiting(), 1u);
        EXPECT_FALSE(b.broken());
        for (int i = 0; i < 2; ++i)
            all.push_back(simul::spawn(place_at(b)));
        EXPECT_EQ(co_await std::move(all[1]), 0u);
        EXPECT_EQ(co_await std::move(all[2]), 1u);
        EXPECT_EQ(co_await std::move(all[3]), 2u);
    });
}

TEST(Barrier, TheLoopOfAWaiterIsClosedAndTheWaiterHasLeft)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {});
    simul::barrier b(2);
    auto lost = closes.launch(place_at(b));
    closes.run_once();
    EXPECT_EQ(b.waiting(), 1u);
    closes.close();
    EXPECT_TRUE(laws::is_a<simul::closed_error>(lost.error()));
    EXPECT_EQ(b.waiting(), 0u);
}

TEST(Barrier, ResetSendsTheWaitersAwayAndHeals)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        auto one = simul::spawn(place_at(b));
        auto two = simul::spawn(place_at(b));
        co_await settle();
        b.reset();
        EXPECT_EQ(b.waiting(), 0u);
        co_await settle();
        EXPECT_TRUE(laws::is_a<simul::broken_barrier>(one.error()));
        EXPECT_EQ(laws::message_of(two.error()),
                  "simul::broken_barrier: the barrier was reset while this task waited at it");
        EXPECT_FALSE(b.broken());
        one = simul::spawn(place_at(b));
        two = simul::spawn(place_at(b));
        EXPECT_EQ(co_await b.wait() + co_await std::move(one) + co_await std::move(two), 3u);
    });
}

TEST(Barrier, AbortSendsAwayWhoWaitsAndWhoComesUntilItIsReset)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        auto one = simul::spawn(place_at(b));
        auto two = simul::spawn(place_at(b));
        co_await settle();
        b.abort();
        EXPECT_TRUE(b.broken());
        auto late = simul::spawn(place_at(b));
        co_await settle();
        for (const auto* each : {&one, &two, &late})
            EXPECT_EQ(laws::message_of(each->error()),
                      "simul::broken_barrier: the barrier is broken: it was aborted; reset() heals it");
        EXPECT_THROW(static_cast<void>(b.try_wait()), simul::broken_barrier);
        b.reset();
        EXPECT_FALSE(b.broken());
        EXPECT_EQ(b.try_wait(), std::nullopt);
    });
}

TEST(Barrier, ResetDoesNotTouchThoseItHasLetThroughAlready)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        auto one = simul::spawn(place_at(b));
        auto two = simul::spawn(place_at(b));
        co_await settle();
        EXPECT_EQ(b.try_wait(), 2u);           // they are through, though they have not run
        auto next = simul::spawn(place_at(b)); // of the next generation
        co_await simul::yield();
        b.reset();
        EXPECT_EQ(co_await std::move(one), 0u);
        EXPECT_EQ(co_await std::move(two), 1u);
        co_await settle();
        EXPECT_TRUE(laws::is_a<simul::broken_barrier>(next.error()));
    });
}

TEST(Barrier, APartyThatFailsAbortsAndAResetLetsAllTryAgain)
{
    simulate([]() -> task<> {
        simul::barrier b(3);
        int broken = 0;
        const auto party = [](simul::barrier& at, bool fails, int& seen) -> task<> {
            try {
                if (fails)
                    throw simul::error(std::errc::io_error, "own");
                co_await at.wait();
            } catch (const simul::broken_barrier&) {
                ++seen;
            } catch (const simul::error&) {
                at.abort();
            }
        };
        auto one = simul::spawn(party(b, false, broken));
        auto two = simul::spawn(party(b, false, broken));
        auto three = simul::spawn(party(b, true, broken));
        co_await settle();
        EXPECT_EQ(broken, 2);
        EXPECT_TRUE(b.broken());
        b.reset();
        one = simul::spawn(party(b, false, broken));
        two = simul::spawn(party(b, false, broken));
        co_await settle();
        EXPECT_EQ(co_await b.wait(), 2u);
        EXPECT_EQ(broken, 2);
    });
}

TEST(Barrier, NeedsAParty)
{
    EXPECT_THROW(simul::barrier(0), simul::error);
    EXPECT_THROW(simul::barrier(-1), simul::error);
}

TEST(Barrier, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<barrier_model>();
}

TEST(Barrier, KeepsTasksOfTwoThreadsInStepWhileSomeAreCancelled)
{
    constexpr int tasks = 4;
    constexpr int rounds = 600;
    simul::barrier b(2 * tasks);
    int data[2 * tasks] = {};
    std::atomic<int> apart{0};
    const auto party = [&](int me) -> task<> {
        laws::source random(static_cast<std::uint64_t>(me));
        const auto in_step = [&]() -> task<> {
            for (;;) {
                auto wait = simul::spawn(b.wait());
                if (random.one_in(8)) {
                    co_await simul::yield();
                    wait.cancel();
                }
                try {
                    co_await std::move(wait);
                    co_return;
                } catch (const simul::cancelled&) { // left; comes again
                }
            }
        };
        for (int round = 1; round <= rounds; ++round) {
            data[me] = round;
            co_await in_step();
            for (const int each : data)
                if (each != round)
                    ++apart;
            co_await in_step();
        }
    };
    laws::run_in_two_threads([&](int thread) -> task<> {
        std::vector<simul::future<>> all;
        for (int i = 0; i < tasks; ++i)
            all.push_back(simul::spawn(party(thread * tasks + i)));
        for (auto& each : all)
            co_await std::move(each);
    });
    EXPECT_EQ(apart, 0);
    EXPECT_EQ(b.waiting(), 0u);
}

} // namespace
