// SPDX-License-Identifier: MIT
#include "child_process.hpp"

#include <simul/run/dump_tasks.hpp>
#include <simul/run/fiber.hpp>
#include <simul/run/run.hpp>
#include <simul/task/await_chain.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/event.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/generator.hpp>
#include <simul/task/group.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/race.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::await;
using simul::fiber;
using simul::task;
using names = std::vector<std::string>;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIMUL_TEST_SANITIZED
#endif
#endif

task<int> value_after(simul::duration wait, int value)
{
    co_await simul::sleep(wait);
    co_return value;
}

task<int> error_after(simul::duration wait, std::string text)
{
    co_await simul::sleep(wait);
    throw std::runtime_error(text);
}

/// Waits at the bottom of some calls.
int deep(int calls)
{
    return calls == 0 ? await(value_after(1s, 42)) : deep(calls - 1);
}

/// Writes its end into a log.
struct noted {
    names& log;
    std::string name;
    ~noted() { log.push_back(name); }
};

// ---- what it gives

SIMUL_TEST(Fiber, WaitsInPlainFunctionsHoweverDeep)
{
    const auto before = simul::now();
    EXPECT_EQ(co_await fiber(deep, 20), 42);
    EXPECT_EQ(simul::now() - before, 1s);
}

SIMUL_TEST(Fiber, GivesResultsOfEveryKind)
{
    int at = 0;
    int& same = co_await fiber([](int* n) -> int& { return *n; }, &at);
    EXPECT_EQ(&same, &at);
    const auto owned = co_await fiber([](std::unique_ptr<int> given) { return given; }, std::make_unique<int>(3));
    EXPECT_EQ(*owned, 3);
    co_await fiber([] { await(simul::sleep(1s)); });
    const std::string text = co_await fiber([] {
        const std::string a = await([]() -> task<std::string> { co_return "long enough to be on the heap"; }());
        int n = 5;
        int& r = await([](int& of) -> task<int&> { co_return of; }(n));
        EXPECT_EQ(&r, &n);
        auto kept = simul::spawn(value_after(1s, 6));
        const int& in_the_future = await(kept);
        return a + std::to_string(in_the_future);
    });
    EXPECT_EQ(text, "long enough to be on the heap6");
}

SIMUL_TEST(Fiber, DoesNothingBeforeItIsAwaited)
{
    const auto held = std::make_shared<int>(1);
    bool ran = false;
    {
        auto described = fiber([&](const std::shared_ptr<int>&) { ran = true; }, held);
        EXPECT_EQ(held.use_count(), 2);
        auto moved = std::move(described);
        co_await simul::yield();
        moved.discard();
    }
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_FALSE(ran);
    void (*const none)() = nullptr;
    CO_ASSERT_THROW(static_cast<void>(fiber(none)), simul::error);
}

SIMUL_TEST(Fiber, KeepsFunctionAndArgumentsAsLongAsItRuns)
{
    auto captured = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = captured;
    auto flight = simul::spawn(fiber([kept = std::move(captured)] {
        await(simul::sleep(1s));
        return *kept;
    }));
    co_await simul::yield();
    EXPECT_FALSE(watched.expired());
    EXPECT_EQ(co_await flight, 1);
    EXPECT_TRUE(watched.expired());
}

SIMUL_TEST(Fiber, LetsOthersRunWhileItWaits)
{
    names log;
    auto worker = [&](const char* name) {
        for (int i = 0; i < 2; ++i) {
            log.push_back(name + std::to_string(i));
            await(simul::yield());
        }
    };
    auto a = simul::spawn(fiber(worker, "a"));
    auto b = simul::spawn(fiber(worker, "b"));
    co_await a;
    co_await b;
    EXPECT_EQ(log, (names{"a0", "b0", "a1", "b1"}));
}

SIMUL_TEST(Fiber, DoesNotWaitForWhatIsThere)
{
    bool other_ran = false;
    auto other = simul::spawn([&]() -> task<> {
        other_ran = true;
        co_return;
    });
    co_await fiber([&] {
        simul::mutex free;
        const auto held = await(free.lock());
        simul::promise<int> p;
        auto f = p.get_future();
        p.set_value(1);
        EXPECT_EQ(await(f), 1);
        simul::channel<int> c(1);
        await(c.send(2));
        EXPECT_EQ(await(c.receive()), 2);
        c.close();
        EXPECT_EQ(await(c.receive()), std::nullopt);
        EXPECT_THROW(await(c.send(3)), simul::closed_error);
        EXPECT_FALSE(other_ran);
        await(simul::yield());
        EXPECT_TRUE(other_ran);
    });
    co_await other;
}

