// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/future.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using outcome::reports;
using outcome::simulate;
using simul::future;
using simul::promise;
using simul::task;
using names = std::vector<std::string>;

task<int> after(simul::duration wait, int value)
{
    co_await simul::sleep(wait);
    co_return value;
}

task<int> failing(simul::duration wait)
{
    co_await simul::sleep(wait);
    throw std::runtime_error("it failed");
}

// ---- states

TEST(Future, IsPendingThenDoneForGood)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(after(1s, 5));
        EXPECT_TRUE(flight.valid());
        EXPECT_FALSE(flight.done());
        EXPECT_FALSE(flight.cancelled());
        EXPECT_EQ(flight.error(), nullptr);
        EXPECT_EQ(co_await flight, 5);
        EXPECT_TRUE(flight.done());
        EXPECT_FALSE(flight.cancel());
        EXPECT_FALSE(flight.cancelled());
        EXPECT_EQ(co_await flight, 5); // as often as you like
        EXPECT_EQ(flight.result(), 5);
    });
}

TEST(Future, GivesAReferenceWhenNamedAndMovesOutWhenNot)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<std::string> { co_return "a text too long for the small buffer"; });
        const std::string& first = co_await flight;
        const std::string& second = co_await flight;
        EXPECT_EQ(&first, &second);
        const std::string taken = co_await std::move(flight);
        EXPECT_EQ(taken, "a text too long for the small buffer");
    });
}

TEST(Future, MovesOutWhatCannotBeCopied)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
        const std::unique_ptr<int> mine = co_await flight;
        EXPECT_EQ(*mine, 3);
        int place = 0;
        auto reference = simul::spawn([](int& p) -> task<int&> { co_return p; }(place));
        EXPECT_EQ(&co_await reference, &place);
        auto none = simul::spawn([]() -> task<> { co_return; });
        co_await none;
        co_await std::move(none);
    });
}

TEST(Future, SaysSoWhenItIsEmpty)
{
    simulate([]() -> task<> {
        future<int> empty;
        EXPECT_FALSE(empty.valid());
        EXPECT_FALSE(static_cast<bool>(empty));
        EXPECT_THROW(static_cast<void>(empty.done()), simul::invalid_state);
        EXPECT_THROW(empty.cancel(), simul::invalid_state);
        EXPECT_THROW(static_cast<void>(empty.result()), simul::invalid_state);
        EXPECT_THROW(static_cast<void>(empty.name()), simul::invalid_state);
        bool refused = false;
        try {
            static_cast<void>(co_await empty);
        } catch (const simul::invalid_state&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        auto flight = simul::spawn(after(0s, 1));
        auto moved = std::move(flight);
        EXPECT_FALSE(flight.valid());
        EXPECT_EQ(co_await moved, 1);
    });
}

TEST(Future, ServesAllThatAwaitItInTheirOrder)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(after(1s, 9));
        names order;
        std::vector<future<>> waiting;
        for (const char* who : {"a", "b", "c"})
            waiting.push_back(simul::spawn([](future<int>& at, names& o, std::string name) -> task<> {
                const int& value = co_await at;
                o.push_back(name + std::to_string(value));
            }(flight, order, who)));
        co_await simul::sleep(1s);
        EXPECT_TRUE(order.empty()); // nobody runs inside of the completion
        co_await simul::sleep(1s);
        EXPECT_EQ(order, (names{"a9", "b9", "c9"}));
    });
}

