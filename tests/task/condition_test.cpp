// SPDX-License-Identifier: MIT
#include <simul/task/condition.hpp>

#include "laws.hpp"

#include <deque>

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::condition> && !std::is_move_constructible_v<simul::condition>);

struct condition_subject {
    static constexpr const char* name = "condition";
    static constexpr bool gives_all = false;

    explicit condition_subject(int /*survivors*/) : changed(std::in_place, guards) {}
    task<laws::nothing> wait()
    {
        auto held = co_await guards.lock();
        co_await changed->wait(held);
        EXPECT_TRUE(held.holds(guards));
        co_return laws::nothing{};
    }
    void give()
    {
        simul::scoped_lock held;
        while (!(held = guards.try_lock()))
            std::this_thread::yield();
        changed->notify_one();
    }
    void destroy() { changed.reset(); }

    simul::mutex guards;
    std::optional<simul::condition> changed;
};

/// Who sleeps, who is queued for the mutex and why, and who has it.
class expected_queues {
public:
    enum class stage { absent, locking, asleep, notified, leaving, holding, left };

    void lock(int who) { queue(who, stage::locking); }
    void unlock()
    {
        holder_ = nobody;
        if (queue_.empty())
            return;
        const int next = queue_.front();
        queue_.pop_front();
        take(next);
    }
    void wait(int who)
    {
        asleep_.push_back(who);
        stages_[who] = stage::asleep;
        unlock();
    }
    void notify(int count)
    {
        for (; count > 0 && !asleep_.empty(); --count) {
            const int next = asleep_.front();
            asleep_.pop_front();
            queue(next, stage::notified);
        }
    }
    void cancel(int who)
    {
        switch (stages_[who]) {
        case stage::locking:
            std::erase(queue_, who);
            stages_[who] = stage::left;
            break;
        case stage::asleep:
            std::erase(asleep_, who);
            queue(who, stage::leaving);
            break;
        case stage::notified:
            stages_[who] = stage::leaving;
            notify(1);
            break;
        default:
            break;
        }
    }
    bool take_if_free(int who)
    {
        if (holder_ != nobody)
            return false;
        take(who);
        return true;
    }
    bool locked() const { return holder_ != nobody; }
    stage of(int who) const { return stages_[who]; }
    bool ended_leaving(int who) const { return throws_[who]; }

private:
    static constexpr int nobody = -1;

    void queue(int who, stage why)
    {
        stages_[who] = why;
        if (holder_ == nobody)
            take(who);
        else
            queue_.push_back(who);
    }
    void take(int who)
    {
        holder_ = who;
        throws_[who] = stages_[who] == stage::leaving;
        stages_[who] = stage::holding;
    }

    int holder_ = nobody;
    std::deque<int> queue_;
    std::deque<int> asleep_;
    std::vector<stage> stages_ = std::vector<stage>(64, stage::absent);
    std::vector<bool> throws_ = std::vector<bool>(64, false);
};

struct condition_model {
    using stage = expected_queues::stage;
    static constexpr int driver = 63;

    explicit condition_model(laws::source& from) : random(from) {}

    task<> visit(int who)
    {
        for (int turns = random.below(3); turns > 0; --turns)
            co_await simul::yield();
        expected.lock(who);
        simul::scoped_lock held;
        try {
            held = co_await mutex.lock();
        } catch (const simul::cancelled&) {
            EXPECT_EQ(expected.of(who), stage::left) << "visitor " << who;
            throw;
        }
        struct model_unlocks {
            expected_queues& model;
            ~model_unlocks() { model.unlock(); }
        } const at_the_end{expected};
        EXPECT_EQ(expected.of(who), stage::holding) << "visitor " << who;
        for (int steps = random.below(4); steps > 0; --steps) {
            switch (random.below(4)) {
            case 0:
                co_await simul::yield();
                break;
            case 1:
                notify();
                break;
            default:
                co_await sleep(who, held);
            }
        }
    }
    task<> sleep(int who, simul::scoped_lock& held)
    {
        expected.wait(who);
        if (random.one_in(10))
            simul::this_task::cancel();
        if (simul::this_task::cancelling() > 0) // or when it had been handed the mutex: pending since
            expected.cancel(who);
        bool thrown = false;
        try {
            co_await condition.wait(held);
        } catch (const simul::cancelled&) {
            thrown = true;
        }
        EXPECT_TRUE(held.holds(mutex)) << "visitor " << who;
        EXPECT_EQ(expected.of(who), stage::holding) << "visitor " << who;
        EXPECT_EQ(expected.ended_leaving(who), thrown) << "visitor " << who;
        if (thrown)
            throw simul::cancelled{};
    }
    void cancel(int who) { expected.cancel(who); }
    void act()
    {
        const auto held = mutex.try_lock();
        EXPECT_EQ(static_cast<bool>(held), expected.take_if_free(driver));
        if (held) {
            notify();
            expected.unlock();
        }
    }
    void finish() { act(); }
    void check() { EXPECT_EQ(mutex.locked(), expected.locked()); }

