// SPDX-License-Identifier: MIT
//
// What holds for everything that can be waited for. A primitive's test describes it by small adapters and gets:
//
//     INSTANTIATE_TYPED_TEST_SUITE_P(Mutex, Laws, mutex_subject);          first come first served, cancel, throw, destroy
//     laws::survives_random_schedules<mutex_model>();                      against a model, 10,000 seeds
//     laws::for_each_seed([](std::uint64_t seed) -> simul::task<> { ... }); without one
//     laws::run_in_two_threads([&](int thread) -> simul::task<> { ... });  for ThreadSanitizer
#pragma once

#include "orders.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace laws {

using simul::task;

/// Runs `body` and what it spawns in virtual time, in an order drawn from the seed (0: first in, first out).
template <class Body> void simulate(Body body, std::uint64_t seed = 0)
{
    simul::run(std::move(body), {.backend = simul::backend::sim, .seed = seed});
}

/// Lets everything go on until nothing but waiting is left.
inline task<> settle()
{
    for (int turn = 0; turn < 20; ++turn)
        co_await simul::yield();
}

inline std::string message_of(const std::exception_ptr& failure)
{
    return failure ? simul::describe(failure) : "no error";
}

template <class Error> bool is_a(const std::exception_ptr& failure)
{
    if (!failure)
        return false;
    try {
        std::rethrow_exception(failure);
    } catch (const Error&) {
        return true;
    } catch (...) {
        return false;
    }
}

/// What a wait gives where there is nothing to hold.
struct nothing {
    void detach() noexcept {}
};

// ---- the typed suite
//
// A subject begins such that a wait waits. It has:
//
//     explicit subject(int survivors)     how many waits will succeed in this test
//     task<Held> wait()                   Held has detach(), to keep it for good
//     void give()                         lets the first waiter go on, or all of them (`gives_all`)
//     void destroy()                      the primitive; whoever waits gets invalid_state about `name`
//     static constexpr bool gives_all

template <class Subject> class Laws : public testing::Test {};
TYPED_TEST_SUITE_P(Laws);

/// Also for those where what a wait gives goes to the next when it is dropped.
template <class Subject> class LawsOfHolding : public testing::Test {};
TYPED_TEST_SUITE_P(LawsOfHolding);

template <class Subject> task<> arrive(Subject& at, int who, std::vector<int>& served)
{
    auto held = co_await at.wait();
    served.push_back(who);
    held.detach();
}

template <class Subject> task<> serve(Subject& at, int waiters)
{
    for (int i = 0; i < (Subject::gives_all ? 1 : waiters); ++i) {
        at.give();
        co_await settle();
    }
}

TYPED_TEST_P(Laws, ServesInTheOrderOfArrival)
{
    simulate([]() -> task<> {
        TypeParam at(4);
        std::vector<int> served;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 4; ++who) {
            waiters.push_back(simul::spawn(arrive(at, who, served)));
            co_await simul::yield();
        }
        EXPECT_TRUE(served.empty());
        co_await serve(at, 4);
        EXPECT_EQ(served, (std::vector{0, 1, 2, 3}));
    });
}

TYPED_TEST_P(Laws, SkipsAWaiterThatIsCancelledAndTheOthersKeepTheirPlaces)
{
    simulate([]() -> task<> {
        TypeParam at(3);
        std::vector<int> served;
        std::vector<simul::future<>> waiters;
        for (int who = 0; who < 3; ++who) {
            waiters.push_back(simul::spawn(arrive(at, who, served)));
            co_await simul::yield();
            if (who == 1) {
                waiters[1].cancel();
                co_await settle();
                EXPECT_TRUE(waiters[1].cancelled());
                EXPECT_FALSE(waiters[0].done());
            }
        }
        waiters.push_back(simul::spawn(arrive(at, 3, served)));
        co_await settle();
        EXPECT_TRUE(served.empty() || TypeParam::gives_all);
        co_await serve(at, 3);
        EXPECT_EQ(served, (std::vector{0, 2, 3}));
    });
}

TYPED_TEST_P(Laws, GivesNothingToAWaiterThatWasCancelledBeforeItsFirstStep)
{
    simulate([]() -> task<> {
        TypeParam at(1);
        std::vector<int> served;
        auto never = simul::spawn(arrive(at, 0, served));
        never.cancel();
        auto second = simul::spawn(arrive(at, 1, served));
        co_await settle();
        EXPECT_TRUE(never.cancelled());
        co_await serve(at, 1);
        EXPECT_EQ(served, std::vector{1});
    });
}