TEST(Future, RunsNobodyInsideItsCompletionWhateverTheFirstServedDoes)
{
    simulate([]() -> task<> {
        promise<int> writer;
        auto reader = writer.get_future();
        names order;
        std::vector<future<>> waiting(4);
        const auto wait = [](future<int>& at, names& o, std::string name) -> task<> {
            static_cast<void>(co_await at);
            o.push_back(name);
        };
        waiting[0] = simul::spawn([](future<int>& at, names& o, std::vector<future<>>& others) -> task<> {
            static_cast<void>(co_await at);
            o.push_back("a");
            others[1].cancel();                     // served already: it has its value
            std::exchange(others[2], {}).cancel();  // and so has one whose future is dropped
            o.push_back("a awaits again");
            static_cast<void>(co_await at); // does not wait
            o.push_back("a has it");
        }(reader, order, waiting));
        waiting[1] = simul::spawn(wait(reader, order, "b"));
        waiting[2] = simul::spawn(wait(reader, order, "c"));
        waiting[3] = simul::spawn(wait(reader, order, "d"));
        co_await simul::yield();
        writer.set_value(1);
        EXPECT_TRUE(order.empty());
        co_await simul::yield();
        EXPECT_EQ(order, (names{"a", "a awaits again", "a has it", "b", "c", "d"}));
        EXPECT_FALSE(waiting[1].cancelled());
    });
}

TEST(Future, CarriesWhatMeansAnEndElsewhereAsAnyError)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn([]() -> task<int> { throw simul::end_of_stream(), co_await simul::yield(); });
        int caught = 0;
        for (int i = 0; i < 2; ++i)
            try {
                static_cast<void>(co_await flight);
            } catch (const simul::end_of_stream&) {
                ++caught;
            }
        EXPECT_EQ(caught, 2);
    });
}

TEST(Future, IsCancelledForAllWhenOneOfItsAwaitersIs)
{
    simulate([]() -> task<> {
        auto shared = simul::spawn(after(1h, 1));
        const auto wait = [](future<int>& at) -> task<> { static_cast<void>(co_await at); };
        auto first = simul::spawn(wait(shared));
        auto second = simul::spawn(wait(shared));
        co_await simul::yield();
        first.cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(shared.cancelled());
        EXPECT_TRUE(first.cancelled());
        EXPECT_TRUE(second.cancelled());
    });
}

TEST(Future, ThrowsTheErrorToEachThatAsks)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(failing(0s));
        for (int i = 0; i < 2; ++i) {
            bool caught = false;
            try {
                static_cast<void>(co_await flight);
            } catch (const std::runtime_error&) {
                caught = true;
            }
            EXPECT_TRUE(caught);
        }
        EXPECT_EQ(simul::describe(flight.error()), "std::runtime_error: it failed");
        EXPECT_THROW(static_cast<void>(flight.result()), std::runtime_error);
        EXPECT_FALSE(flight.cancelled());
    });
}

// ---- errors nobody looked at

TEST(Future, ReportsAnErrorThatNobodyLookedAtOnce)
{
    simulate([]() -> task<> {
        const reports heard;
        {
            auto flight = simul::spawn(failing(0s));
            flight.rename("the failing one");
            co_await simul::sleep(1s);
            EXPECT_TRUE(flight.done());
            EXPECT_TRUE(heard.seen().empty());
        }
        EXPECT_EQ(heard.seen().size(), 1u);
        if (heard.seen().size() == 1) {
            const simul::problem& p = heard.seen()[0];
            EXPECT_EQ(p.message, "a task failed and nobody asked for its result");
            EXPECT_EQ(simul::describe(p.error), "std::runtime_error: it failed");
            EXPECT_EQ(p.task, "the failing one");
            EXPECT_NE(std::string(p.spawned_at.file_name()).find("future_test.cpp"), std::string::npos);
            EXPECT_EQ(p.awaits.size(), 1u);
            EXPECT_NE(p.text().find("the failing one"), std::string::npos);
            EXPECT_NE(p.text().find("it failed"), std::string::npos);
        }
    });
}

TEST(Future, ReportsTheErrorOfADetachedTask)
{
    simulate([]() -> task<> {
        const reports heard;
        simul::spawn(failing(1s)).detach();
        co_await simul::sleep(2s);
        EXPECT_EQ(heard.seen().size(), 1u);
    });
}

