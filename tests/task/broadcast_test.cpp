// SPDX-License-Identifier: MIT
#include "laws.hpp"

#include <simul/task/broadcast.hpp>

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
using simul::broadcast;
using simul::future;
using simul::spawn;
using simul::task;

using subscriber = broadcast<int>::subscriber;

task<> read_all(subscriber mine, std::vector<int>& log)
{
    while (const auto value = co_await mine.receive())
        log.push_back(*value);
}

// ---- the laws, from both sides

struct receivers {
    static constexpr const char* name = "broadcast";
    static constexpr bool gives_all = true;
    explicit receivers(int) {}
    task<laws::nothing> wait()
    {
        auto mine = values->subscribe();
        EXPECT_TRUE(co_await mine.receive());
        co_return {};
    }
    void give() { EXPECT_TRUE(values->try_send(1)); }
    void destroy() { values.reset(); }
    std::optional<broadcast<int>> values{std::in_place};
};

struct senders {
    static constexpr const char* name = "broadcast";
    static constexpr bool gives_all = false;
    explicit senders(int) { values->try_send(0); }
    task<laws::nothing> wait()
    {
        co_await values->send(1);
        co_return {};
    }
    void give() { EXPECT_TRUE(slow.try_receive()); }
    void destroy() { values.reset(); }
    std::optional<broadcast<int>> values{std::in_place, simul::broadcast_options{.capacity = 1}};
    subscriber slow = values->subscribe();
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(BroadcastReceive, Laws, receivers);
INSTANTIATE_TYPED_TEST_SUITE_P(BroadcastSend, Laws, senders);
} // namespace laws

namespace {

TEST(Broadcast, GivesEachSubscriberWhatIsSentAfterItSubscribed)
{
    simulate([]() -> task<> {
        broadcast<int> b;
        EXPECT_TRUE(b.try_send(0)); // nobody is there
        std::vector<int> early;
        std::vector<int> late;
        auto first = spawn(read_all(b.subscribe(), early));
        co_await b.send(1);
        auto second = spawn(read_all(b.subscribe(), late));
        EXPECT_EQ(b.subscribers(), 2U);
        co_await b.send(2);
        b.close();
        co_await first;
        co_await second;
        EXPECT_EQ(early, (std::vector{1, 2}));
        EXPECT_EQ(late, std::vector{2});
        EXPECT_EQ(b.subscribers(), 0U);
    });
}

TEST(Broadcast, ASendWaitsForTheSlowestSubscriber)
{
    simulate([]() -> task<> {
        broadcast<int> b{{.capacity = 2}};
        auto slow = b.subscribe();
        std::vector<int> log;
        auto fast = spawn(read_all(b.subscribe(), log));
        co_await b.send(1);
        co_await b.send(2);
        EXPECT_FALSE(b.try_send(3));
        auto third = spawn(b.send(3));
        auto fourth = spawn(b.send(4));
        co_await settle();
        EXPECT_EQ(log, (std::vector{1, 2}));
        EXPECT_FALSE(third.done());
        EXPECT_EQ(slow.try_receive(), 1);
        co_await settle();
        EXPECT_TRUE(third.done());
        EXPECT_FALSE(fourth.done());
        EXPECT_EQ(log, (std::vector{1, 2, 3}));
        for (const int expected : {2, 3, 4})
            EXPECT_EQ(co_await slow.receive(), expected);
        EXPECT_EQ(slow.try_receive(), std::nullopt);
        EXPECT_EQ(slow.missed(), 0U);
        b.close();
        co_await fast;
    });
}

TEST(Broadcast, ASubscriberThatLeavesHoldsNobodyUp)
{
    simulate([]() -> task<> {
        broadcast<int> b{{.capacity = 1}};
        auto stays = b.subscribe();
        std::optional<subscriber> leaves(b.subscribe());
        co_await b.send(1);
        EXPECT_EQ(stays.try_receive(), 1);
        auto second = spawn(b.send(2));
        co_await settle();
        EXPECT_FALSE(second.done());
        leaves.reset();
        co_await second;
        EXPECT_EQ(stays.try_receive(), 2);

        auto last = std::make_unique<subscriber>(std::move(stays));
        co_await b.send(3);
        auto fourth = spawn(b.send(4));
        co_await settle();
        last.reset(); // now nobody is left
        co_await fourth;
        co_await b.send(5);
    });
}

TEST(Broadcast, DropsTheOldestWhenItIsToldToAndCountsForWhomItDid)
{
    simulate([]() -> task<> {
        broadcast<int> b{{.capacity = 2, .when_full = simul::overflow::drop_oldest}};
        auto slow = b.subscribe();
        auto other = b.subscribe();
        for (int i = 1; i <= 3; ++i)
            co_await b.send(i);
        EXPECT_EQ(co_await other.receive(), 2);
        for (int i = 4; i <= 5; ++i)
            EXPECT_TRUE(b.try_send(i));
        EXPECT_EQ(co_await slow.receive(), 4);
        EXPECT_EQ(slow.missed(), 3U);
        EXPECT_EQ(co_await slow.receive(), 5);
        EXPECT_EQ(co_await other.receive(), 4);
        EXPECT_EQ(other.missed(), 2U);
    });
}

TEST(Broadcast, AfterCloseSubscribersDrainAndSendersAreRefused)
{
    simulate([]() -> task<> {
        broadcast<int> b{{.capacity = 1}};
        auto mine = b.subscribe();
        co_await b.send(1);
        auto waiting = spawn(b.send(2));
        co_await settle();
        b.close();
        EXPECT_TRUE(b.closed());
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(waiting.error()));
        EXPECT_THROW(b.try_send(3), simul::closed_error);
        EXPECT_THROW(b.close(), simul::invalid_state);
        EXPECT_EQ(co_await mine.receive(), 1);
        EXPECT_EQ(co_await mine.receive(), std::nullopt);
        auto late = b.subscribe();
        EXPECT_EQ(co_await late.receive(), std::nullopt);
    });
}