TYPED_TEST_P(Laws, RaisesAtOnceInAWaitWithACancellationPending)
{
    simulate([]() -> task<> {
        TypeParam at(1);
        std::vector<int> served;
        auto first = simul::spawn([](TypeParam& of, std::vector<int>& s) -> task<> {
            simul::this_task::cancel();
            co_await arrive(of, 0, s);
        }(at, served));
        auto second = simul::spawn(arrive(at, 1, served));
        co_await settle();
        EXPECT_TRUE(first.cancelled());
        co_await serve(at, 1);
        EXPECT_EQ(served, std::vector{1});
    });
}

TYPED_TEST_P(Laws, TimesOutAndLeavesNothingBehind)
{
    simulate([]() -> task<> {
        TypeParam at(1);
        std::vector<int> served;
        auto late = simul::spawn(simul::timeout(std::chrono::seconds(1), arrive(at, 0, served)));
        co_await simul::yield();
        auto second = simul::spawn([](TypeParam& of, std::vector<int>& s) -> task<> {
            co_await simul::sleep(std::chrono::seconds(2));
            co_await arrive(of, 1, s);
        }(at, served));
        co_await simul::sleep(std::chrono::seconds(3));
        EXPECT_TRUE(is_a<simul::timeout_error>(late.error()));
        co_await serve(at, 1);
        EXPECT_EQ(served, std::vector{1});
    });
}

TYPED_TEST_P(Laws, LetsAWaiterKeepWhatItWasGivenBeforeTheCancellationWhichComesAtItsNextWait)
{
    simulate([]() -> task<> {
        TypeParam at(1);
        bool kept = false;
        bool raised = false;
        auto waiter = simul::spawn([](TypeParam& of, bool& got, bool& later) -> task<> {
            [[maybe_unused]] const auto held = co_await of.wait();
            got = true;
            try {
                co_await simul::yield();
            } catch (const simul::cancelled&) {
                later = true;
                throw;
            }
        }(at, kept, raised));
        co_await settle();
        at.give();
        waiter.cancel();
        EXPECT_FALSE(kept);
        co_await settle();
        EXPECT_TRUE(kept);
        EXPECT_TRUE(raised);
        EXPECT_TRUE(waiter.cancelled());
    });
}

TYPED_TEST_P(Laws, TellsItsWaitersWhenItIsDestroyed)
{
    simulate([]() -> task<> {
        TypeParam at(3);
        std::vector<int> served;
        auto first = simul::spawn(arrive(at, 0, served));
        auto second = simul::spawn(arrive(at, 1, served));
        co_await settle();
        at.destroy();
        co_await settle();
        EXPECT_TRUE(served.empty());
        for (const auto* each : {&first, &second}) {
            EXPECT_TRUE(is_a<simul::invalid_state>(each->error()));
            EXPECT_EQ(message_of(each->error()), std::string("simul::invalid_state: the ") + TypeParam::name +
                                                     " was destroyed while a task waited for it");
        }
    });
}

TYPED_TEST_P(Laws, PassesOverAWaiterWhoseLoopWasClosed)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {}); // it complains about the pending task
    simul::loop stays({.backend = simul::backend::sim});
    TypeParam at(1);
    std::vector<int> served;
    auto lost = closes.launch(arrive(at, 0, served));
    closes.run_once();
    closes.close();
    EXPECT_TRUE(is_a<simul::closed_error>(lost.error()));
    auto second = stays.launch(arrive(at, 1, served));
    stays.run_once();
    at.give();
    stays.run_until_complete(std::move(second));
    EXPECT_EQ(served, std::vector{1});
}

TYPED_TEST_P(Laws, MayBeGivenFromAnotherThread)
{
    TypeParam at(2);
    std::vector<int> served;
    std::thread giver;
    simul::run([&]() -> task<> {
        auto first = simul::spawn(arrive(at, 0, served));
        auto second = simul::spawn(arrive(at, 1, served));
        co_await settle();
        giver = std::thread([&] {
            at.give();
            if (!TypeParam::gives_all)
                at.give();
        });
        co_await std::move(first);
        co_await std::move(second);
    });
    giver.join();
    EXPECT_EQ(served, (std::vector{0, 1}));
}

REGISTER_TYPED_TEST_SUITE_P(Laws, ServesInTheOrderOfArrival, SkipsAWaiterThatIsCancelledAndTheOthersKeepTheirPlaces,
                            GivesNothingToAWaiterThatWasCancelledBeforeItsFirstStep,
                            RaisesAtOnceInAWaitWithACancellationPending, TimesOutAndLeavesNothingBehind,
                            LetsAWaiterKeepWhatItWasGivenBeforeTheCancellationWhichComesAtItsNextWait,
                            TellsItsWaitersWhenItIsDestroyed, PassesOverAWaiterWhoseLoopWasClosed,
                            MayBeGivenFromAnotherThread);