TEST(Future, ReportsNoErrorThatSomebodyLookedAtNorACancellation)
{
    simulate([]() -> task<> {
        const reports heard;
        {
            auto read = simul::spawn(failing(0s));
            auto asked = simul::spawn(failing(0s));
            auto cancelled = simul::spawn(after(1h, 1));
            cancelled.cancel();
            co_await simul::sleep(1s);
            EXPECT_NE(asked.error(), nullptr);
            try {
                static_cast<void>(co_await read);
            } catch (const std::runtime_error&) {
            }
        }
        simul::spawn(after(1h, 1)).cancel();
        co_await simul::sleep(1s);
        EXPECT_TRUE(heard.seen().empty());
    });
}

// ---- owning

TEST(Future, CancelsItsWorkWhenItIsDropped)
{
    simulate([]() -> task<> {
        bool cancelled = false;
        {
            auto flight = simul::spawn([](bool& c) -> task<> {
                try {
                    co_await simul::sleep(1h);
                } catch (const simul::cancelled&) {
                    c = true;
                    throw;
                }
            }(cancelled));
            co_await simul::yield();
        }
        co_await simul::yield();
        EXPECT_TRUE(cancelled);
    });
}

TEST(Future, LetsItsWorkGoOnWhenItIsDetached)
{
    simulate([]() -> task<> {
        bool finished = false;
        auto flight = simul::spawn([](bool& f) -> task<> {
            co_await simul::sleep(1s);
            f = true;
        }(finished));
        flight.detach();
        EXPECT_FALSE(flight.valid());
        co_await simul::sleep(2s);
        EXPECT_TRUE(finished);
    });
}

TEST(Future, CancelsTheOldWorkOnlyWhenTheOneAssignedIsDropped)
{
    simulate([]() -> task<> {
        auto held = simul::spawn(after(1h, 1));
        {
            auto other = simul::spawn(after(1s, 2));
            held = std::move(other); // swaps
        }
        EXPECT_EQ(co_await held, 2);
    });
}

// ---- promises

TEST(Promise, GivesItsFutureOnceAndItsResultOnce)
{
    simulate([]() -> task<> {
        promise<int> writer;
        auto reader = writer.get_future();
        EXPECT_THROW(static_cast<void>(writer.get_future()), simul::invalid_state);
        EXPECT_FALSE(reader.done());
        EXPECT_TRUE(writer.set_value(4));
        EXPECT_TRUE(reader.done());
        EXPECT_THROW(writer.set_value(5), simul::invalid_state);
        EXPECT_THROW(writer.set_error(std::make_exception_ptr(1)), simul::invalid_state);
        EXPECT_FALSE(reader.cancel());
        EXPECT_EQ(co_await reader, 4);
    });
}

