// SPDX-License-Identifier: MIT
#include <simul/task/event.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::event> && !std::is_move_constructible_v<simul::event>);

struct event_subject {
    static constexpr const char* name = "event";
    static constexpr bool gives_all = true;

    explicit event_subject(int /*survivors*/) {}
    task<laws::nothing> wait()
    {
        co_await happened->wait();
        co_return laws::nothing{};
    }
    void give() { happened->set(); }
    void destroy() { happened.reset(); }

    std::optional<simul::event> happened{std::in_place};
};

struct event_model {
    explicit event_model(laws::source& from) : random(from) {}

    task<> visit(int who)
    {
        for (int turns = random.below(3); turns > 0; --turns)
            co_await simul::yield();
        states[who] = set ? state::through : state::waiting;
        const bool doomed = random.one_in(10);
        if (doomed) {
            simul::this_task::cancel();
            cancel(who);
        }
        try {
            co_await event.wait();
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
        switch (random.below(3)) {
        case 0:
            event.set();
            let_through();
            set = true;
            break;
        case 1:
            event.clear();
            set = false;
            break;
        default:
            event.set();
            event.clear();
            let_through();
            set = false;
        }
    }
    void finish()
    {
        event.set();
        let_through();
        set = true;
    }
    void check() { EXPECT_EQ(event.is_set(), set); }

    enum class state { absent, waiting, through, left };
    void let_through()
    {
        for (state& each : states)
            if (each == state::waiting)
                each = state::through;
    }

    laws::source& random;
    bool set = false;
    std::vector<state> states = std::vector<state>(40, state::absent);
    simul::event event;
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Event, Laws, event_subject);
}

namespace {

task<> wait_and_note(simul::event& e, int who, std::vector<std::pair<int, bool>>& seen)
{
    co_await e.wait();
    seen.emplace_back(who, e.is_set());
}

TEST(Event, ReturnsAtOnceWhenItIsSet)
{
    simulate([]() -> task<> {
        simul::event e;
        EXPECT_FALSE(e.is_set());
        e.set();
        e.set();
        EXPECT_TRUE(e.is_set());
        co_await e.wait();
        e.clear();
        EXPECT_FALSE(e.is_set());
    });
}

TEST(Event, SetFollowedByClearStillWakesEverybodyWhoWaited)
{
    simulate([]() -> task<> {
        simul::event e;
        std::vector<std::pair<int, bool>> seen;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 3; ++who)
            waiters.push_back(simul::spawn(wait_and_note(e, who, seen)));
        co_await settle();
        e.set();
        e.clear();
        co_await settle();
        EXPECT_EQ(seen, (std::vector<std::pair<int, bool>>{{0, false}, {1, false}, {2, false}}));
    });
}

TEST(Event, SetClearSetInOneTickWakesEachWaiterOnce)
{
    simulate([]() -> task<> {
        simul::event e;
        int woken = 0;
        auto waiter = simul::spawn([](simul::event& of, int& n) -> task<> {
            co_await of.wait();
            ++n;
            of.clear();
            co_await of.wait();
            ++n;
        }(e, woken));
        co_await settle();
        e.set();
        e.clear();
        e.set();
        co_await settle();
        EXPECT_EQ(woken, 1);
        EXPECT_FALSE(waiter.done());
    });
}

TEST(Event, CancellingOneWaiterWhileItIsSetLeavesTheOthersAlone)
{
    simulate([]() -> task<> {
        simul::event e;
        std::vector<std::pair<int, bool>> seen;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 4; ++who)
            waiters.push_back(simul::spawn(wait_and_note(e, who, seen)));
        co_await settle();
        waiters[0].cancel(); // before
        e.set();
        waiters[2].cancel(); // after: it has been woken
        co_await settle();
        EXPECT_TRUE(waiters[0].cancelled());
        EXPECT_EQ(seen, (std::vector<std::pair<int, bool>>{{1, true}, {2, true}, {3, true}}));
    });
}

TEST(Event, MayBeDestroyedRightAfterItWasSet)
{
    simulate([]() -> task<> {
        auto e = std::make_unique<simul::event>();
        bool woken = false;
        auto waiter = simul::spawn([](simul::event& of, bool& w) -> task<> {
            co_await of.wait();
            w = true;
        }(*e, woken));
        co_await settle();
        e->set();
        e.reset();
        waiter.cancel(); // must not touch what is gone
        co_await settle();
        EXPECT_TRUE(woken);
    });
}

TEST(Event, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<event_model>();
}

TEST(Event, ShowsWhatHappenedBeforeAcrossThreadsAndMayBeDestroyedByItsWaiter)
{
    struct message {
        simul::event sent;
        int content = 0;
    };
    laws::share_with_another_thread<message>(
        [](message& shared, int i) {
            shared.content = i;
            shared.sent.set();
        },
        [](message& shared, int i) -> task<> {
            co_await shared.sent.wait();
            EXPECT_EQ(shared.content, i);
        });
}

TEST(Event, WakesWaitersOfTwoLoopsWhileSomeAreCancelled)
{
    simul::event e;
    std::atomic<int> woken{0};
    const auto operation = [&](laws::source& random) -> task<> {
        if (random.one_in(4)) {
            e.set();
        } else if (random.one_in(4)) {
            e.clear();
        } else {
            co_await e.wait();
            ++woken;
        }
    };
    std::atomic<int> running{2};
    laws::run_in_two_threads([&](int thread) -> task<> {
        auto pulse = simul::spawn([](simul::event& of, std::atomic<int>& go) -> task<> {
            while (go > 0) {
                of.set();
                co_await simul::yield();
            }
        }(e, running));
        co_await laws::many(thread, 5'000, operation);
        --running;
        co_await std::move(pulse);
    });
    EXPECT_GT(woken, 0);
}

} // namespace