    void notify()
    {
        const int count = random.below(3);
        expected.notify(count);
        condition.notify(count);
    }

    laws::source& random;
    expected_queues expected;
    simul::mutex mutex;
    simul::condition condition{mutex};
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(Condition, Laws, condition_subject);
}

namespace {

task<> wait_and_note(simul::mutex& m, simul::condition& c, int who, std::vector<int>& order)
{
    auto held = co_await m.lock();
    co_await c.wait(held);
    order.push_back(who);
}

TEST(Condition, NotifiesSoManyInTheOrderOfArrival)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        std::vector<int> order;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 5; ++who)
            waiters.push_back(simul::spawn(wait_and_note(m, c, who, order)));
        co_await settle();
        {
            const auto held = co_await m.lock();
            c.notify(2);
            c.notify(0);
            co_await settle();
            EXPECT_TRUE(order.empty()) << "the mutex is ours still";
        }
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1}));
        {
            const auto held = co_await m.lock();
            c.notify_one();
        }
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1, 2}));
        {
            const auto held = co_await m.lock();
            c.notify_all();
        }
        co_await settle();
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
        EXPECT_FALSE(m.locked());
    });
}

TEST(Condition, SeveralMayShareAMutex)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition full(m);
        simul::condition empty(m);
        std::vector<int> order;
        auto one = simul::spawn(wait_and_note(m, full, 1, order));
        auto two = simul::spawn(wait_and_note(m, empty, 2, order));
        co_await settle();
        {
            const auto held = co_await m.lock();
            empty.notify_all();
        }
        co_await settle();
        EXPECT_EQ(order, std::vector{2});
    });
}

TEST(Condition, WaitingOrNotifyingWithoutTheMutexSaysWhatToDo)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::mutex another;
        simul::condition c(m);
        const std::string advice =
            "wait: the scoped_lock doesn't hold the condition's mutex; lock it first, with `auto held = "
            "co_await m.lock()`";
        simul::scoped_lock nothing;
        auto wrong = co_await another.lock();
        for (simul::scoped_lock* held : {&nothing, &wrong}) {
            for (const bool with_predicate : {false, true}) {
                std::string said;
                try {
                    if (with_predicate)
                        co_await c.wait(*held, [] { return true; });
                    else
                        co_await c.wait(*held);
                } catch (const simul::invalid_state& e) {
                    said = e.what();
                }
                EXPECT_EQ(said, advice);
            }
        }
        EXPECT_TRUE(wrong.holds(another));
        EXPECT_THROW(c.notify_one(), simul::invalid_state);
        EXPECT_THROW(c.notify_all(), simul::invalid_state);
        EXPECT_THROW(c.notify(-1), simul::error);
    });
}

TEST(Condition, WaitWithAPredicateGivesItsValue)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        std::vector<std::string> values;
        int asked = 0;
        auto waiter = simul::spawn([](auto& mutex, auto& changed, auto& from, int& times) -> task<std::string> {
            auto held = co_await mutex.lock();
            const auto found = co_await changed.wait(held, [&]() -> std::optional<std::string> {
                ++times;
                EXPECT_TRUE(mutex.locked());
                return from.empty() ? std::nullopt : std::optional(from.back());
            });
            EXPECT_TRUE(held.holds(mutex));
            co_return *found;
        }(m, c, values, asked));
        for (const char* value : {"", "value"}) {
            co_await settle();
            const auto held = co_await m.lock();
            if (*value)
                values.push_back(value);
            c.notify_one();
        }
        EXPECT_EQ(co_await std::move(waiter), "value");
        EXPECT_EQ(asked, 3);
    });
}

TEST(Condition, APredicateThatHoldsAlreadyDoesNotWaitAndOneThatThrowsLeavesTheMutexHeld)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        auto held = co_await m.lock();
        EXPECT_TRUE(co_await c.wait(held, [] { return true; }));
        bool thrown = false;
        try {
            co_await c.wait(held, []() -> bool { throw simul::error(std::errc::io_error, "own"); });
        } catch (const simul::error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_TRUE(held.holds(m));
    });
}