TEST(Promise, CarriesErrorsAndRefusesANullOne)
{
    simulate([]() -> task<> {
        promise<> writer;
        auto reader = writer.get_future();
        EXPECT_THROW(writer.set_error(nullptr), simul::error);
        EXPECT_TRUE(writer.set_error(std::make_exception_ptr(std::out_of_range("far"))));
        bool caught = false;
        try {
            co_await reader;
        } catch (const std::out_of_range&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(Promise, FailsItsFutureWhenItIsDropped)
{
    simulate([]() -> task<> {
        future<int> reader;
        {
            promise<int> writer;
            reader = writer.get_future();
        }
        bool caught = false;
        try {
            static_cast<void>(co_await reader);
        } catch (const simul::closed_error& e) {
            caught = true;
            EXPECT_STREQ(e.what(), "the promise was dropped without a result");
        }
        EXPECT_TRUE(caught);
        const reports heard;
        {
            const promise<int> nobody_reads_it;
        }
        EXPECT_TRUE(heard.seen().empty());
    });
}

TEST(Promise, LearnsThatItsFutureWasCancelledOrDropped)
{
    simulate([]() -> task<> {
        promise<int> writer;
        auto reader = writer.get_future();
        EXPECT_FALSE(writer.cancelled());
        EXPECT_TRUE(reader.cancel());
        EXPECT_FALSE(reader.cancel());
        EXPECT_TRUE(writer.cancelled());
        EXPECT_FALSE(writer.set_value(1));
        EXPECT_FALSE(writer.set_error(std::make_exception_ptr(1)));
        EXPECT_TRUE(reader.cancelled());
        EXPECT_THROW(static_cast<void>(reader.result()), simul::cancelled);

        promise<int> other;
        static_cast<void>(std::make_unique<future<int>>(other.get_future()));
        EXPECT_TRUE(other.cancelled());
        co_return;
    });
}

TEST(Promise, IsCancelledWithTheTaskThatAwaitsItsFuture)
{
    simulate([]() -> task<> {
        promise<int> writer;
        auto flight = simul::spawn([](future<int> reader) -> task<> { static_cast<void>(co_await reader); }(writer.get_future()));
        co_await simul::yield();
        flight.cancel();
        EXPECT_TRUE(writer.cancelled());
        co_await simul::yield();
        EXPECT_TRUE(flight.cancelled());
    });
}

TEST(Promise, TellsAMovedFromOneApart)
{
    promise<int> first;
    promise<int> second = std::move(first);
    EXPECT_THROW(first.set_value(1), simul::invalid_state);
    EXPECT_THROW(static_cast<void>(first.get_future()), simul::invalid_state);
    auto reader = second.get_future();
    second.set_value(8);
    EXPECT_EQ(reader.result(), 8);
}

struct alignas(64) line {
    std::array<int, 16> words{};
};

TEST(Promise, MayBeReplacedAndItsFutureNamed)
{
    simulate([]() -> task<> {
        promise<int> writer;
        auto first = writer.get_future();
        EXPECT_EQ(first.name(), "promise");
        for (const char* name : {"a", "b"}) {
            first.rename(name);
            EXPECT_EQ(first.name(), name);
        }
        {
            promise<int> other;
            auto second = other.get_future();
            writer = std::move(other); // swaps
            writer.set_value(2);
            EXPECT_EQ(co_await second, 2);
            EXPECT_FALSE(first.done());
        }
        EXPECT_THROW(static_cast<void>(first.result()), simul::closed_error); // its promise went with the scope
    });
}

TEST(Promise, CarriesValuesOfEveryKind)
{
    promise<line> aligned;
    auto reader = aligned.get_future();
    aligned.set_value(line{});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&reader.result()) % 64, 0u);
    promise<std::unique_ptr<int>> owning;
    auto owned = owning.get_future();
    owning.set_value(std::make_unique<int>(2));
    EXPECT_EQ(*owned.result(), 2);
    int place = 0;
    promise<int&> reference;
    auto same = reference.get_future();
    reference.set_value(place);
    EXPECT_EQ(&same.result(), &place);
}

TEST(Promise, KeepsItsFutureUsableWhenTheValueThrowsWhileItIsCopied)
{
    struct thorny {
        thorny() = default;
        thorny(const thorny&) { throw std::runtime_error("no copy"); }
        thorny(thorny&&) noexcept {}
    };
    promise<thorny> writer;
    auto reader = writer.get_future();
    const thorny source;
    EXPECT_THROW(writer.set_value(source), std::runtime_error);
    EXPECT_FALSE(reader.done());
    EXPECT_TRUE(writer.set_value(thorny{}));
    EXPECT_TRUE(reader.done());
}

// ---- threads

TEST(Future, BlocksAPlainThreadUntilItIsDone)
{
    promise<int> writer;
    auto reader = writer.get_future();
    std::thread other([&] {
        std::this_thread::sleep_for(5ms); // real: the point is that the main thread blocks
        writer.set_value(6);
    });
    EXPECT_EQ(reader.result(), 6);
    other.join();
}

TEST(Future, GivesUpAfterATimeAndTheWorkGoesOn)
{
    promise<int> writer;
    auto reader = writer.get_future();
    EXPECT_THROW(static_cast<void>(reader.result_for(1ms)), simul::timeout_error);
    EXPECT_THROW(static_cast<void>(reader.result_for(-1s)), simul::timeout_error);
    EXPECT_FALSE(writer.cancelled());
    writer.set_value(3);
    EXPECT_EQ(reader.result_for(0s), 3);
    EXPECT_EQ(std::move(reader).result(), 3);
}

TEST(Future, RefusesToBlockALoop)
{
    simulate([]() -> task<> {
        auto flight = simul::spawn(after(1s, 2));
        bool refused = false;
        try {
            static_cast<void>(flight.result());
        } catch (const simul::deadlock_error& e) {
            refused = true;
            EXPECT_NE(std::string(e.what()).find("co_await"), std::string::npos);
        }
        EXPECT_TRUE(refused);
        EXPECT_THROW(static_cast<void>(flight.result_for(1s)), simul::deadlock_error);
        EXPECT_EQ(co_await flight, 2);
        EXPECT_EQ(flight.result(), 2); // it is there: nothing blocks
    });
}

TEST(Future, IsAwaitedOnAnotherLoopThanTheOneThatProducesIt)
{
    promise<int> stop_producing;
    promise<future<int>> handed_over;
    auto produced = handed_over.get_future();
    std::thread producer([&] {
        simul::run([&]() -> task<> {
            handed_over.set_value(simul::spawn([]() -> task<int> {
                co_await simul::sleep(2ms);
                co_return 77;
            }));
            co_await stop_producing.get_future();
        });
    });
    future<int> foreign = std::move(produced).result();
    simul::run([&]() -> task<> { EXPECT_EQ(co_await foreign, 77); });
    stop_producing.set_value(0);
    producer.join();
}

TEST(Future, IsCancelledFromAnotherThread)
{
    promise<> ready;
    auto is_ready = ready.get_future();
    future<> flight;
    bool raised = false;
    std::thread canceller([&] {
        is_ready.result();
        EXPECT_TRUE(flight.cancel());
        EXPECT_THROW(flight.result(), simul::cancelled);
    });
    simul::run([&]() -> task<> {
        flight = simul::spawn([](bool& r) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                r = true;
                throw;
            }
        }(raised));
        co_await simul::yield();
        ready.set_value();
        while (!flight.done())
            co_await simul::sleep(100us);
    });
    canceller.join();
    EXPECT_TRUE(raised);
    EXPECT_TRUE(flight.cancelled());
}