TYPED_TEST_P(LawsOfHolding, GoesToTheNextWhenTheHolderThrows)
{
    simulate([]() -> task<> {
        TypeParam at(2);
        std::vector<int> served;
        auto first = simul::spawn([](TypeParam& of) -> task<> {
            const auto held = co_await of.wait();
            throw simul::error(std::errc::io_error, "the holder's own");
        }(at));
        co_await simul::yield();
        auto second = simul::spawn(arrive(at, 1, served));
        co_await settle();
        at.give();
        co_await settle();
        EXPECT_EQ(message_of(first.error()), "simul::error: the holder's own");
        EXPECT_EQ(served, std::vector{1});
    });
}

TYPED_TEST_P(LawsOfHolding, GetsBackWhatItGaveToAWaiterThatNeverRanAgain)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {});
    simul::loop stays({.backend = simul::backend::sim});
    TypeParam at(1);
    std::vector<int> served;
    auto lost = closes.launch(arrive(at, 0, served));
    closes.run_once();
    auto second = stays.launch(arrive(at, 1, served));
    stays.run_once();
    at.give(); // to the first, which has no more chance to run
    closes.close();
    EXPECT_TRUE(is_a<simul::closed_error>(lost.error()));
    stays.run_until_complete(std::move(second));
    EXPECT_EQ(served, std::vector{1});
}

REGISTER_TYPED_TEST_SUITE_P(LawsOfHolding, GoesToTheNextWhenTheHolderThrows,
                            GetsBackWhatItGaveToAWaiterThatNeverRanAgain);

// ---- random schedules against a model
//
// A model owns a primitive and says what must become of each visitor, told by the same calls in the same order:
//
//     explicit model(source&)
//     task<> visit(int who)               arrives at both, and checks what it gets
//     void cancel(int who)                the visitor is going to be cancelled
//     void act()                          a call that doesn't wait, to both
//     void finish()                       something that brings everybody nearer to the end; called once a turn
//     void check()                        compares what can be seen of both

class source {
public:
    explicit source(std::uint64_t seed) : engine_(seed) {}
    int below(int end) { return static_cast<int>(engine_() % static_cast<unsigned>(end)); }
    bool one_in(int n) { return below(n) == 0; }

private:
    std::mt19937 engine_;
};

/// First come, first served, with weights: a mutex (capacity 1), a semaphore, a shared_mutex (a writer weighs all of it).
class weighted_queue {
public:
    enum class state { absent, waiting, granted, left };

    explicit weighted_queue(int capacity) : free_(capacity) {}

    void arrive(int who, int weight)
    {
        waiting_.push_back({who, weight});
        set(who, state::waiting);
        serve();
    }
    void give_back(int weight)
    {
        free_ += weight;
        serve();
    }
    void cancel(int who)
    {
        if (of(who) != state::waiting)
            return;
        std::erase_if(waiting_, [&](const entry& e) { return e.who == who; });
        set(who, state::left);
        serve();
    }
    bool try_take(int weight)
    {
        if (!waiting_.empty() || weight > free_)
            return false;
        free_ -= weight;
        return true;
    }
    state of(int who) const { return static_cast<std::size_t>(who) < states_.size() ? states_[who] : state::absent; }
    int free() const { return free_; }
    bool anybody_waiting() const { return !waiting_.empty(); }

private:
    struct entry {
        int who;
        int weight;
    };
    void set(int who, state now)
    {
        states_.resize(std::max(states_.size(), static_cast<std::size_t>(who) + 1), state::absent);
        states_[who] = now;
    }
    void serve()
    {
        while (!waiting_.empty() && waiting_.front().weight <= free_) {
            free_ -= waiting_.front().weight;
            set(waiting_.front().who, state::granted);
            waiting_.pop_front();
        }
    }

    int free_;
    std::deque<entry> waiting_;
    std::vector<state> states_;
};

/// A visit to something that is held: arrives, maybe with a cancellation pending, holds it for some turns, gives it back.
template <class Acquire>
task<> visit_and_hold(source& random, weighted_queue& expected, int who, int weight, Acquire acquire)
{
    for (int turns = random.below(3); turns > 0; --turns)
        co_await simul::yield();
    const bool doomed = random.one_in(10);
    if (doomed)
        simul::this_task::cancel();
    expected.arrive(who, weight);
    if (doomed)
        expected.cancel(who);
    bool got = false;
    try {
        auto held = co_await acquire();
        got = true;
        EXPECT_EQ(expected.of(who), weighted_queue::state::granted) << "visitor " << who;
        struct both_give_back {
            weighted_queue& model;
            int weight;
            ~both_give_back() { model.give_back(weight); }
        } const at_the_end{expected, weight};
        for (int turns = random.below(4); turns > 0; --turns)
            co_await simul::yield();
    } catch (const simul::cancelled&) {
        if (!got) {
            EXPECT_EQ(expected.of(who), weighted_queue::state::left) << "visitor " << who;
        }
        throw;
    }
}