SIMUL_TEST(Fiber, AwaitsInCodeThatKnowsNothingOfIt)
{
    std::vector<int> values{5, 3, 4, 1, 2};
    co_await fiber([&] {
        std::sort(values.begin(), values.end(), [](int a, int b) {
            await(simul::sleep(1ms));
            return a < b;
        });
    });
    EXPECT_TRUE(std::ranges::is_sorted(values));
    const auto sum = co_await fiber([] {
        const auto slow = []() -> simul::generator<int> {
            for (int i = 1; i <= 3; ++i) {
                await(simul::sleep(1s));
                co_yield i;
            }
        };
        int all = 0;
        for (const int each : slow())
            all += each;
        return all;
    });
    EXPECT_EQ(sum, 6);
}

SIMUL_TEST(Fiber, IsTakenByEverythingThatTakesTasks)
{
    const auto before = simul::now();
    const auto [a, b] = co_await simul::gather(fiber(deep, 1), fiber(deep, 2));
    EXPECT_EQ(a + b, 84);
    EXPECT_EQ(simul::now() - before, 1s);
    EXPECT_EQ(co_await simul::timeout(2s, fiber(deep, 3)), 42);
    bool timed_out = false;
    try {
        co_await simul::timeout(500ms, fiber(deep, 3));
    } catch (const simul::timeout_error&) {
        timed_out = true;
    }
    EXPECT_TRUE(timed_out);
    EXPECT_EQ((co_await simul::race(fiber(deep, 3), value_after(2s, 1))).index(), 0u);
    co_await simul::with_group([](simul::group& g) -> task<> {
        for (int i = 0; i < 3; ++i)
            g.spawn(fiber(deep, i)).detach();
        co_return;
    });
}

SIMUL_TEST(Fiber, UsesCombinatorsAndOtherFibers)
{
    const int sum = co_await fiber([] {
        const auto [a, b] = await(simul::gather(value_after(1s, 1), fiber(deep, 2)));
        return a + b + await(fiber([] { return await(fiber(deep, 1)); }));
    });
    EXPECT_EQ(sum, 85);
}

SIMUL_TEST(Fiber, PassesValuesBothWays)
{
    // What greenlet's `switch` does.
    simul::channel<int> questions, answers;
    auto squares = simul::spawn(fiber([&] {
        while (const auto asked = await(questions.receive()))
            await(answers.send(*asked * *asked));
    }));
    for (int i = 0; i < 3; ++i) {
        co_await questions.send(i);
        EXPECT_EQ(co_await answers.receive(), i * i);
    }
    questions.close();
    co_await squares;
}

// ---- errors

SIMUL_TEST(Fiber, ThrowsWhatItAwaitsAndWhatItThrows)
{
    names log;
    std::string text;
    try {
        co_await fiber([&] {
            const noted local{log, "local"};
            try {
                await(error_after(1s, "inner"));
            } catch (const std::runtime_error& e) {
                throw std::logic_error(e.what() + std::string(" and outer"));
            }
        });
    } catch (const std::logic_error& e) {
        text = e.what();
    }
    EXPECT_EQ(text, "inner and outer");
    EXPECT_EQ(log, names{"local"});
}

constexpr unsigned line_in_the_fiber = __LINE__ + 3;
int fails_in_a_call()
{
    return await(error_after(1s, "deep"));
}

SIMUL_TEST(Fiber, IsALinkOfTheChainOfAwaits)
{
    std::vector<std::source_location> chain;
    try {
        co_await fiber(fails_in_a_call);
    } catch (const std::runtime_error&) {
        chain = simul::await_chain();
    }
    CO_ASSERT_EQ(chain.size(), 2u);
    EXPECT_EQ(chain[1].line(), line_in_the_fiber);
    EXPECT_NE(std::string(chain[1].function_name()).find("fails_in_a_call"), std::string::npos);
}

/// Can't be waited for.
struct refusing {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("refused"); }
    void await_resume() const {}
};

SIMUL_TEST(Fiber, ThrowsWhatAnAwaiterThrowsWhenItShouldWait)
{
    const std::string text = co_await fiber([]() -> std::string {
        try {
            await(refusing{});
        } catch (const std::runtime_error& e) {
            await(simul::sleep(1s));
            return e.what();
        }
        return "";
    });
    EXPECT_EQ(text, "refused");
}

