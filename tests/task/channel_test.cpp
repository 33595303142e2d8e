// SPDX-License-Identifier: MIT
#include "conduit_model.hpp"
#include "laws.hpp"

#include <simul/task/channel.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using laws::is_a;
using laws::settle;
using laws::simulate;
using simul::channel;
using simul::future;
using simul::spawn;
using simul::task;

// ---- the laws, from both sides, unbuffered and buffered

template <int Capacity> struct receivers {
    static constexpr const char* name = "channel";
    static constexpr bool gives_all = false;
    explicit receivers(int) {}
    task<laws::nothing> wait()
    {
        EXPECT_TRUE(co_await values->receive());
        co_return {};
    }
    void give() { EXPECT_TRUE(values->try_send(1)); }
    void destroy() { values.reset(); }
    std::optional<channel<int>> values{std::in_place, Capacity};
};

template <int Capacity> struct senders {
    static constexpr const char* name = "channel";
    static constexpr bool gives_all = false;
    explicit senders(int)
    {
        for (int i = 0; i < Capacity; ++i)
            values->try_send(0);
    }
    task<laws::nothing> wait()
    {
        co_await values->send(1);
        co_return {};
    }
    void give() { EXPECT_TRUE(values->try_receive()); }
    void destroy() { values.reset(); }
    std::optional<channel<int>> values{std::in_place, Capacity};
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(ChannelReceive, Laws, receivers<0>);
INSTANTIATE_TYPED_TEST_SUITE_P(ChannelSend, Laws, senders<0>);
INSTANTIATE_TYPED_TEST_SUITE_P(BufferedChannelReceive, Laws, receivers<2>);
INSTANTIATE_TYPED_TEST_SUITE_P(BufferedChannelSend, Laws, senders<2>);
} // namespace laws

namespace {

// ---- Go's rules

TEST(Channel, ASendIsOverWhenItWasReceived)
{
    simulate([]() -> task<> {
        channel<int> c;
        std::string log;
        auto sender = spawn([&]() -> task<> {
            co_await c.send(1);
            log += "sent ";
        });
        co_await settle();
        log += "before ";
        EXPECT_EQ(co_await c.receive(), 1);
        log += "received ";
        co_await sender;
        EXPECT_EQ(log, "before received sent ");
    });
}

TEST(Channel, ASendToAWaitingReceiverIsOverAtOnce)
{
    simulate([]() -> task<> {
        channel<int> c;
        auto receiver = spawn(c.receive());
        co_await settle();
        co_await c.send(1);
        EXPECT_FALSE(receiver.done()); // it has the value, and runs next
        EXPECT_EQ(co_await receiver, 1);
    });
}

TEST(Channel, WithABufferASendIsOverWhenThereIsRoom)
{
    simulate([]() -> task<> {
        channel<int> c(2);
        EXPECT_EQ(c.capacity(), 2U);
        co_await c.send(1);
        co_await c.send(2);
        EXPECT_TRUE(c.full());
        EXPECT_FALSE(c.try_send(3));
        auto third = spawn(c.send(3));
        co_await settle();
        EXPECT_FALSE(third.done());
        EXPECT_EQ(co_await c.receive(), 1);
        co_await third;
        EXPECT_EQ(co_await c.receive(), 2);
        EXPECT_EQ(co_await c.receive(), 3);
        EXPECT_TRUE(c.empty());
    });
}

TEST(Channel, AfterCloseReceiversDrainAndThenGetNothing)
{
    simulate([]() -> task<> {
        channel<int> c(2);
        co_await c.send(1);
        co_await c.send(2);
        c.close();
        EXPECT_TRUE(c.closed());
        std::vector<int> drained;
        while (auto value = co_await c.receive())
            drained.push_back(*value);
        EXPECT_EQ(drained, (std::vector{1, 2}));
        EXPECT_EQ(co_await c.receive(), std::nullopt);
        EXPECT_EQ(c.try_receive(), std::nullopt);
    });
}

TEST(Channel, AfterCloseSendIsAnError)
{
    simulate([]() -> task<> {
        channel<int> c(2);
        c.close();
        EXPECT_THROW(c.try_send(1), simul::closed_error);
        auto late = spawn(c.send(1));
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(late.error()));
    });
}

TEST(Channel, CloseWakesWhoeverWaits)
{
    simulate([]() -> task<> {
        channel<int> c;
        auto one = spawn(c.receive());
        auto two = spawn(c.receive());
        co_await settle();
        c.close();
        EXPECT_EQ(co_await one, std::nullopt);
        EXPECT_EQ(co_await two, std::nullopt);

        channel<int> d;
        auto sender = spawn(d.send(1));
        co_await settle();
        d.close();
        co_await settle();
        EXPECT_TRUE(is_a<simul::closed_error>(sender.error()));
        EXPECT_EQ(co_await d.receive(), std::nullopt); // what was not sent is not received
    });
}

TEST(Channel, ASecondCloseIsAnError)
{
    channel<int> c;
    c.close();
    EXPECT_THROW(c.close(), simul::invalid_state);
}

TEST(Channel, TheLoopSaysWhenEverybodyWaits)
{
    channel<int> c;
    EXPECT_THROW(simulate([&]() -> task<> { co_await c.receive(); }), simul::deadlock_error);
}

