// SPDX-License-Identifier: MIT
#include "conduit_model.hpp"
#include "laws.hpp"

#include <simul/task/queue.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using laws::is_a;
using laws::settle;
using laws::simulate;
using simul::future;
using simul::queue;
using simul::spawn;
using simul::task;

template <class T> task<> get_into(queue<T>& from, std::vector<T>& log)
{
    log.push_back(co_await from.get());
}

template <class T> task<> put_into(queue<T>& to, T item)
{
    co_await to.put(std::move(item));
}

// ---- the laws, from both sides and for join

struct getters {
    static constexpr const char* name = "queue";
    static constexpr bool gives_all = false;
    explicit getters(int) {}
    task<laws::nothing> wait()
    {
        co_await items->get();
        co_return {};
    }
    void give() { EXPECT_TRUE(items->try_put(1)); }
    void destroy() { items.reset(); }
    std::optional<queue<int>> items{std::in_place};
};

struct putters {
    static constexpr const char* name = "queue";
    static constexpr bool gives_all = false;
    explicit putters(int) { items->try_put(0); }
    task<laws::nothing> wait()
    {
        co_await items->put(1);
        co_return {};
    }
    void give() { EXPECT_TRUE(items->try_get()); }
    void destroy() { items.reset(); }
    std::optional<queue<int>> items{std::in_place, 1U};
};

struct joiners {
    static constexpr const char* name = "queue";
    static constexpr bool gives_all = true;
    explicit joiners(int) { items->try_put(0); }
    task<laws::nothing> wait()
    {
        co_await items->join();
        co_return {};
    }
    void give() { items->task_done(); }
    void destroy() { items.reset(); }
    std::optional<queue<int>> items{std::in_place};
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(QueueGet, Laws, getters);
INSTANTIATE_TYPED_TEST_SUITE_P(QueuePut, Laws, putters);
INSTANTIATE_TYPED_TEST_SUITE_P(QueueJoin, Laws, joiners);
} // namespace laws