/// Goes on at once, in the three ways in which an awaiter may say so.
template <class Result> struct immediate {
    bool await_ready() const noexcept { return false; }
    Result await_suspend(std::coroutine_handle<> frame) const
    {
        if constexpr (std::is_same_v<Result, bool>)
            return false;
        else
            return frame;
    }
    int await_resume() const { return 7; }
};

SIMUL_TEST(Fiber, TakesAwaitersOfEveryKind)
{
    EXPECT_EQ(co_await fiber([] { return await(immediate<bool>{}) + await(immediate<std::coroutine_handle<>>{}); }), 14);
}

TEST(Fiber, AwaitIsRefusedElsewhere)
{
    EXPECT_THROW(await(simul::sleep(1s)), simul::invalid_state);
    simul::run(
        []() -> task<> {
            EXPECT_THROW(await(simul::sleep(1s)), simul::invalid_state);
            co_await fiber([] {
                await([]() -> task<> {
                    EXPECT_THROW(await(simul::sleep(1s)), simul::invalid_state); // a coroutine, not on the fiber's stack
                    co_return;
                }());
            });
            EXPECT_THROW(await(simul::sleep(1s)), simul::invalid_state);
        },
        {.backend = simul::backend::sim});
}

SIMUL_TEST(Fiber, WaitsInHandlersAndKeepsWhatTheyHandle)
{
    // The exceptions that are being handled belong to a stack. Here three of them are, in turns.
    names log;
    auto handles = [&](std::string name, int rounds) {
        try {
            await(error_after(1s, name));
        } catch (const std::runtime_error&) {
            for (int i = 0; i < rounds; ++i)
                await(simul::yield());
            try {
                throw;
            } catch (const std::runtime_error& e) {
                log.push_back(e.what());
            }
        }
        EXPECT_EQ(std::current_exception(), nullptr);
    };
    co_await simul::gather(fiber(handles, "a", 3), fiber(handles, "b", 1), fiber(handles, "c", 2));
    EXPECT_EQ(log, (names{"b", "c", "a"}));
    EXPECT_EQ(std::current_exception(), nullptr);
}

SIMUL_TEST(Fiber, WaitsWhileItsStackIsUnwound)
{
    struct waits_at_the_end {
        ~waits_at_the_end()
        {
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            await(simul::sleep(1s));
            EXPECT_EQ(std::uncaught_exceptions(), 1);
        }
    };
    auto failing = simul::spawn(fiber([] {
        const waits_at_the_end local;
        throw std::runtime_error("on its way");
    }));
    co_await simul::yield();
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    std::string text;
    try {
        co_await failing;
    } catch (const std::runtime_error& e) {
        text = e.what();
    }
    EXPECT_EQ(text, "on its way");
}

// ---- cancellation

SIMUL_TEST(Fiber, IsCancelledAtItsWait)
{
    names log;
    auto flight = simul::spawn(fiber([&] {
        const noted local{log, "local"};
        try {
            deep(5);
        } catch (const simul::cancelled&) {
            log.push_back("cancelled");
            EXPECT_EQ(simul::this_task::cancelling(), 1);
            await(simul::sleep(1s)); // clean-up may wait
            log.push_back("clean");
            throw;
        }
    }));
    co_await simul::yield();
    EXPECT_TRUE(flight.cancel());
    bool cancelled = false;
    try {
        co_await flight;
    } catch (const simul::cancelled&) {
        cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(log, (names{"cancelled", "clean", "local"}));
}

SIMUL_TEST(Fiber, NeverRunsWhenItIsCancelledBefore)
{
    bool ran = false;
    auto flight = simul::spawn(fiber([&] { ran = true; }));
    flight.cancel();
    co_await simul::yield();
    EXPECT_TRUE(flight.cancelled());
    EXPECT_FALSE(ran);
}

SIMUL_TEST(Fiber, CancelsWhatItAwaits)
{
    names log;
    auto flight = simul::spawn(fiber([&] {
        await([](names& l) -> task<> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                l.push_back("inner");
                throw;
            }
        }(log));
    }));
    co_await simul::yield();
    flight.cancel();
    co_await simul::yield();
    EXPECT_TRUE(flight.cancelled());
    EXPECT_EQ(log, names{"inner"});
}