TEST(Condition, ACancelledWaiterHasTheMutexAgainBeforeItRaises)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        bool held_again = false;
        auto waiter = simul::spawn([](auto& mutex, auto& changed, bool& seen) -> task<> {
            auto held = co_await mutex.lock();
            try {
                co_await changed.wait(held);
            } catch (const simul::cancelled&) {
                seen = held.holds(mutex) && mutex.locked();
                throw;
            }
        }(m, c, held_again));
        co_await settle();
        auto ours = co_await m.lock();
        waiter.cancel();
        co_await settle();
        EXPECT_FALSE(waiter.done()) << "the mutex is ours";
        waiter.cancel(); // and again
        waiter.cancel();
        co_await settle();
        EXPECT_FALSE(waiter.done());
        ours.unlock();
        co_await settle();
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_TRUE(held_again);
        EXPECT_FALSE(m.locked());
    });
}

TEST(Condition, ATimeoutAroundAWaitLeavesTheMutexHeld)
{
    simulate([]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        auto held = co_await m.lock();
        auto other = simul::spawn([](simul::mutex& of) -> task<> {
            const auto theirs = co_await of.lock(); // while we wait
            co_await simul::sleep(std::chrono::seconds(5));
        }(m));
        const auto before = simul::now();
        bool late = false;
        try {
            co_await simul::timeout(std::chrono::seconds(1), c.wait(held));
        } catch (const simul::timeout_error&) {
            late = true;
        }
        EXPECT_TRUE(late);
        EXPECT_TRUE(held.holds(m));
        EXPECT_EQ(simul::now() - before, std::chrono::seconds(5)) << "when the other one had unlocked";
    });
}

/// Two consumers wait for one item; the first is notified, and cancelled when `when` says.
enum class moment { before_the_mutex_is_free, after_it_was_handed_over };

void the_item_is_consumed_by(moment when, int expected)
{
    simulate([=]() -> task<> {
        simul::mutex m;
        simul::condition c(m);
        int items = 0;
        std::vector<int> consumers;
        const auto consume = [&](int who) -> task<> {
            auto held = co_await m.lock();
            co_await c.wait(held, [&] { return items > 0; });
            --items;
            consumers.push_back(who);
        };
        auto first = simul::spawn(consume(1));
        auto second = simul::spawn(consume(2));
        co_await settle();
        {
            auto held = co_await m.lock();
            items = 1;
            c.notify_one();
            if (when == moment::before_the_mutex_is_free) {
                co_await settle();
                first.cancel();
                first.cancel();
            } else {
                held.unlock();
                first.cancel();
            }
        }
        co_await settle();
        EXPECT_TRUE(first.done());
        EXPECT_EQ(first.cancelled(), expected != 1);
        EXPECT_EQ(consumers, std::vector{expected});
        EXPECT_EQ(items, 0);
    });
}

TEST(Condition, ANotificationGoesToTheNextWhenTheNotifiedOneIsCancelledBeforeItHasTheMutex)
{
    the_item_is_consumed_by(moment::before_the_mutex_is_free, 2);
}

TEST(Condition, ANotifiedWaiterThatHasTheMutexBeforeItIsCancelledKeepsBoth)
{
    the_item_is_consumed_by(moment::after_it_was_handed_over, 1);
}

TEST(Condition, ANotificationGoesToTheNextWhenTheLoopOfTheNotifiedOneIsClosed)
{
    for (const bool has_the_mutex : {false, true}) {
        simul::loop closes({.backend = simul::backend::sim});
        closes.set_error_handler([](const simul::problem&) {});
        simul::loop stays({.backend = simul::backend::sim});
        simul::mutex m;
        simul::condition c(m);
        std::vector<int> order;
        auto lost = closes.launch(wait_and_note(m, c, 0, order));
        closes.run_once();
        auto second = stays.launch(wait_and_note(m, c, 1, order));
        stays.run_once();
        auto held = m.try_lock();
        c.notify_one();
        if (has_the_mutex)
            held.unlock();
        closes.close();
        EXPECT_TRUE(laws::is_a<simul::closed_error>(lost.error()));
        if (!has_the_mutex)
            held.unlock();
        stays.run_until_complete(std::move(second));
        EXPECT_EQ(order, std::vector{1});
        EXPECT_FALSE(m.locked());
    }
}