namespace {

// ---- asyncio's rules

TEST(Queue, PassesItemsFromAProducerToAConsumerInOrder)
{
    simulate([]() -> task<> {
        queue<int> q{{.maxsize = 2}};
        std::string log;
        auto producer = spawn([&]() -> task<> {
            for (int i = 0; i < 5; ++i) {
                co_await q.put(i);
                log += " p" + std::to_string(i);
            }
        });
        auto consumer = spawn([&]() -> task<> {
            for (int i = 0; i < 5; ++i) {
                log += " c" + std::to_string(co_await q.get());
                q.task_done();
            }
        });
        co_await producer;
        co_await consumer;
        co_await q.join();
        // asyncio: p0 p1 c0 c1 p2 ...; here the get that makes room takes 2 out of the waiting producer's hand.
        EXPECT_EQ(log, " p0 p1 c0 c1 c2 p2 p3 p4 c3 c4");
    });
}

TEST(Queue, TryGetAndTryPutSayWhetherTheyWouldWait)
{
    queue<int> q(2);
    EXPECT_EQ(q.maxsize(), 2U);
    EXPECT_TRUE(q.empty());
    EXPECT_FALSE(q.try_get());
    EXPECT_TRUE(q.try_put(1));
    EXPECT_TRUE(q.try_put(2));
    EXPECT_FALSE(q.try_put(3));
    EXPECT_TRUE(q.full());
    EXPECT_EQ(q.size(), 2U);
    EXPECT_EQ(q.try_get(), 1);
    EXPECT_EQ(q.try_get(), 2);
}

TEST(Queue, HasNoBoundUnlessOneIsGiven)
{
    queue<int> q;
    for (int i = 0; i < 10'000; ++i)
        ASSERT_TRUE(q.try_put(i));
    EXPECT_FALSE(q.full());
    EXPECT_EQ(q.maxsize(), 0U);
    for (int i = 0; i < 10'000; ++i)
        ASSERT_EQ(q.try_get(), i);
}

TEST(Queue, GivesTheSmallestFirstAndEqualsInTheOrderOfPut)
{
    struct job {
        int priority;
        std::string name; // nothing compares it
    };
    struct sooner {
        bool operator()(const job& a, const job& b) const { return a.priority < b.priority; }
    };
    simul::priority_queue<job, sooner> q;
    for (const char* each : {"3a", "1a", "2a", "1b", "3b", "1c", "2b"})
        q.try_put(job{each[0] - '0', each});
    std::string order;
    while (auto next = q.try_get())
        order += next->name + " ";
    EXPECT_EQ(order, "1a 1b 1c 2a 2b 3a 3b ");

    simul::priority_queue<int> plain;
    for (const int each : {3, 1, 2})
        plain.try_put(each);
    EXPECT_EQ(plain.try_get(), 1);
    EXPECT_EQ(plain.try_get(), 2);
    EXPECT_EQ(plain.try_get(), 3);
}

TEST(Queue, GivesTheNewestFirstWhenItIsLifo)
{
    simul::lifo_queue<int> q;
    for (const int each : {3, 1, 2})
        q.try_put(each);
    EXPECT_EQ(q.try_get(), 2);
    EXPECT_EQ(q.try_get(), 1);
    EXPECT_EQ(q.try_get(), 3);
}

TEST(Queue, ServesPuttersInTheOrderOfArrival)
{
    simulate([]() -> task<> {
        queue<int> q(1);
        q.try_put(0);
        std::vector<future<>> putting;
        for (const int item : {1, 2, 3}) {
            putting.push_back(spawn(put_into(q, item)));
            co_await simul::yield();
        }
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ(co_await q.get(), i);
    });
}

TEST(Queue, JoinWaitsForTaskDoneAndNotForEmptiness)
{
    simulate([]() -> task<> {
        queue<int> q;
        co_await q.join(); // nothing was ever put
        q.try_put(1);
        q.try_put(2);
        auto joined = spawn(q.join());
        co_await settle();
        q.try_get();
        q.try_get();
        co_await settle();
        EXPECT_FALSE(joined.done());
        EXPECT_EQ(q.unfinished(), 2U);
        q.task_done();
        q.task_done();
        co_await joined;
    });
}

TEST(Queue, CountsAnItemThatWentStraightToAGetterAsUnfinished)
{
    simulate([]() -> task<> {
        queue<int> q;
        std::vector<int> log;
        auto getter = spawn(get_into(q, log));
        co_await settle();
        q.try_put(1);
        EXPECT_EQ(q.unfinished(), 1U);
        auto joined = spawn(q.join());
        co_await getter;
        EXPECT_FALSE(joined.done());
        q.task_done();
        co_await joined;
    });
}

TEST(Queue, RefusesATaskDoneTooMany)
{
    queue<int> q;
    EXPECT_THROW(q.task_done(), simul::invalid_state);
    q.try_put(1);
    q.task_done();
    EXPECT_THROW(q.task_done(), simul::invalid_state);
}

// ---- lossless

TEST(Queue, HandsAnItemToTheWaitingGetterSoThatTryGetCantStealIt)
{
    simulate([]() -> task<> {
        queue<int> q;
        std::vector<int> log;
        auto getter = spawn(get_into(q, log));
        co_await settle();
        q.try_put(1);
        EXPECT_FALSE(q.try_get());
        EXPECT_EQ(q.size(), 0U);
        co_await settle();
        EXPECT_EQ(log, std::vector{1});
    });
}

TEST(Queue, AGetterThatIsCancelledAfterItWasServedKeepsItsItem)
{
    simulate([]() -> task<> {
        queue<int> q;
        std::vector<int> log;
        auto first = spawn(get_into(q, log));
        co_await simul::yield();
        auto second = spawn(get_into(q, log));
        co_await settle();
        q.try_put(1);
        first.cancel(); // it returns at once, so the cancellation finds no wait to end
        q.try_put(2);
        co_await settle();
        EXPECT_EQ(log, (std::vector{1, 2}));
    });
}

TEST(Queue, CancelledGettersDropNothing)
{
    simulate([]() -> task<> {
        queue<int> q;
        std::vector<int> log;
        std::vector<future<>> waiting;
        for (int i = 0; i < 10; ++i)
            waiting.push_back(spawn(get_into(q, log)));
        co_await settle();
        for (int i = 0; i < 9; ++i)
            waiting[static_cast<std::size_t>(i)].cancel();
        q.try_put(7);
        q.try_put(8);
        co_await settle();
        EXPECT_EQ(log, std::vector{7});
        EXPECT_EQ(q.try_get(), 8);
    });
}

TEST(Queue, ACancelledPutPutsNothing)
{
    simulate([]() -> task<> {
        queue<int> q(1);
        q.try_put(0);
        auto first = spawn(put_into(q, 1));
        co_await simul::yield();
        auto second = spawn(put_into(q, 2));
        co_await settle();
        first.cancel();
        EXPECT_EQ(co_await q.get(), 0);
        EXPECT_EQ(co_await q.get(), 2);
        EXPECT_TRUE(q.empty());
        EXPECT_EQ(q.unfinished(), 2U);
        co_await settle();
        EXPECT_TRUE(first.cancelled());
    });
}

TEST(Queue, APutThatIsCancelledAfterItsItemWasTakenHasHappened)
{
    simulate([]() -> task<> {
        queue<int> q(1);
        q.try_put(0);
        bool put = false;
        auto putter = spawn([&]() -> task<> {
            co_await q.put(1);
            put = true;
        });
        co_await settle();
        EXPECT_EQ(q.try_get(), 0); // 1 moves in
        putter.cancel();
        co_await settle();
        EXPECT_TRUE(put);
        EXPECT_EQ(q.try_get(), 1);
    });
}

TEST(Queue, AGetWithSeveralWaitingPuttersLetsExactlyOneIn)
{
    simulate([]() -> task<> {
        queue<int> q(1);
        q.try_put(0);
        std::vector<future<>> putting;
        for (const int item : {1, 2, 3})
            putting.push_back(spawn(put_into(q, item)));
        co_await settle();
        co_await q.get();
        co_await settle();
        EXPECT_TRUE(putting[0].done());
        EXPECT_FALSE(putting[1].done());
        EXPECT_TRUE(q.full());
    });
}

TEST(Queue, CarriesItemsThatCanOnlyBeMoved)
{
    simulate([]() -> task<> {
        queue<std::unique_ptr<int>> q(1);
        auto getter = spawn([&]() -> task<int> { co_return *co_await q.get(); });
        co_await settle();
        co_await q.put(std::make_unique<int>(1));
        EXPECT_EQ(co_await getter, 1);
        co_await q.put(std::make_unique<int>(2));

        auto refused = std::make_unique<int>(3);
        EXPECT_FALSE(q.try_put(std::move(refused)));
        EXPECT_EQ(*refused, 3); // untouched

        auto putter = spawn([&]() -> task<> { co_await q.put_from(refused); });
        co_await settle();
        putter.cancel();
        co_await settle();
        EXPECT_EQ(*refused, 3); // a cancelled put_from has not moved from it
        EXPECT_EQ(*co_await q.get(), 2);
        co_await q.put_from(refused);
        EXPECT_FALSE(refused);
    });
}

TEST(Queue, OperationsCanBeHandedOn)
{
    simulate([]() -> task<> {
        queue<std::string> q(1);
        auto put = spawn(q.put("a long enough text to be kept on the heap"));
        auto get = spawn(q.get());
        EXPECT_EQ(co_await get, "a long enough text to be kept on the heap");
        co_await put;
        q.task_done();
        co_await spawn(q.join());
    });
}

// ---- shutdown: each state, each kind, each waiter

TEST(Queue, AfterShutdownPutIsRefusedAndGetDrains)
{
    simulate([]() -> task<> {
        queue<int> q(2);
        q.try_put(1);
        q.try_put(2);
        auto putter = spawn(put_into(q, 3));
        co_await settle();
        q.shutdown();
        EXPECT_TRUE(q.is_shut_down());
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(putter.error()));
        EXPECT_EQ(co_await q.get(), 1);
        EXPECT_EQ(q.try_get(), 2);
        EXPECT_THROW(static_cast<void>(q.try_get()), simul::closed_error);
        EXPECT_THROW(static_cast<void>(q.try_put(1)), simul::closed_error);
        auto late_get = spawn(q.get());
        auto late_put = spawn(q.put(1));
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(late_get.error()));
        EXPECT_TRUE(is_a<simul::closed_error>(late_put.error()));
        EXPECT_EQ(q.unfinished(), 2U);
    });
}

TEST(Queue, ShutdownWakesBlockedGetters)
{
    for (const bool drop : {false, true}) {
        simulate([drop]() -> task<> {
            queue<int> q;
            auto one = spawn(q.get());
            auto two = spawn(q.get());
            co_await settle();
            if (drop)
                q.shutdown(simul::drop_items);
            else
                q.shutdown();
            co_await settle();
            EXPECT_TRUE(is_a<simul::closed_error>(one.error()));
            EXPECT_TRUE(is_a<simul::closed_error>(two.error()));
        });
    }
}

TEST(Queue, ShutdownThatDropsCountsTheItemsAsDone)
{
    simulate([]() -> task<> {
        queue<int> q(2);
        q.try_put(1);
        q.try_put(2);
        auto putter = spawn(put_into(q, 3));
        auto joined = spawn(q.join());
        co_await settle();
        q.shutdown(simul::drop_items);
        co_await joined;
        EXPECT_EQ(q.size(), 0U);
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(putter.error()));
        EXPECT_THROW(q.task_done(), simul::invalid_state);
    });
}