TEST(Fiber, IsEndedByTheEndOfRun)
{
    names log;
    simul::run(
        [](names& l) -> task<> {
            simul::spawn(fiber([&l] {
                const noted local{l, "local"};
                await(simul::sleep(1h));
            })).detach();
            co_await simul::yield();
        }(log),
        {.backend = simul::backend::sim});
    EXPECT_EQ(log, names{"local"});
}

// ---- its loop is closed under it

/// Runs a fiber to its first wait, and closes its loop; returns what was reported.
template <class Fn> names close_under(Fn fn)
{
    names reports;
    simul::loop loop({.backend = simul::backend::sim});
    loop.set_error_handler([&](const simul::problem& p) { reports.push_back(p.message); });
    loop.launch(fiber(std::move(fn))).detach();
    loop.run_once();
    loop.close();
    return reports;
}

TEST(Fiber, IsUnwoundWhenItsLoopIsClosed)
{
    names log;
    const names reports = close_under([&] {
        const noted outer{log, "outer"};
        const std::string on_the_heap(100, 'x');
        [&] {
            const noted inner{log, "inner"};
            try {
                deep(3);
            } catch (const std::exception&) {
                log.push_back("an error");
            } catch (const simul::cancelled&) {
                log.push_back("a cancellation");
            }
        }();
    });
    EXPECT_EQ(log, (names{"inner", "outer"}));
    EXPECT_EQ(reports, names{"a task was still pending when its loop was closed"});
}

TEST(Fiber, CanNotSwallowTheEndByCatchingAll)
{
    names log;
    const names reports = close_under([&] {
        const noted outer{log, "outer"};
        for (int i = 0; i < 3; ++i)
            try {
                await(simul::sleep(1h));
                log.push_back("went on");
            } catch (...) {
                log.push_back("caught");
            }
        deep(2);
        log.push_back("went on");
    });
    EXPECT_EQ(log, (names{"caught", "caught", "caught", "outer"}));
    EXPECT_EQ(reports.size(), 1u);
}

TEST(Fiber, ThatRefusesToEndForEverIsLeftAndReported)
{
    const names reports = close_under([] {
        for (;;)
            try {
                await(simul::sleep(1h));
            } catch (...) {
            }
    });
    EXPECT_EQ(reports.size(), 2u);
}

TEST(Fiber, ThatWaitsForAFiberIsUnwoundFromTheInside)
{
    names log;
    close_under([&] {
        const noted outer{log, "outer"};
        await(fiber([&] {
            const noted inner{log, "inner"};
            await(simul::sleep(1h));
        }));
    });
    EXPECT_EQ(log, (names{"inner", "outer"}));
}

// ---- a line of work like any other

constexpr unsigned line_of_the_wait = __LINE__ + 3;
void waits_in_a_call(simul::event& e)
{
    await(e.wait());
}

SIMUL_TEST(Fiber, IsSeenByDumpTasksWhereItWaits)
{
    simul::event e;
    auto flight = simul::spawn(fiber([&] {
        simul::this_task::rename("the fiber");
        EXPECT_EQ(simul::this_task::name(), "the fiber");
        waits_in_a_call(e);
        EXPECT_EQ(simul::this_task::name(), "the fiber");
    }));
    co_await simul::yield();
    const std::string tree = simul::dump_tasks();
    EXPECT_NE(tree.find("the fiber  waits"), std::string::npos) << tree;
    EXPECT_NE(tree.find("at fiber_test.cpp:" + std::to_string(line_of_the_wait) + " in waits_in_a_call"), std::string::npos) << tree;
    e.set();
    co_await flight;
}

simul::task_local<std::string> label("-");

SIMUL_TEST(Fiber, InheritsTaskLocals)
{
    label.set("a");
    auto flight = simul::spawn(fiber([] {
        EXPECT_EQ(label.get(), "a");
        label.set("b");
        await(simul::sleep(1s));
        EXPECT_EQ(label.get(), "b");
    }));
    co_await flight;
    EXPECT_EQ(label.get(), "a");
}

// Compilers take it for a constant.
[[gnu::noinline]] std::thread::id this_thread_really()
{
    asm volatile("" : : : "memory");
    return std::this_thread::get_id();
}

