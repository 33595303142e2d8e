// SPDX-License-Identifier: MIT
#include <simul/run/elsewhere.hpp>
#include <simul/run/fiber.hpp>
#include <simul/run/run.hpp>
#include <simul/run/unsync.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/latch.hpp>
#include <simul/task/race.hpp>
#include <simul/task/select.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::completable;
using simul::future;
using simul::spawn;
using simul::task;

task<int> after(simul::duration wait, int value)
{
    co_await simul::sleep(wait);
    co_return value;
}

task<int> fails_after(simul::duration wait, std::string why)
{
    co_await simul::sleep(wait);
    throw std::runtime_error(why);
}

std::vector<future<int>> several(task<int> a, task<int> b, task<int> c)
{
    std::vector<future<int>> flights;
    flights.push_back(spawn(std::move(a)));
    flights.push_back(spawn(std::move(b)));
    flights.push_back(spawn(std::move(c)));
    return flights;
}

std::string text_of(const std::exception_ptr& error)
{
    return error ? simul::describe(error) : "";
}

/// "what" of what awaiting it throws; "" for nothing.
template <class Awaitable> task<std::string> error_of(Awaitable work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (const std::exception& e) {
        co_return e.what();
    } catch (const simul::cancelled&) {
        co_return "cancelled";
    }
    co_return "";
}

std::exception_ptr broken(const char* why = "broken")
{
    return std::make_exception_ptr(std::runtime_error(why));
}

// ---- hello world, as each language says it

SIMUL_TEST(Elsewhere, GoSaysHello)
{
    // messages := make(chan string); go func() { messages <- "hello world" }(); fmt.Println(<-messages)
    simul::channel<std::string> messages;
    simul::go([&]() -> task<> { co_await messages.send("hello world"); });
    EXPECT_EQ(co_await messages.receive(), "hello world");
}

SIMUL_TEST(Elsewhere, JavaScriptSaysHello)
{
    // async function main() { return "hello world" }   main().then(console.log)
    const auto async_main = []() -> task<std::string> { co_return "hello world"; };
    std::string printed;
    co_await simul::then(spawn(async_main), [&](std::string text) { printed = std::move(text); });
    EXPECT_EQ(printed, "hello world");
}

TEST(Elsewhere, CSharpSaysHello)
{
    // static async Task Main() { Console.WriteLine(await Hello()); }
    const auto hello = []() -> task<std::string> {
        co_await simul::yield();
        co_return "hello world";
    };
    std::string printed;
    simul::run([&]() -> task<> { printed = co_await hello(); });
    EXPECT_EQ(printed, "hello world");
}

TEST(Elsewhere, FSharpSaysHello)
{
    // let hello = async { return "hello world" }   hello |> Async.RunSynchronously |> printfn "%s"
    int begun = 0;
    const auto hello = [&]() -> task<std::string> {
        ++begun;
        co_return "hello world";
    };
    auto cold = hello();
    EXPECT_EQ(begun, 0);
    EXPECT_EQ(simul::block_on(std::move(cold)), "hello world");
    EXPECT_EQ(begun, 1);
    // Async.Parallel
    const auto [a, b] = simul::block_on(simul::all(hello(), hello()));
    EXPECT_EQ(a + b, "hello worldhello world");
}

TEST(Elsewhere, JavaSaysHello)
{
    // CompletableFuture.supplyAsync(() -> "hello").thenApply(s -> s + " world").join()
    const auto supply = simul::unsync([]() -> std::string { return "hello"; });
    EXPECT_EQ(simul::then(supply(), [](std::string s) { return s + " world"; }).result(), "hello world");
}

SIMUL_TEST(Elsewhere, EaAsyncSaysHello)
{
    // String greet() { return await(future) + " world"; }   a plain method
    completable<std::string> who;
    const auto greet = [&]() -> std::string { return "hello " + simul::await(who.as_future()); };
    auto flight = spawn(simul::fiber(greet));
    co_await simul::yield();
    who.complete("world");
    EXPECT_EQ(co_await flight, "hello world");
}

TEST(Elsewhere, RustSaysHello)
{
    // async fn hello() -> &'static str { "hello world" }   block_on(hello())
    const auto hello = []() -> task<std::string> { co_return "hello world"; };
    EXPECT_EQ(simul::block_on(hello), "hello world");
}

