// SPDX-License-Identifier: MIT
#include <simul/task/semaphore.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::semaphore> && !std::is_move_constructible_v<simul::semaphore>);
static_assert(!std::is_copy_constructible_v<simul::permit> && std::is_nothrow_move_assignable_v<simul::permit>);

struct semaphore_subject {
    static constexpr const char* name = "semaphore";
    static constexpr bool gives_all = false;

    explicit semaphore_subject(int /*survivors*/) {}
    task<simul::permit> wait() { co_return co_await slots->acquire(); }
    void give() { slots->release(); }
    void destroy() { slots.reset(); }

    std::optional<simul::semaphore> slots{std::in_place, 0};
};

struct semaphore_model {
    static constexpr int capacity = 3;
    explicit semaphore_model(laws::source& from) : random(from) {}

    task<> visit(int who)
    {
        const int wanted = 1 + random.below(random.one_in(2) ? 1 : capacity);
        return laws::visit_and_hold(random, expected, who, wanted, [this, wanted] { return slots.acquire(wanted); });
    }
    void cancel(int who) { expected.cancel(who); }
    void act()
    {
        const int wanted = 1 + random.below(capacity);
        const auto held = slots.try_acquire(wanted);
        EXPECT_EQ(static_cast<bool>(held), expected.try_take(wanted));
        if (held)
            expected.give_back(wanted);
    }
    void finish() {}
    void check()
    {
        EXPECT_EQ(slots.available(), expected.free());
        EXPECT_EQ(slots.locked(), expected.free() == 0 || expected.anybody_waiting());
    }

    laws::source& random;
    laws::weighted_queue expected{capacity};
    simul::semaphore slots{capacity, {.limit = capacity}};
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Semaphore, Laws, semaphore_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(Semaphore, LawsOfHolding, semaphore_subject);
} // namespace laws

namespace {

task<> acquire_and_keep(simul::semaphore& s, int who, std::vector<int>& order, int count = 1)
{
    auto held = co_await s.acquire(count);
    order.push_back(who);
    held.detach();
}

std::string message_of_call(const auto& call)
{
    try {
        call();
    } catch (const simul::error& e) {
        return e.what();
    }
    return "no error";
}

TEST(Semaphore, LetsSoManyInAtATime)
{
    simulate([]() -> task<> {
        simul::semaphore slots(2);
        int inside = 0;
        int most = 0;
        std::vector<simul::future<>> all;
        for (int i = 0; i < 6; ++i)
            all.push_back(simul::spawn([](simul::semaphore& s, int& now, int& peak) -> task<> {
                const auto slot = co_await s.acquire();
                peak = std::max(peak, ++now);
                co_await simul::yield();
                --now;
            }(slots, inside, most)));
        for (auto& each : all)
            co_await std::move(each);
        EXPECT_EQ(most, 2);
        EXPECT_EQ(slots.available(), 2);
    });
}

TEST(Semaphore, TryAcquireGivesAFalsePermitWhenThereIsNone)
{
    simul::semaphore slots(3);
    auto two = slots.try_acquire(2);
    EXPECT_EQ(two.count(), 2);
    EXPECT_FALSE(slots.try_acquire(2));
    const auto one = slots.try_acquire();
    EXPECT_TRUE(slots.locked());
    two.release();
    EXPECT_FALSE(two);
    EXPECT_EQ(two.count(), 0);
    EXPECT_EQ(slots.available(), 2);
    EXPECT_THROW(two.release(), simul::invalid_state);
}

TEST(Semaphore, APermitMovesAndTheOneItReplacesIsGivenBack)
{
    simul::semaphore slots(5);
    auto two = slots.try_acquire(2);
    auto three = slots.try_acquire(3);
    two = std::move(three);
    EXPECT_EQ(two.count(), 3);
    EXPECT_EQ(slots.available(), 2);
}

TEST(Semaphore, RefusesImpossibleNumbersAndSaysWhy)
{
    EXPECT_EQ(message_of_call([] { simul::semaphore s(-1); }),
              "semaphore: it can't begin with -1 permits; give 0 or more");
    EXPECT_EQ(message_of_call([] { simul::semaphore s(3, {.limit = 2}); }),
              "semaphore: it can't begin with 3 permits when its limit is 2");
    simul::semaphore slots(2, {.limit = 2});
    EXPECT_EQ(message_of_call([&] { static_cast<void>(slots.try_acquire(0)); }),
              "acquire: can't take 0 permits; ask for 1 or more");
    EXPECT_EQ(message_of_call([&] { static_cast<void>(slots.acquire(3)); }),
              "acquire: 3 permits would never come, the limit is 2");
    EXPECT_EQ(message_of_call([&] { slots.release(0); }), "release: can't give 0 permits back; give 1 or more");
}

TEST(Semaphore, OneReleaseTooManyIsAnErrorWhereThereIsALimit)
{
    simul::semaphore slots(1, {.limit = 1});
    EXPECT_EQ(message_of_call([&] { slots.release(); }), "release: 1 permits are free and the limit is 1, so 1 more is "
                                                         "one release too many; a `permit` gives itself back");
    EXPECT_EQ(slots.available(), 1);
    simul::semaphore grows(0);
    grows.release(7);
    EXPECT_EQ(grows.available(), 7);
}

TEST(Semaphore, ReleasedPermitsBelongToTheWaitersBeforeTheyRun)
{
    simulate([]() -> task<> {
        simul::semaphore slots(2);
        auto both = co_await slots.acquire(2);
        EXPECT_TRUE(slots.locked());
        std::vector<int> order;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 4; ++who)
            waiters.push_back(simul::spawn(acquire_and_keep(slots, who, order)));
        co_await simul::yield();
        both.release();
        EXPECT_TRUE(slots.locked());
        EXPECT_EQ(slots.available(), 0);
        EXPECT_FALSE(slots.try_acquire()) << "a newcomer must not steal them";
        waiters.push_back(simul::spawn(acquire_and_keep(slots, 4, order)));
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1}));
        slots.release(3);
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
    });
}