TEST(Condition, IsDestroyedAndItsWaitersHaveTheMutexAgainWhenTheyHearOfIt)
{
    simulate([]() -> task<> {
        simul::mutex m;
        std::optional<simul::condition> c(std::in_place, m);
        int held_again = 0;
        std::vector<simul::future<>> waiters;
        for (int i = 0; i < 2; ++i)
            waiters.push_back(simul::spawn([](auto& mutex, auto& changed, int& seen) -> task<> {
                auto held = co_await mutex.lock();
                try {
                    co_await changed.wait(held);
                } catch (const simul::invalid_state&) {
                    seen += held.holds(mutex);
                }
            }(m, *c, held_again)));
        co_await settle();
        c.reset();
        co_await settle();
        EXPECT_EQ(held_again, 2);
        EXPECT_FALSE(m.locked());
    });
}

TEST(Condition, IsDestroyedTogetherWithItsMutexAndItsWaitersHaveNothingWhenTheyHearOfIt)
{
    simulate([]() -> task<> {
        struct both {
            simul::mutex mutex;
            simul::condition changed{mutex};
        };
        auto gone = std::make_unique<both>();
        int heard = 0;
        std::vector<simul::future<>> waiters;
        for (int i = 0; i < 3; ++i)
            waiters.push_back(simul::spawn([](both& of, int& times) -> task<> {
                auto held = co_await of.mutex.lock();
                try {
                    co_await of.changed.wait(held);
                } catch (const simul::invalid_state&) {
                    times += !held;
                }
            }(*gone, heard)));
        co_await settle();
        gone.reset();
        co_await settle();
        EXPECT_EQ(heard, 3);
    });
}

TEST(Condition, MayBeDestroyedWithItsMutexRightAfterItsWaitersWereCancelled)
{
    simulate([]() -> task<> {
        simul::future<> waiter;
        {
            simul::mutex m;
            simul::condition c(m);
            waiter = simul::spawn([](simul::mutex& of, simul::condition& changed) -> task<> {
                auto held = co_await of.lock();
                co_await changed.wait(held);
            }(m, c));
            co_await settle();
            waiter.cancel();
        }
        co_await settle();
        EXPECT_TRUE(waiter.cancelled());
    });
}

TEST(Condition, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<condition_model>();
}

TEST(Condition, LosesNoItemBetweenProducersAndConsumersOfTwoThreads)
{
    constexpr int items = 4'000;
    constexpr int capacity = 3;
    simul::mutex m;
    simul::condition not_empty(m);
    simul::condition not_full(m);
    std::deque<int> buffer;
    std::vector<int> taken(items);
    const auto put = [&](int item) -> task<> {
        auto held = co_await m.lock();
        co_await not_full.wait(held, [&] { return static_cast<int>(buffer.size()) < capacity; });
        buffer.push_back(item);
        not_empty.notify_one();
    };
    const auto take = [&]() -> task<> {
        auto held = co_await m.lock();
        co_await not_empty.wait(held, [&] { return !buffer.empty(); });
        ++taken[buffer.front()];
        buffer.pop_front();
        not_full.notify_one();
    };
    // Done by some attempt, however many are cancelled before.
    const auto insist = [](laws::source& random, const auto& attempt) -> task<> {
        for (;;) {
            auto one = simul::spawn(attempt());
            if (random.one_in(4)) {
                for (int turns = random.below(4); turns > 0; --turns)
                    co_await simul::yield();
                one.cancel();
            }
            try {
                co_await std::move(one);
                co_return;
            } catch (const simul::cancelled&) {
            }
        }
    };
    const auto worker = [&](int thread, int me) -> task<> {
        laws::source random(static_cast<std::uint64_t>(me));
        for (int i = 0; i < items / 8; ++i) {
            // The tasks of both threads are half producers and half consumers.
            if (me % 2 == 0)
                co_await insist(random, [&] { return put((thread * 4 + me / 2) * (items / 8) + i); });
            else
                co_await insist(random, [&] { return take(); });
        }
    };
    laws::run_in_two_threads([&](int thread) -> task<> {
        std::vector<simul::future<>> all;
        for (int me = 0; me < 8; ++me)
            all.push_back(simul::spawn(worker(thread, me)));
        for (auto& each : all)
            co_await std::move(each);
    });
    EXPECT_TRUE(buffer.empty());
    EXPECT_TRUE(std::all_of(taken.begin(), taken.end(), [](int times) { return times == 1; }));
    EXPECT_FALSE(m.locked());
}

} // namespace