TEST(Elsewhere, RubySaysHello)
{
    // Concurrent::Promises.future { 'hello' }.then { |s| s + ' world' }.rescue { 'bye' }.value!
    const auto greet = [](bool well) {
        auto said = simul::unsync([well]() -> std::string { return well ? "hello" : throw std::runtime_error("no"); })();
        auto more = simul::then(std::move(said), [](std::string s) { return s + " world"; });
        return simul::rescue(std::move(more), [](std::exception_ptr) { return std::string("bye"); });
    };
    EXPECT_EQ(greet(true).result(), "hello world");
    EXPECT_EQ(greet(false).result(), "bye");
}

TEST(Elsewhere, CppSaysHello)
{
    // std::async([] { return "hello world"; }).get()
    EXPECT_EQ(simul::to_thread([] { return std::string("hello world"); }).result(), "hello world");
}

// ---- Go

TEST(Elsewhere, GoroutinesAreKilledWhenMainReturns)
{
    bool cancelled = false, ended = false;
    simul::run([&]() -> task<> {
        simul::go([&]() -> task<> {
            try {
                co_await simul::sleep(24h);
                ended = true;
            } catch (const simul::cancelled&) {
                cancelled = true;
                throw;
            }
        });
        co_await simul::yield();
    });
    EXPECT_TRUE(cancelled);
    EXPECT_FALSE(ended);
}

TEST(Elsewhere, GoFromAPlainThreadRunsInTheBackground)
{
    std::latch met(2);
    simul::go([](std::latch& there) -> task<> {
        there.count_down();
        co_return;
    }(met));
    simul::go([&](int n) -> task<> {
        met.count_down(n);
        co_return;
    }, 1);
    met.wait();
}

SIMUL_TEST(Elsewhere, APanicInAGoroutineIsReported)
{
    simul::go([]() -> task<> {
        co_await simul::yield();
        throw std::runtime_error("panic");
    });
    co_await simul::sleep(1s);
    const auto problems = simul::testing::problems();
    CO_ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(text_of(problems[0].error), "std::runtime_error: panic");
}

SIMUL_TEST(Elsewhere, AnUnbufferedSendEndsAfterItsReceive)
{
    simul::channel<int> meeting;
    std::vector<std::string> order;
    simul::go([&]() -> task<> {
        order.push_back("before");
        co_await meeting.send(1);
        order.push_back("sent");
    });
    co_await simul::sleep(1s);
    order.push_back("recv");
    EXPECT_EQ(co_await meeting.receive(), 1);
    co_await simul::sleep(1s);
    EXPECT_EQ(order, (std::vector<std::string>{"before", "recv", "sent"}));
}

SIMUL_TEST(Elsewhere, AWaitGroupIsALatch)
{
    simul::latch done(3);
    for (int i = 0; i < 3; ++i)
        simul::go([&]() -> task<> {
            co_await simul::sleep(1s);
            done.count_down();
        });
    co_await done.wait();
    CO_ASSERT_THROW(done.count_down(), simul::invalid_state); // "negative WaitGroup counter"
}

// ---- JavaScript