TEST(Future, PassesThroughManyThreadsAtOnce)
{
    for (int round = 0; round < 300; ++round) {
        promise<int> writer;
        auto reader = writer.get_future();
        std::thread setter([&] { writer.set_value(round); });
        std::thread canceller([handle = std::move(reader), round]() mutable {
            if (round % 3 == 0)
                handle.cancel();
            try {
                EXPECT_EQ(handle.result(), round);
            } catch (const simul::cancelled&) {
                EXPECT_EQ(round % 3, 0);
            }
        });
        setter.join();
        canceller.join();
    }
}

// ---- then

TEST(Future, IsContinuedByThen)
{
    simulate([]() -> task<> {
        auto plain = simul::spawn(after(1s, 5)).then([](int n) { return n + 1; });
        EXPECT_EQ(co_await plain, 6);
        auto more = simul::spawn(after(1s, 5)).then([](int n) { return after(1s, n * 2); });
        EXPECT_EQ(co_await more, 10);
        bool called = false;
        auto none = simul::spawn([]() -> task<> { co_return; }).then([&] { called = true; });
        co_await none;
        EXPECT_TRUE(called);
        auto failed = simul::spawn(failing(0s)).then([&](int) { ADD_FAILURE() << "called without a result"; });
        bool caught = false;
        try {
            co_await failed;
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

} // namespace