TEST(Channel, APipelineOfTasks)
{
    simulate([]() -> task<> {
        channel<int> numbers;
        channel<int> squares;
        auto counter = spawn([&]() -> task<> {
            for (int i = 1; i <= 5; ++i)
                co_await numbers.send(i);
            numbers.close();
        });
        auto squarer = spawn([&]() -> task<> {
            while (auto n = co_await numbers.receive())
                co_await squares.send(*n * *n);
            squares.close();
        });
        std::vector<int> got;
        while (auto n = co_await squares.receive())
            got.push_back(*n);
        EXPECT_EQ(got, (std::vector{1, 4, 9, 16, 25}));
        co_await counter;
        co_await squarer;
    });
}

// ---- lossless

TEST(Channel, AReceiverThatIsCancelledAfterItWasServedKeepsItsValue)
{
    simulate([]() -> task<> {
        channel<int> c;
        std::optional<int> got;
        bool cancelled_later = false;
        auto receiver = spawn([&]() -> task<> {
            got = co_await c.receive();
            try {
                co_await c.receive();
            } catch (const simul::cancelled&) {
                cancelled_later = true;
            }
        });
        co_await settle();
        EXPECT_TRUE(c.try_send(1));
        receiver.cancel();
        co_await settle();
        EXPECT_EQ(got, 1);
        EXPECT_TRUE(cancelled_later);
    });
}

TEST(Channel, ACancelledSendHasSentNothing)
{
    simulate([]() -> task<> {
        channel<int> c;
        auto first = spawn(c.send(1));
        co_await simul::yield();
        auto second = spawn(c.send(2));
        co_await settle();
        first.cancel();
        EXPECT_EQ(co_await c.receive(), 2);
        EXPECT_EQ(c.try_receive(), std::nullopt);
    });
}

TEST(Channel, CarriesValuesThatCanOnlyBeMoved)
{
    simulate([]() -> task<> {
        channel<std::unique_ptr<int>> c;
        auto receiver = spawn(c.receive());
        co_await settle();
        co_await c.send(std::make_unique<int>(1));
        EXPECT_EQ(**(co_await std::move(receiver)), 1);

        auto value = std::make_unique<int>(2);
        EXPECT_FALSE(c.try_send(std::move(value)));
        EXPECT_EQ(*value, 2);
        auto sender = spawn([&]() -> task<> { co_await c.send_from(value); });
        co_await settle();
        EXPECT_EQ(*value, 2); // still here
        EXPECT_EQ(**c.try_receive(), 2);
        EXPECT_FALSE(value);
        co_await sender;
    });
}

TEST(Channel, MayBeDestroyedByTheReceiverThatWasServed)
{
    simulate([]() -> task<> {
        auto c = std::make_unique<channel<int>>();
        auto receiver = spawn([&]() -> task<int> {
            const auto got = co_await c->receive();
            c.reset();
            co_return *got;
        });
        co_await settle();
        c->try_send(1);
        EXPECT_EQ(co_await receiver, 1);
    });
}

TEST(Channel, MayBeDestroyedByTheSenderBeforeTheReceiverRuns)
{
    simulate([]() -> task<> {
        auto c = std::make_unique<channel<int>>();
        auto receiver = spawn(c->receive());
        co_await settle();
        c->try_send(1);
        c.reset();
        EXPECT_EQ(co_await receiver, 1);
    });
}

// ---- random schedules, threads

struct channel_subject {
    static constexpr laws::keeps order = laws::keeps::oldest_first;
    static constexpr int smallest_capacity = 0;
    explicit channel_subject(int capacity) : values(static_cast<std::size_t>(capacity)) {}
    auto put(int value) { return values.send(value); }
    auto get() { return values.receive(); }
    bool try_put(int value) { return values.try_send(value); }
    std::optional<int> try_get() { return values.try_receive(); }
    void close() { values.close(); }
    std::size_t size() const { return values.size(); }
    channel<int> values;
};

TEST(Channel, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<laws::conduit_model<channel_subject>>();
}

TEST(Channel, TwoThreadsLoseNothingAndKeepTheOrderOfEachSender)
{
    constexpr int each = 5000;
    for (const std::size_t capacity : {0U, 1U, 16U}) {
        channel<std::pair<int, int>> c(capacity);
        std::atomic<int> senders = 2;
        std::atomic<int> received = 0;
        laws::run_in_two_threads([&](int thread) -> task<> {
            auto sending = spawn([](channel<std::pair<int, int>>& to, std::atomic<int>& left, int me) -> task<> {
                for (int i = 0; i < each; ++i)
                    co_await to.send({me, i});
                if (--left == 0)
                    to.close();
            }(c, senders, thread));
            int last[2] = {-1, -1};
            while (const auto got = co_await c.receive()) {
                EXPECT_LT(last[got->first], got->second);
                last[got->first] = got->second;
                ++received;
            }
            co_await sending;
        });
        EXPECT_EQ(received, 2 * each);
    }
}

TEST(Channel, TwoThreadsMeetUnderCancellation)
{
    channel<int> c;
    std::atomic<int> sent = 0;
    std::atomic<int> received = 0;
    laws::run_in_two_threads([&](int thread) -> task<> {
        const auto send = [&](laws::source&) -> task<> {
            co_await c.send(1);
            ++sent;
        };
        const auto receive = [&](laws::source&) -> task<> {
            co_await c.receive();
            ++received;
        };
        auto sends = spawn(laws::many(thread, 2000, send));
        auto receives = spawn(laws::many(thread + 2, 2000, receive));
        while (!sends.done() || !receives.done()) {
            co_await simul::sleep(std::chrono::milliseconds(1));
            if (sends.done() && !receives.done() && c.try_send(1))
                ++sent;
            if (receives.done() && !sends.done() && c.try_receive())
                ++received;
        }
        co_await sends;
        co_await receives;
    });
    EXPECT_EQ(sent, received);
}

} // namespace