SIMUL_TEST(Elsewhere, CallbacksNeverRunInsideThenAndRunInOrder)
{
    std::vector<int> order;
    std::vector<future<>> told;
    for (int i = 1; i <= 3; ++i) {
        simul::promise<int> kept;
        kept.set_value(i);
        told.push_back(simul::then(kept.get_future(), [&](int n) { order.push_back(n); })); // done already
    }
    order.push_back(0);
    co_await simul::all(told);
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

SIMUL_TEST(Elsewhere, ThenAdoptsTasksAndLetsErrorsPass)
{
    EXPECT_EQ(co_await simul::then(spawn(after(1s, 20)), [](int n) { return after(1s, n + 1); }), 21);
    bool called = false;
    auto failed = simul::then(spawn(fails_after(1s, "first")), [&](int) { called = true; });
    EXPECT_EQ(co_await error_of(std::move(failed)), "first");
    EXPECT_FALSE(called);
    auto thrower = simul::then(spawn(after(1s, 1)), [](int) -> int { throw std::runtime_error("in then"); });
    EXPECT_EQ(co_await error_of(std::move(thrower)), "in then");
}

SIMUL_TEST(Elsewhere, RescueGivesAValueInPlaceOfAnError)
{
    const auto to_text = [](std::exception_ptr error) { return static_cast<int>(text_of(error).size()); };
    EXPECT_EQ(co_await simul::rescue(spawn(after(1s, 1)), to_text), 1);
    EXPECT_EQ(co_await simul::rescue(spawn(fails_after(1s, "x")), to_text), 21); // "std::runtime_error: x"
    EXPECT_EQ(co_await simul::rescue(spawn(fails_after(1s, "x")), [](std::exception_ptr) { return after(1s, 2); }), 2);
    auto stopped = spawn(after(24h, 1));
    stopped.cancel();
    EXPECT_EQ(co_await simul::rescue(std::move(stopped), [](std::exception_ptr e) { return simul::is_cancelled(e) ? 3 : 4; }), 3);
    auto again = simul::rescue(spawn(fails_after(1s, "x")), [](std::exception_ptr) -> int { throw std::runtime_error("y"); });
    EXPECT_EQ(co_await error_of(std::move(again)), "y");
    auto nothing = simul::rescue(spawn([]() -> task<> { throw std::runtime_error("x"); co_return; }), [](std::exception_ptr) {});
    co_await nothing;
}

SIMUL_TEST(Elsewhere, FinallyPassesOnWhatItCameTo)
{
    int calls = 0;
    const auto count = [&] { ++calls; };
    EXPECT_EQ(co_await simul::finally(spawn(after(1s, 7)), count), 7);
    EXPECT_EQ(co_await error_of(simul::finally(spawn(fails_after(1s, "x")), count)), "x");
    auto stopped = spawn(after(24h, 1));
    stopped.cancel();
    EXPECT_EQ(co_await error_of(simul::finally(std::move(stopped), count)), "cancelled");
    EXPECT_EQ(calls, 3);
    auto worse = simul::finally(spawn(fails_after(1s, "x")), [] { throw std::runtime_error("y"); });
    EXPECT_EQ(co_await error_of(std::move(worse)), "y");
    const auto before = simul::now();
    EXPECT_EQ(*co_await simul::finally(spawn([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(1); }),
                                       [] { return simul::sleep(1s); }),
              1);
    EXPECT_EQ(simul::now() - before, 1s);
}

SIMUL_TEST(Elsewhere, HandleSeesWhateverItCameTo)
{
    const auto look = [](simul::result<int> came) { return came ? std::to_string(*came) : text_of(came.error()); };
    EXPECT_EQ(co_await simul::handle(spawn(after(1s, 7)), look), "7");
    EXPECT_EQ(co_await simul::handle(spawn(fails_after(1s, "x")), look), "std::runtime_error: x");
    bool told = false;
    co_await simul::handle(spawn(simul::sleep(1s)), [&](simul::result<void> came) { told = came.has_value(); });
    EXPECT_TRUE(told);
}

SIMUL_TEST(Elsewhere, AllGivesAllOrTheFirstError)
{
    auto [a, b] = co_await simul::all(after(2s, 1), after(1s, 2));
    EXPECT_EQ(a * 10 + b, 12);
    EXPECT_EQ(co_await error_of(simul::all(fails_after(2s, "late"), fails_after(1s, "early"))), "early");
    std::vector<future<int>> none;
    EXPECT_TRUE((co_await simul::all(none)).empty());
    auto [good, bad] = co_await simul::all_settled(after(1s, 1), fails_after(1s, "x"));
    EXPECT_TRUE(good.has_value());
    EXPECT_FALSE(bad.has_value());
}

SIMUL_TEST(Elsewhere, AnyGivesTheFirstValue)
{
    auto flights = several(fails_after(1s, "x"), after(3s, 3), after(2s, 2));
    EXPECT_EQ(co_await simul::any(flights), 2);
    EXPECT_FALSE(flights[1].done()); // goes on
    EXPECT_EQ(co_await flights[1], 3);

    const auto before = simul::now();
    EXPECT_EQ(co_await simul::any(several(after(24h, 1), after(1s, 2), after(24h, 3))), 2);
    co_await simul::yield();
    EXPECT_EQ(simul::now() - before, 1s);
}

SIMUL_TEST(Elsewhere, AnyGivesAllErrorsInOrderWhenThereIsNoValue)
{
    std::vector<std::string> said;
    try {
        co_await simul::any(several(fails_after(2s, "1"), fails_after(1s, "2"), fails_after(3s, "3")));
    } catch (const simul::error_group& group) {
        for (const auto& each : group.errors())
            said.push_back(text_of(each));
    }
    EXPECT_EQ(said, (std::vector<std::string>{"std::runtime_error: 1", "std::runtime_error: 2", "std::runtime_error: 3"}));
    std::vector<future<int>> none;
    bool empty_group = false;
    try {
        co_await simul::any(none);
    } catch (const simul::error_group& group) {
        empty_group = group.errors().empty();
    }
    EXPECT_TRUE(empty_group);
}

SIMUL_TEST(Elsewhere, RaceOfGivesWhatTheFirstCameTo)
{
    auto flights = several(after(2s, 1), after(1s, 2), fails_after(3s, "x"));
    EXPECT_EQ(co_await simul::race_of(flights), 2);
    EXPECT_EQ(co_await flights[0], 1);
    EXPECT_EQ(co_await error_of(std::move(flights[2])), "x");
    EXPECT_EQ(co_await error_of(simul::race_of(several(after(2s, 1), fails_after(1s, "first"), after(3s, 1)))), "first");
    std::vector<future<int>> none;
    EXPECT_EQ(co_await error_of(simul::race_of(none)), "race_of: there is no future to wait for");
}

SIMUL_TEST(Elsewhere, ThenIsCancelledWithItsWork)
{
    bool work_cancelled = false;
    auto chain = simul::then(spawn([&]() -> task<> {
                                 try {
                                     co_await simul::sleep(24h);
                                 } catch (const simul::cancelled&) {
                                     work_cancelled = true;
                                     throw;
                                 }
                             }),
                             [] { return 1; });
    co_await simul::yield();
    chain.cancel();
    EXPECT_EQ(co_await error_of(std::move(chain)), "cancelled");
    co_await simul::yield();
    EXPECT_TRUE(work_cancelled);
}

// ---- C#

SIMUL_TEST(Elsewhere, WhenAllWaitsForAllAndCollectsAllErrors)
{
    EXPECT_EQ(co_await simul::when_all(several(after(3s, 1), after(1s, 2), after(2s, 3))), (std::vector<int>{1, 2, 3}));
    const auto before = simul::now();
    std::size_t errors = 0;
    try {
        co_await simul::when_all(several(fails_after(1s, "x"), after(3s, 2), fails_after(2s, "y")));
    } catch (const simul::error_group& group) {
        errors = group.errors().size();
    }
    EXPECT_EQ(errors, 2u);
    EXPECT_EQ(simul::now() - before, 3s);

    auto flights = several(after(1s, 1), after(24h, 2), after(1s, 3));
    flights[1].cancel();
    EXPECT_EQ(co_await error_of(simul::when_all(flights)), "cancelled");
    std::vector<future<>> none;
    co_await simul::when_all(none);
}

SIMUL_TEST(Elsewhere, WhenAnyGivesTheFutureThatIsDone)
{
    auto flights = several(after(2s, 1), fails_after(1s, "x"), after(3s, 3));
    auto* const first = co_await simul::when_any(flights);
    EXPECT_EQ(first, &flights[1]);
    EXPECT_EQ(text_of(first->error()), "std::runtime_error: x");
    EXPECT_FALSE(flights[0].done());
    EXPECT_EQ(co_await flights[2], 3);
    std::vector<future<>> none;
    EXPECT_EQ(co_await error_of(simul::when_any(none)), "when_any: there is no future to wait for");
}

SIMUL_TEST(Elsewhere, ATaskCompletionSourceTakesOneResult)
{
    simul::task_completion_source<int> source;
    auto flight = source.get_future();
    source.set_value(1);
    CO_ASSERT_THROW(source.set_value(2), simul::invalid_state);
    EXPECT_EQ(co_await flight, 1);
}

// ---- Rust

SIMUL_TEST(Elsewhere, AJoinHandleGivesErrorsAsValues)
{
    simul::join_handle good(spawn(after(1s, 1)));
    simul::join_handle panics(spawn(fails_after(1s, "panic")));
    simul::join_handle aborted(spawn(after(24h, 1)));
    co_await simul::yield();
    EXPECT_FALSE(good.is_finished());
    aborted.abort();
    EXPECT_EQ((co_await good.join()).value(), 1);
    EXPECT_EQ(text_of((co_await panics.join()).error()), "std::runtime_error: panic");
    EXPECT_TRUE(simul::is_cancelled((co_await aborted.join()).error()));
    EXPECT_TRUE(good.is_finished());
}

SIMUL_TEST(Elsewhere, AJoinHandleThatIsDroppedLetsTheWorkGoOn)
{
    bool ended = false;
    {
        const simul::join_handle dropped(spawn([&]() -> task<> {
            co_await simul::sleep(1s);
            ended = true;
        }));
    }
    co_await simul::sleep(2s);
    EXPECT_TRUE(ended);
}

SIMUL_TEST(Elsewhere, BlockOnInALoopIsRefused)
{
    CO_ASSERT_THROW(static_cast<void>(simul::block_on(after(0s, 1))), simul::deadlock_error);
    co_return;
}

// ---- Java

SIMUL_TEST(Elsewhere, ACompletableIsCompletedOnce)
{
    completable<std::string> one;
    EXPECT_FALSE(one.is_done());
    auto early = one.as_future();
    EXPECT_TRUE(one.complete("first"));
    EXPECT_FALSE(one.complete("second"));
    EXPECT_FALSE(one.complete_exceptionally(broken()));
    EXPECT_FALSE(one.cancel());
    EXPECT_TRUE(one.is_done());
    EXPECT_EQ(co_await std::move(early), "first");
    EXPECT_EQ(co_await one.as_future(), "first"); // each has its own
    EXPECT_EQ(co_await one.as_future(), "first");

    completable nothing;
    EXPECT_TRUE(nothing.complete());
    co_await nothing.as_future();
    CO_ASSERT_THROW(completable<int>().complete_exceptionally(nullptr), simul::error);
}

SIMUL_TEST(Elsewhere, ACompletableFailsAndIsCancelledForAll)
{
    completable<int> fails;
    auto one = fails.as_future();
    EXPECT_TRUE(fails.complete_exceptionally(broken("x")));
    EXPECT_EQ(co_await error_of(std::move(one)), "x");
    EXPECT_EQ(co_await error_of(fails.as_future()), "x");
    EXPECT_EQ(co_await simul::rescue(fails.as_future(), [](std::exception_ptr) { return 7; }), 7);

    completable<int> stops;
    auto dependent = simul::then(stops.as_future(), [](int n) { return n; });
    EXPECT_TRUE(stops.cancel());
    EXPECT_EQ(co_await error_of(stops.as_future()), "cancelled");
    EXPECT_EQ(co_await error_of(std::move(dependent)), "cancelled");
}

SIMUL_TEST(Elsewhere, CancellingADependentLeavesTheCompletableAlone)
{
    completable<int> source;
    auto dependent = simul::then(source.as_future(), [](int n) { return n; });
    co_await simul::yield();
    dependent.cancel();
    EXPECT_EQ(co_await error_of(std::move(dependent)), "cancelled");
    EXPECT_FALSE(source.is_done());
    EXPECT_TRUE(source.complete(1));
    EXPECT_EQ(co_await source.as_future(), 1);
}

SIMUL_TEST(Elsewhere, DependentsRunInTheOrderInWhichTheyWereMade)
{
    completable<int> source;
    std::vector<int> order;
    std::vector<future<>> dependents;
    for (int i = 1; i <= 3; ++i)
        dependents.push_back(simul::then(source.as_future(), [&order, i](int) { order.push_back(i); }));
    co_await simul::yield();
    source.complete(0);
    EXPECT_TRUE(order.empty()); // never inside the call
    co_await simul::all(dependents);
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3})); // Java: the other way round
}