TEST(Fiber, GoesOnInAnotherThreadWithItsLoop)
{
    simul::loop loop({.backend = simul::backend::sim});
    simul::event e;
    names log;
    auto flight = loop.launch(fiber([&] {
        const auto begun_in = this_thread_really();
        try {
            throw std::runtime_error("handled in two threads");
        } catch (const std::runtime_error&) {
            await(e.wait());
            EXPECT_NE(this_thread_really(), begun_in);
            try {
                throw;
            } catch (const std::runtime_error& error) {
                log.push_back(error.what());
            }
        }
    }));
    std::thread([&] { loop.run_once(); }).join();
    e.set();
    loop.run_until_done(flight.shared_state());
    flight.result();
    EXPECT_EQ(log, names{"handled in two threads"});
}

// ---- stacks

/// Uses so many bytes of stack.
[[gnu::noinline]] std::size_t use_stack(std::size_t bytes)
{
    volatile char used[1024];
    used[0] = static_cast<char>(bytes);
    used[1023] = used[0];
    return bytes <= 1024 ? static_cast<unsigned char>(used[0]) : 1 + use_stack(bytes - 1024);
}

SIMUL_TEST(Fiber, GetsAStackOfTheSizeWanted)
{
    EXPECT_GT(co_await fiber([] { return use_stack(100 * 1024); }), 90u);
    EXPECT_GT(co_await fiber({.stack_size = 16 << 20}, [] { return use_stack(6 << 20); }), 6000u);
    EXPECT_EQ(co_await fiber({.stack_size = 1}, [] { return await(value_after(1s, 1)); }), 1);
    bool refused = false;
    try {
        co_await fiber({.stack_size = std::size_t(1) << 62}, [] {});
    } catch (const simul::error&) {
        refused = true;
    }
    EXPECT_TRUE(refused);
}

#if !defined(SIMUL_TEST_SANITIZED)
SIMUL_TEST(Fiber, ReusesStacks)
{
    auto place_of_the_stack = [](std::uintptr_t& at) {
        const volatile char local = 0;
        at = reinterpret_cast<std::uintptr_t>(&local);
    };
    std::uintptr_t first = 0, second = 0;
    co_await fiber(place_of_the_stack, std::ref(first));
    co_await fiber(place_of_the_stack, std::ref(second));
    EXPECT_EQ(first, second);
}

TEST(FiberDeathTest, EndsTheProcessWhenItsStackOverflows)
{
    EXPECT_EQ(simul_test::outcome_of_child([] {
                  simul::run(fiber([] { return use_stack(std::size_t{1} << 40); }));
                  return 0;
              }),
              -SIGSEGV);
}
#endif

SIMUL_TEST(Fiber, IsOneOfMany)
{
#if defined(SIMUL_TEST_SANITIZED)
    constexpr int many = 300;
#else
    constexpr int many = 5000;
#endif
    simul::event go;
    int sum = 0;
    std::vector<simul::future<>> all;
    for (int i = 0; i < many; ++i)
        all.push_back(simul::spawn(fiber([&, i] {
            await(go.wait());
            sum += i;
        })));
    co_await simul::yield();
    go.set();
    for (auto& each : all)
        co_await each;
    EXPECT_EQ(sum, many * (many - 1) / 2);
}

SIMUL_TEST(Fiber, KeepsItsRoundingModeForItself)
{
    auto flight = simul::spawn(fiber([] {
        EXPECT_EQ(std::fegetround(), FE_TONEAREST);
        std::fesetround(FE_UPWARD);
        await(simul::sleep(1s));
        EXPECT_EQ(std::fegetround(), FE_UPWARD);
    }));
    co_await simul::yield();
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
    volatile double third = 1.0;
    third = third / 3; // sets a status bit, which is no business of the fiber's
    co_await flight;
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

SIMUL_SIM_TEST(Fiber, KeepsItsPlaceInAnyOrderOfEvents, seeds(20))
{
    simul::mutex turn;
    simul::channel<int> numbers;
    long sum = 0;
    std::vector<simul::future<>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(simul::spawn(fiber([&, i] {
            for (int n = 0; n < 10; ++n) {
                const auto held = await(turn.lock());
                await(simul::sleep(std::chrono::milliseconds(simul::loop::current().random() % 3)));
                await(numbers.send(i * n));
            }
        })));
        all.push_back(simul::spawn(fiber([&] {
            for (int n = 0; n < 10; ++n)
                sum += *await(numbers.receive());
        })));
    }
    for (auto& each : all)
        co_await each;
    EXPECT_EQ(sum, 6 * 45);
}

} // namespace