TEST(Queue, ShutdownLeavesJoinWaitingForWhatIsInTheQueue)
{
    simulate([]() -> task<> {
        queue<int> q;
        q.try_put(1);
        auto joined = spawn(q.join());
        co_await settle();
        q.shutdown();
        co_await settle();
        EXPECT_FALSE(joined.done());
        co_await q.get();
        q.task_done();
        co_await joined;
    });
}

TEST(Queue, ShutdownThatDropsLeavesJoinWaitingForAnItemThatWasTaken)
{
    simulate([]() -> task<> {
        queue<int> q;
        q.try_put(1);
        q.try_put(2);
        co_await q.get();
        auto joined = spawn(q.join());
        co_await settle();
        q.shutdown(simul::drop_items);
        co_await settle();
        EXPECT_FALSE(joined.done());
        q.task_done();
        co_await joined;
        EXPECT_THROW(q.task_done(), simul::invalid_state);
    });
}

TEST(Queue, ShutdownMayComeTwiceAndTheSecondMayDrop)
{
    simulate([]() -> task<> {
        queue<int> q;
        q.try_put(1);
        q.shutdown();
        q.shutdown();
        EXPECT_EQ(q.size(), 1U);
        q.shutdown(simul::drop_items);
        EXPECT_EQ(q.size(), 0U);
        co_await q.join();
    });
}