TEST(Broadcast, CloseWakesSubscribersThatWait)
{
    simulate([]() -> task<> {
        broadcast<int> b;
        std::vector<int> log;
        auto one = spawn(read_all(b.subscribe(), log));
        auto two = spawn(read_all(b.subscribe(), log));
        co_await settle();
        b.close();
        co_await one;
        co_await two;
        EXPECT_TRUE(log.empty());
    });
}

TEST(Broadcast, ACancelledReceiveLosesNothing)
{
    simulate([]() -> task<> {
        broadcast<int> b;
        auto mine = b.subscribe();
        auto receive = [&]() -> task<int> { co_return *co_await mine.receive(); };
        auto before = spawn(receive());
        co_await settle();
        before.cancel();
        co_await b.send(1);
        co_await settle();
        EXPECT_TRUE(before.cancelled());
        auto after = spawn(receive());
        co_await settle();
        auto more = spawn(b.send(2));
        co_await settle();
        EXPECT_EQ(co_await after, 1);
        auto served = spawn(receive());
        EXPECT_EQ(co_await served, 2);
        auto last = spawn(receive());
        co_await settle();
        b.try_send(3);
        last.cancel();
        co_await settle();
        EXPECT_EQ(co_await last, 3);
    });
}

TEST(Broadcast, OnlyOneTaskMayWaitAtASubscriber)
{
    simulate([]() -> task<> {
        broadcast<int> b;
        auto mine = b.subscribe();
        auto first = spawn(mine.receive());
        co_await settle();
        auto second = spawn(mine.receive());
        co_await settle();
        EXPECT_TRUE(is_a<simul::invalid_state>(second.error()));
        b.try_send(1);
        EXPECT_EQ(co_await first, 1);
        EXPECT_EQ(mine.try_receive(), std::nullopt);
    });
}

TEST(Broadcast, TellsASubscriberThatOutlivesIt)
{
    auto b = std::make_unique<broadcast<int>>();
    auto mine = b->subscribe();
    auto moved = std::move(mine);
    b.reset();
    EXPECT_THROW(static_cast<void>(moved.receive()), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(mine.receive()), simul::invalid_state);
    EXPECT_THROW(broadcast<int>({.capacity = 0}), simul::error);
}