template <class Model> task<> random_schedule(std::uint64_t seed)
{
    source random(seed);
    Model model(random);
    std::vector<simul::future<>> visitors;
    const auto all_done = [&] {
        return std::all_of(visitors.begin(), visitors.end(), [](const auto& each) { return each.done(); });
    };
    for (int step = 0; step < 30; ++step) {
        switch (random.below(8)) {
        case 0:
        case 1:
        case 2:
            visitors.push_back(simul::spawn(model.visit(static_cast<int>(visitors.size()))));
            break;
        case 3:
        case 4:
            if (!visitors.empty()) {
                const int who = random.below(static_cast<int>(visitors.size()));
                if (!visitors[who].done()) {
                    model.cancel(who);
                    visitors[who].cancel();
                }
            }
            break;
        case 5:
            model.act();
            break;
        default:
            co_await simul::yield();
        }
        model.check();
    }
    for (int turn = 0; turn < 300 && !all_done(); ++turn) {
        model.finish();
        co_await simul::yield();
        model.check();
    }
    EXPECT_TRUE(all_done()) << "somebody waits for ever";
    for (std::size_t who = 0; who < visitors.size(); ++who) {
        if (visitors[who].done() && visitors[who].error() && !visitors[who].cancelled())
            ADD_FAILURE() << "visitor " << who << ": " << message_of(visitors[who].error());
    }
}

/// `body(seed)` in so many random orders of execution, in many more with SIMUL_LONG. A failure names its seed, and
/// SIMUL_TEST_SEED=n runs that one alone.
template <class Body> void for_each_seed(const Body& body)
{
    const char* const wanted = std::getenv("SIMUL_TEST_SEED");
    const std::uint64_t count = std::getenv("SIMUL_LONG") ? 100'000 : usual_orders;
    const std::uint64_t first = wanted ? std::strtoull(wanted, nullptr, 10) : 1;
    for (std::uint64_t seed = first; seed < (wanted ? first + 1 : count + 1); ++seed) {
        simulate([&body, seed] { return body(seed); }, seed);
        ASSERT_FALSE(testing::Test::HasFailure()) << "replay with SIMUL_TEST_SEED=" << seed;
    }
}

template <class Model> void survives_random_schedules()
{
    for_each_seed(random_schedule<Model>);
}

// ---- two threads

/// Two loops in two threads, each runs `body(0)` and `body(1)`.
template <class Body> void run_in_two_threads(const Body& body)
{
    std::thread other([&] { simul::run(body(1)); });
    simul::run(body(0));
    other.join();
}

/// Many times, an object is made here, shared with another thread, which calls `there(object, i)`, and awaited by
/// `here(object, i)`. It is destroyed as soon as that has ended, wherever the other thread is.
template <class Shared, class There, class Here> void share_with_another_thread(const There& there, const Here& here)
{
    constexpr int rounds = 5'000;
    std::atomic<Shared*> slot{nullptr};
    std::thread other([&] {
        for (int i = 0; i < rounds; ++i) {
            Shared* at = nullptr;
            while (!(at = slot.exchange(nullptr)))
                std::this_thread::yield();
            there(*at, i);
        }
    });
    simul::run([&]() -> task<> {
        for (int i = 0; i < rounds; ++i) {
            const auto shared = std::make_unique<Shared>();
            slot = shared.get();
            co_await here(*shared, i);
        }
    });
    other.join();
}

/// `count` times `operation(random)`, by 8 tasks; one in five is cancelled at some point. Gives how many got through.
template <class Operation> task<int> many(int thread, int count, const Operation& operation)
{
    constexpr int tasks = 8;
    std::vector<simul::future<int>> workers;
    for (int worker = 0; worker < tasks; ++worker) {
        workers.push_back(simul::spawn([](std::uint64_t seed, int times, const Operation& op) -> task<int> {
            source random(seed);
            int through = 0;
            for (int i = 0; i < times; ++i) {
                auto one = simul::spawn(op(random));
                if (random.one_in(5)) {
                    for (int turns = random.below(4); turns > 0; --turns)
                        co_await simul::yield();
                    one.cancel();
                }
                try {
                    co_await std::move(one);
                    ++through;
                } catch (const simul::cancelled&) {
                }
            }
            co_return through;
        }(static_cast<std::uint64_t>(thread * tasks + worker), count / tasks, operation)));
    }
    int through = 0;
    for (auto& each : workers)
        through += co_await std::move(each);
    co_return through;
}

} // namespace laws