TEST(Queue, AGetterThatWasServedBeforeTheShutdownKeepsItsItem)
{
    simulate([]() -> task<> {
        queue<int> q;
        auto getter = spawn(q.get());
        co_await settle();
        q.try_put(1);
        q.shutdown(simul::drop_items);
        EXPECT_EQ(q.unfinished(), 1U);
        EXPECT_EQ(co_await getter, 1);
    });
}

// ---- random schedules, threads

template <class Queue, laws::keeps Order> struct queue_subject {
    static constexpr laws::keeps order = Order;
    static constexpr int smallest_capacity = 1;
    explicit queue_subject(int capacity) : items(static_cast<std::size_t>(capacity)) {}
    auto put(int item) { return items.put(item); }
    task<std::optional<int>> get()
    {
        try {
            co_return co_await items.get();
        } catch (const simul::closed_error&) {
            co_return std::nullopt;
        }
    }
    bool try_put(int item) { return items.try_put(item); }
    std::optional<int> try_get()
    {
        try {
            return items.try_get();
        } catch (const simul::closed_error&) {
            return std::nullopt;
        }
    }
    void close() { items.shutdown(); }
    std::size_t size() const { return items.size(); }
    Queue items;
};

struct by_last_digit {
    bool operator()(int a, int b) const { return a % 10 < b % 10; }
};

TEST(Queue, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<laws::conduit_model<queue_subject<queue<int>, laws::keeps::oldest_first>>>();
}

TEST(Queue, SurvivesRandomSchedulesWithPriorities)
{
    using subject = queue_subject<simul::priority_queue<int, by_last_digit>, laws::keeps::smallest_first>;
    laws::survives_random_schedules<laws::conduit_model<subject>>();
}

TEST(Queue, SurvivesRandomSchedulesWhenItIsLifo)
{
    laws::survives_random_schedules<
        laws::conduit_model<queue_subject<simul::lifo_queue<int>, laws::keeps::newest_first>>>();
}

template <class Queue> void two_threads_lose_nothing()
{
    Queue q(3);
    std::atomic<int> in = 0;
    std::atomic<int> out = 0;
    laws::run_in_two_threads([&](int thread) -> task<> {
        const auto put = [&](laws::source&) -> task<> {
            co_await q.put(1);
            ++in;
        };
        const auto get = [&](laws::source&) -> task<> {
            co_await q.get();
            ++out;
            q.task_done();
        };
        auto puts = spawn(laws::many(thread, 2000, put));
        auto gets = spawn(laws::many(thread + 2, 2000, get));
        // Some were cancelled, so one side may be short of the other: help it until both are through.
        while (!puts.done() || !gets.done()) {
            co_await simul::sleep(std::chrono::milliseconds(1));
            if (puts.done() && !gets.done() && q.try_put(1))
                ++in;
            if (gets.done() && !puts.done() && q.try_get()) {
                ++out;
                q.task_done();
            }
        }
        co_await puts;
        co_await gets;
    });
    EXPECT_EQ(static_cast<std::size_t>(in - out), q.size());
    EXPECT_EQ(static_cast<std::size_t>(in - out), q.unfinished());
}

TEST(Queue, TwoThreadsLoseNothing)
{
    two_threads_lose_nothing<queue<int>>();
    two_threads_lose_nothing<simul::lifo_queue<int>>();
    two_threads_lose_nothing<simul::priority_queue<int>>();
}

} // namespace