SIMUL_TEST(Elsewhere, ACompletableTimesOut)
{
    const auto before = simul::now();
    completable<int> late;
    EXPECT_EQ(co_await error_of(late.or_timeout(1s).as_future()), "timed out");
    EXPECT_EQ(simul::now() - before, 1s);

    completable<int> replaced;
    EXPECT_EQ(co_await replaced.complete_on_timeout(1s, 9).as_future(), 9);

    completable<int> early;
    early.or_timeout(5s).complete_on_timeout(5s, 9);
    early.complete(1);
    co_await simul::sleep(10s);
    EXPECT_EQ(co_await early.as_future(), 1);

    completable<int> fails; // nobody else looks: no report by who watches the time
    fails.or_timeout(5s);
    co_await simul::yield();
    fails.complete_exceptionally(broken());
    co_await simul::sleep(10s);
}

SIMUL_TEST(Elsewhere, ACompletableThatNobodyCanCompleteAnyMoreIsClosed)
{
    future<int> left;
    {
        completable<int> dropped;
        left = dropped.as_future();
    }
    EXPECT_EQ(co_await error_of(std::move(left)), "the promise was dropped without a result");
}

TEST(Elsewhere, ACompletableIsCompletedAndAwaitedFromManyThreads)
{
    for (int round = 0; round < 200; ++round) {
        completable<int> shared;
        std::atomic<int> completed = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&, i] {
                completed += shared.complete(i) ? 1 : 0;
            });
        std::vector<int> seen(3);
        for (std::size_t i = 0; i < 3; ++i)
            threads.emplace_back([&, i] { seen[i] = shared.as_future().result(); });
        for (auto& each : threads)
            each.join();
        EXPECT_EQ(completed, 1);
        EXPECT_EQ(seen[0], seen[1]);
        EXPECT_EQ(seen[1], seen[2]);
    }
}

} // namespace
