// SPDX-License-Identifier: MIT
#include <simul/task/mutex.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::mutex> && !std::is_move_constructible_v<simul::mutex>);
static_assert(!std::is_copy_constructible_v<simul::scoped_lock> &&
              std::is_nothrow_move_assignable_v<simul::scoped_lock>);

struct mutex_subject {
    static constexpr const char* name = "mutex";
    static constexpr bool gives_all = false;

    explicit mutex_subject(int /*survivors*/) { locked->try_lock().detach(); }
    task<simul::scoped_lock> wait() { co_return co_await locked->lock(); }
    void give() { locked->unlock(); }
    void destroy() { locked.reset(); }

    std::optional<simul::mutex> locked{std::in_place};
};

struct mutex_model {
    explicit mutex_model(laws::source& from) : random(from) {}

    task<> visit(int who)
    {
        return laws::visit_and_hold(random, expected, who, 1, [this] { return mutex.lock(); });
    }
    void cancel(int who) { expected.cancel(who); }
    void act()
    {
        const auto held = mutex.try_lock();
        EXPECT_EQ(static_cast<bool>(held), expected.try_take(1));
        if (held)
            expected.give_back(1);
    }
    void finish() {}
    void check() { EXPECT_EQ(mutex.locked(), expected.free() == 0); }

    laws::source& random;
    laws::weighted_queue expected{1};
    simul::mutex mutex;
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Mutex, Laws, mutex_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(Mutex, LawsOfHolding, mutex_subject);
} // namespace laws

namespace {

task<> lock_and_note(simul::mutex& m, int who, std::vector<int>& order)
{
    const auto held = co_await m.lock();
    order.push_back(who);
}

TEST(Mutex, IsLockedUntilTheEndOfTheScope)
{
    simulate([]() -> task<> {
        simul::mutex m;
        EXPECT_FALSE(m.locked());
        {
            const auto held = co_await m.lock();
            EXPECT_TRUE(held);
            EXPECT_TRUE(held.holds(m));
            EXPECT_TRUE(m.locked());
        }
        EXPECT_FALSE(m.locked());
    });
}

TEST(Mutex, TryLockGivesAFalseLockWhenItIsTaken)
{
    simul::mutex m;
    auto first = m.try_lock();
    EXPECT_TRUE(first);
    EXPECT_FALSE(m.try_lock());
    first.unlock();
    EXPECT_FALSE(first);
    EXPECT_TRUE(m.try_lock());
}

TEST(Mutex, ALockMovesToAnotherOwnerAndTheOneItReplacesIsUnlocked)
{
    simul::mutex a;
    simul::mutex b;
    auto held = a.try_lock();
    auto other = b.try_lock();
    held = std::move(other);
    EXPECT_FALSE(a.locked());
    EXPECT_TRUE(b.locked());
    EXPECT_FALSE(other); // NOLINT: moved from on purpose
    EXPECT_TRUE(held.holds(b));
}

TEST(Mutex, ADetachedLockIsUnlockedByHand)
{
    simul::mutex m;
    m.try_lock().detach();
    EXPECT_TRUE(m.locked());
    m.unlock();
    EXPECT_FALSE(m.locked());
}

TEST(Mutex, UnlockingWhatIsNotLockedSaysWhatToDo)
{
    simul::mutex m;
    try {
        m.unlock();
        FAIL();
    } catch (const simul::invalid_state& e) {
        EXPECT_STREQ(e.what(),
                     "unlock: the mutex isn't locked; lock it first, with `auto held = co_await m.lock()`, and let "
                     "`held` unlock it");
    }
    simul::scoped_lock empty;
    EXPECT_THROW(empty.unlock(), simul::invalid_state);
}

TEST(Mutex, NobodyOvertakesTheWaiterNotEvenWhoUnlocksAndLocksAgainAtOnce)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::vector<int> order;
        auto held = co_await m.lock();
        auto waiter = simul::spawn(lock_and_note(m, 1, order));
        co_await simul::yield();
        held.unlock();
        EXPECT_TRUE(m.locked()) << "it is the waiter's already";
        EXPECT_FALSE(m.try_lock());
        held = co_await m.lock();
        order.push_back(0);
        held.unlock();
        co_await std::move(waiter);
        EXPECT_EQ(order, (std::vector{1, 0}));
    });
}