TEST(Semaphore, ServesTheOthersWhenTheFirstIsCancelled)
{
    simulate([]() -> task<> {
        simul::semaphore slots(1);
        auto held = co_await slots.acquire();
        std::vector<int> order;
        std::vector<simul::future<>> waiters;
        for (int who = 1; who <= 3; ++who)
            waiters.push_back(simul::spawn(acquire_and_keep(slots, who, order)));
        co_await settle();
        waiters[0].cancel();
        held.release();
        slots.release();
        co_await settle();
        EXPECT_EQ(order, (std::vector{2, 3}));
    });
}

TEST(Semaphore, AcquiringRightAfterThreeReleasesWaitsBehindTheThreeThatWereServed)
{
    simulate([]() -> task<> {
        simul::semaphore slots(0);
        std::vector<int> order;
        std::vector<simul::future<>> waiters;
        for (int who = 1; who <= 3; ++who)
            waiters.push_back(simul::spawn(acquire_and_keep(slots, who, order)));
        co_await settle();
        slots.release();
        slots.release();
        slots.release();
        auto fourth = simul::spawn(acquire_and_keep(slots, 4, order));
        co_await settle();
        EXPECT_EQ(order, (std::vector{1, 2, 3}));
        slots.release();
        co_await settle();
        EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
    });
}

TEST(Semaphore, HandsAPermitToTheNextWaiterWhenTheWokenOneIsCancelled)
{
    simulate([]() -> task<> {
        simul::semaphore slots(0);
        std::vector<int> order;
        auto first = simul::spawn([](simul::semaphore& s) -> task<> {
            const auto mine = co_await s.acquire();
            co_await simul::yield(); // raises here, and gives back
            ADD_FAILURE();
        }(slots));
        auto second = simul::spawn(acquire_and_keep(slots, 2, order));
        co_await settle();
        slots.release();
        first.cancel();
        co_await settle();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(order, std::vector{2});
        EXPECT_EQ(slots.available(), 0);
    });
}

TEST(Semaphore, WhoWantsFewDoesNotOvertakeWhoWantsMany)
{
    simulate([]() -> task<> {
        simul::semaphore slots(2);
        std::vector<int> order;
        auto held = co_await slots.acquire();
        auto many = simul::spawn(acquire_and_keep(slots, 2, order, 2));
        auto few = simul::spawn(acquire_and_keep(slots, 1, order, 1));
        co_await settle();
        EXPECT_EQ(slots.available(), 1);
        EXPECT_TRUE(slots.locked());
        EXPECT_FALSE(slots.try_acquire());
        EXPECT_TRUE(order.empty());
        held.release();
        slots.release();
        co_await settle();
        EXPECT_EQ(order, (std::vector{2, 1}));
    });
}

TEST(Semaphore, WhoWantsFewGoesOnWhenTheOneThatWantsManyIsCancelled)
{
    simulate([]() -> task<> {
        simul::semaphore slots(1);
        std::vector<int> order;
        auto many = simul::spawn(acquire_and_keep(slots, 2, order, 2));
        auto few = simul::spawn(acquire_and_keep(slots, 1, order, 1));
        co_await settle();
        EXPECT_TRUE(order.empty());
        many.cancel();
        co_await settle();
        EXPECT_TRUE(many.cancelled());
        EXPECT_EQ(order, std::vector{1});
    });
}

TEST(Semaphore, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<semaphore_model>();
}

TEST(Semaphore, LosesAndCreatesNoPermitAcrossThreads)
{
    constexpr int capacity = 3;
    simul::semaphore slots(capacity, {.limit = capacity});
    std::atomic<int> inside{0};
    const auto operation = [&](laws::source& random) -> task<> {
        const int count = 1 + random.below(capacity);
        const auto held = co_await slots.acquire(count);
        EXPECT_LE(inside.fetch_add(count) + count, capacity);
        struct leave {
            std::atomic<int>& inside;
            int count;
            ~leave() { inside.fetch_sub(count); }
        } const leaving{inside, count};
        if (random.one_in(3))
            co_await simul::yield();
    };
    laws::run_in_two_threads([&](int thread) -> task<> { co_await laws::many(thread, 5'000, operation); });
    EXPECT_EQ(slots.available(), capacity);
}

} // namespace