TEST(Broadcast, GivesTheLastReaderTheValueItself)
{
    struct counted {
        explicit counted(int& made) : copies(&made) {}
        counted(const counted& other) : copies(other.copies) { ++*copies; }
        counted(counted&&) noexcept = default;
        int* copies;
    };
    int copies = 0;
    broadcast<counted> b;
    auto one = b.subscribe();
    auto two = b.subscribe();
    auto three = b.subscribe();
    b.try_send(counted(copies));
    EXPECT_TRUE(one.try_receive() && two.try_receive() && three.try_receive());
    EXPECT_EQ(copies, 2);
}

/// Random senders and readers: every reader sees an unbroken piece of what was sent, and nobody is stuck.
TEST(Broadcast, SurvivesRandomSchedules)
{
    laws::for_each_seed([](std::uint64_t seed) -> task<> {
        laws::source random(seed);
        broadcast<int> b{{.capacity = static_cast<std::size_t>(1 + random.below(3))}};
        std::vector<int> sent;
        std::vector<future<>> tasks;
        const auto send = [&](int value) -> task<> {
            co_await b.send(value);
            sent.push_back(value); // after others, maybe; see below
        };
        const auto read = [&](subscriber mine, int limit) -> task<> {
            int last = -1;
            for (; limit != 0; --limit) {
                const auto value = co_await mine.receive();
                if (!value)
                    break;
                EXPECT_GT(*value, last); // senders are served in order
                last = *value;
                if (random.one_in(3))
                    co_await simul::yield();
            }
            EXPECT_EQ(mine.missed(), 0U);
        };
        for (int step = 0; step < 25; ++step) {
            const int what = random.below(7);
            if (what < 3)
                tasks.push_back(spawn(send, step));
            else if (what < 5)
                tasks.push_back(spawn(read(b.subscribe(), random.below(6) - 1)));
            else if (what == 5 && !tasks.empty())
                tasks[static_cast<std::size_t>(random.below(static_cast<int>(tasks.size())))].cancel();
            co_await simul::yield();
            co_await simul::yield();
        }
        std::vector<int> all;
        auto whole = spawn(read_all(b.subscribe(), all));
        co_await settle();
        sent.clear();
        for (int i = 0; i < 5; ++i)
            co_await b.send(100 + i);
        b.close();
        co_await whole;
        EXPECT_GE(all.size(), 5U);
        EXPECT_EQ(std::vector<int>(all.end() - 5, all.end()), (std::vector{100, 101, 102, 103, 104}));
        co_await settle();
        for (const auto& each : tasks)
            EXPECT_TRUE(each.done());
    });
}

TEST(Broadcast, TwoThreadsSeeEverythingInOrder)
{
    constexpr int count = 3000;
    broadcast<std::pair<int, int>> b{{.capacity = 4}};
    std::vector<broadcast<std::pair<int, int>>::subscriber> mine;
    for (int i = 0; i < 4; ++i)
        mine.push_back(b.subscribe());
    std::atomic<int> senders = 2;
    std::atomic<int> seen = 0;
    laws::run_in_two_threads([&](int thread) -> task<> {
        const auto read = [&](broadcast<std::pair<int, int>>::subscriber from) -> task<> {
            int last[2] = {-1, -1};
            while (const auto got = co_await from.receive()) {
                EXPECT_EQ(last[got->first] + 1, got->second);
                last[got->first] = got->second;
                ++seen;
            }
        };
        auto one = spawn(read(std::move(mine[static_cast<std::size_t>(thread)])));
        auto two = spawn(read(std::move(mine[static_cast<std::size_t>(thread + 2)])));
        for (int i = 0; i < count; ++i)
            co_await b.send({thread, i});
        if (--senders == 0)
            b.close();
        co_await one;
        co_await two;
    });
    EXPECT_EQ(seen, 4 * 2 * count);
}

} // namespace