TEST(Mutex, ANewcomerWaitsBehindAWaiterThatWasHandedTheMutexAndHasNotRun)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::vector<int> order;
        auto held = co_await m.lock();
        auto waiter = simul::spawn(lock_and_note(m, 0, order));
        co_await simul::yield();
        held.unlock();
        auto newcomer = simul::spawn(lock_and_note(m, 1, order));
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1}));
    });
}

TEST(Mutex, UnlockThenCancelInOneTickTheWaiterHadItAndTheNextGetsIt)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::vector<int> order;
        auto held = co_await m.lock();
        auto first = simul::spawn([](simul::mutex& of, std::vector<int>& o) -> task<> {
            const auto mine = co_await of.lock();
            co_await simul::yield(); // raises, and the lock is given up
            o.push_back(0);
        }(m, order));
        auto second = simul::spawn(lock_and_note(m, 1, order));
        co_await settle();
        held.unlock();
        first.cancel();
        co_await settle();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(order, std::vector{1});
        EXPECT_FALSE(m.locked());
    });
}

TEST(Mutex, CancelThenUnlockInOneTickTheNextGetsIt)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::vector<int> order;
        auto held = co_await m.lock();
        auto first = simul::spawn(lock_and_note(m, 0, order));
        auto second = simul::spawn(lock_and_note(m, 1, order));
        co_await settle();
        first.cancel();
        held.unlock();
        co_await settle();
        EXPECT_TRUE(first.cancelled());
        EXPECT_EQ(order, std::vector{1});
        EXPECT_FALSE(m.locked());
    });
}

TEST(Mutex, AnotherUnlockWhileACancelledHolderIsStillToRunConfusesNothing)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::vector<int> order;
        auto held = co_await m.lock();
        auto first = simul::spawn(lock_and_note(m, 0, order));
        auto second = simul::spawn(lock_and_note(m, 1, order));
        auto third = simul::spawn(lock_and_note(m, 2, order));
        co_await settle();
        held.unlock(); // first has it
        first.cancel();
        second.cancel(); // leaves the queue
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 2}));
        EXPECT_TRUE(second.cancelled());
        EXPECT_FALSE(m.locked());
    });
}

TEST(Mutex, ALockGoesToATaskThatIsSpawnedForIt)
{
    simulate([]() -> task<> {
        simul::mutex m;
        auto held = co_await m.lock();
        auto later = simul::spawn(m.lock()); // an awaitable like any other
        co_await settle();
        EXPECT_FALSE(later.done());
        held.unlock();
        held = co_await std::move(later);
        EXPECT_TRUE(held.holds(m));
    });
}

TEST(Mutex, AResultThatNobodyTakesUnlocks)
{
    simulate([]() -> task<> {
        simul::mutex m;
        {
            auto flight = simul::spawn(m.lock());
            co_await settle();
            EXPECT_TRUE(m.locked());
        }
        EXPECT_FALSE(m.locked());
    });
}

TEST(Mutex, IsDestroyedBeforeTheOneItWasHandedToHasRunWhichGetsAnError)
{
    simulate([]() -> task<> {
        std::optional<simul::mutex> m(std::in_place);
        std::vector<int> order;
        auto held = co_await m->lock();
        auto waiter = simul::spawn(lock_and_note(*m, 0, order));
        co_await settle();
        held.unlock();
        m.reset();
        co_await settle();
        EXPECT_TRUE(laws::is_a<simul::invalid_state>(waiter.error()));
        EXPECT_TRUE(order.empty());
    });
}

TEST(Mutex, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<mutex_model>();
}

TEST(Mutex, GuardsPlainDataAcrossThreads)
{
    simul::mutex m;
    int inside = 0;
    int total = 0;
    int through[2] = {};
    const auto operation = [&](laws::source& random) -> task<> {
        const auto held = co_await m.lock();
        EXPECT_EQ(++inside, 1);
        struct leave {
            int& inside;
            ~leave() { --inside; }
        } const leaving{inside};
        if (random.one_in(3))
            co_await simul::yield();
        ++total;
    };
    laws::run_in_two_threads(
        [&](int thread) -> task<> { through[thread] = co_await laws::many(thread, 5'000, operation); });
    EXPECT_EQ(total, through[0] + through[1]);
    EXPECT_FALSE(m.locked());
}

} // namespace
