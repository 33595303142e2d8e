// SPDX-License-Identifier: MIT
#include "laws.hpp"

#include <simul/task/broadcast.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/queue.hpp>
#include <simul/task/select.hpp>
#include <simul/task/watch.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
using laws::is_a;
using laws::settle;
using laws::simulate;
using simul::after;
using simul::channel;
using simul::future;
using simul::on;
using simul::otherwise;
using simul::queue;
using simul::select;
using simul::spawn;
using simul::task;

// ---- the laws: whoever waits at several places, served now here, now there

struct selecting_receivers {
    static constexpr const char* name = "channel";
    static constexpr bool gives_all = false;
    explicit selecting_receivers(int) {}
    task<laws::nothing> wait()
    {
        co_await select(on(values->one.receive(), [](auto) {}), on(values->other.receive(), [](auto) {}),
                        on(after(24h), [] { ADD_FAILURE() << "it was forgotten"; }));
        co_return {};
    }
    void give() { EXPECT_TRUE((++given % 2 ? values->one : values->other).try_send(1)); }
    void destroy() { values.reset(); }

    struct both {
        channel<int> one;
        channel<int> other;
    };
    std::optional<both> values{std::in_place};
    int given = 0;
};

struct selecting_senders {
    static constexpr const char* name = "channel";
    static constexpr bool gives_all = false;
    explicit selecting_senders(int) {}
    task<laws::nothing> wait()
    {
        co_await select(on(values->one.send(1), [] {}), on(values->other.send(2), [] {}));
        co_return {};
    }
    void give() { EXPECT_TRUE((++given % 2 ? values->one : values->other).try_receive()); }
    void destroy() { values.reset(); }

    std::optional<selecting_receivers::both> values{std::in_place};
    int given = 0;
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(SelectReceive, Laws, selecting_receivers);
INSTANTIATE_TYPED_TEST_SUITE_P(SelectSend, Laws, selecting_senders);
} // namespace laws

namespace {

// ---- what happens

TEST(Select, RunsTheHandlerOfTheCaseThatCanHappenAndGivesItsResult)
{
    simulate([]() -> task<> {
        channel<int> empty;
        channel<int> full(1);
        full.try_send(7);
        const std::string got =
            co_await select(on(empty.receive(), [](std::optional<int>) { return std::string("empty"); }),
                            on(full.receive(), [](std::optional<int> v) { return std::to_string(*v); }));
        EXPECT_EQ(got, "7");
    });
}

TEST(Select, GivesAVariantWithoutHandlers)
{
    simulate([]() -> task<> {
        channel<int> c(1);
        queue<std::string> q;
        q.try_put("job");
        auto first = co_await select(c.receive(), q.get(), after(1s));
        static_assert(std::is_same_v<decltype(first), std::variant<std::optional<int>, std::string, std::monostate>>);
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(std::get<1>(first), "job");
        EXPECT_EQ((co_await select(c.receive(), otherwise())).index(), 1U);
        EXPECT_EQ((co_await select(c.receive(), c.send(3))).index(), 1U);
    });
}

TEST(Select, AwaitsTheTaskThatTheChosenHandlerReturns)
{
    simulate([]() -> task<> {
        channel<int> c(1);
        c.try_send(7);
        const std::string kept = "a capture that must live as long as the handler's task";
        const auto got = co_await select(on(c.receive(),
                                            [kept](std::optional<int> v) -> task<std::string> {
                                                co_await simul::sleep(1s);
                                                co_return kept.substr(0, 1) + std::to_string(*v);
                                            }),
                                         otherwise([] { return std::string("nothing"); }));
        EXPECT_EQ(got, "a7");
        const auto none =
            co_await select(on(c.receive(), [](auto) -> task<int> { co_return 1; }), otherwise([] { return 2; }));
        EXPECT_EQ(none, 2);
        bool ran = false;
        co_await select(on(c.send(1),
                           [&]() -> task<> {
                               co_await simul::yield();
                               ran = true;
                           }),
                        on(after(1s), [] {}));
        EXPECT_TRUE(ran);
    });
}

TEST(Select, LetsSomeHandlersReturnTasksAndOthersNot)
{
    simulate([]() -> task<> {
        channel<int> values(2);
        int slept = 0;
        const auto choose = [&]() -> task<> {
            co_await select(on(values.receive(), [&](auto) -> task<> {
                                co_await simul::sleep(1s);
                                ++slept;
                            }),
                            otherwise([&] { slept += 10; }));
        };
        values.try_send(1);
        co_await choose();
        co_await choose();
        EXPECT_EQ(slept, 11);
        const auto give = [&]() -> task<int> {
            co_return co_await select(on(values.receive(), [](auto v) -> task<int> { co_return *v; }), otherwise([] { return 7; }));
        };
        values.try_send(2);
        EXPECT_EQ(co_await give(), 2);
        EXPECT_EQ(co_await give(), 7);
        EXPECT_EQ((co_await select(values.receive(), otherwise())).index(), 1U);
    });
}

TEST(Select, TakesOtherwiseOnlyWhenNothingElseCanHappen)
{
    simulate([]() -> task<> {
        channel<int> c(1);
        const auto look = [&] {
            return select(on(c.receive(), [](auto) { return 'r'; }), otherwise([] { return '-'; }));
        };
        EXPECT_EQ(co_await look(), '-');
        c.try_send(1);
        EXPECT_EQ(co_await look(), 'r');
        EXPECT_EQ(co_await look(), '-');
        EXPECT_TRUE(c.try_send(1)); // the look left nobody behind
        EXPECT_EQ(c.size(), 1U);
    });
}

TEST(Select, WaitsForTheFirstCaseAndWithdrawsTheOthers)
{
    simulate([]() -> task<> {
        channel<int> a;
        channel<int> b;
        queue<int> q;
        auto chosen = spawn([&]() -> task<std::string> {
            co_return co_await select(on(a.receive(), [](auto v) { return "a" + std::to_string(*v); }),
                                      on(b.receive(), [](auto v) { return "b" + std::to_string(*v); }),
                                      on(q.get(), [](int v) { return "q" + std::to_string(v); }),
                                      on(after(1h), [] { return std::string("late"); }));
        });
        co_await settle();
        EXPECT_TRUE(b.try_send(2));
        EXPECT_FALSE(a.try_send(1)); // it has been chosen already, even if it did not run yet
        EXPECT_TRUE(q.try_put(3));
        EXPECT_EQ(co_await chosen, "b2");
        EXPECT_FALSE(a.try_send(1));
        EXPECT_EQ(q.try_get(), 3);
    });
}

TEST(Select, SendsOnlyWhenItsCaseHappens)
{
    simulate([]() -> task<> {
        channel<std::unique_ptr<int>> out;
        channel<int> in;
        auto value = std::make_unique<int>(5);
        const auto once = [&]() -> task<std::string> {
            co_return co_await select(on(out.send_from(value), [] { return std::string("sent"); }),
                                      on(in.receive(), [](auto) { return std::string("received"); }));
        };
        auto first = spawn(once());
        co_await settle();
        EXPECT_TRUE(in.try_send(1));
        EXPECT_EQ(co_await first, "received");
        EXPECT_EQ(*value, 5);
        EXPECT_FALSE(out.try_receive());
        auto second = spawn(once());
        co_await settle();
        EXPECT_EQ(**out.try_receive(), 5);
        EXPECT_EQ(co_await second, "sent");
        EXPECT_FALSE(value);
    });
}

TEST(Select, TwoSelectsMeet)
{
    simulate([]() -> task<> {
        channel<int> a;
        channel<int> b;
        auto receiver = spawn([&]() -> task<int> {
            co_return co_await select(on(a.receive(), [](auto v) { return *v; }),
                                      on(b.receive(), [](auto v) { return *v; }));
        });
        co_await settle();
        EXPECT_EQ(co_await select(on(b.send(2), [] { return 'b'; }), on(after(1s), [] { return 't'; })), 'b');
        EXPECT_EQ(co_await receiver, 2);
    });
}

TEST(Select, DoesNotMeetItself)
{
    simulate([]() -> task<> {
        channel<int> c;
        const auto both = [&]() -> task<std::string> {
            co_return co_await select(on(c.send(1), [] { return std::string("sent"); }),
                                      on(c.receive(), [](auto v) { return "received " + std::to_string(*v); }));
        };
        auto first = spawn(both());
        co_await settle();
        EXPECT_FALSE(first.done());
        EXPECT_TRUE(c.try_send(7)); // both of its sides can be met
        EXPECT_EQ(co_await first, "received 7");
        auto second = spawn(both());
        co_await settle();
        EXPECT_EQ(c.try_receive(), 1);
        EXPECT_EQ(co_await second, "sent");
        auto third = spawn(both());
        auto fourth = spawn(both());
        const std::set<std::string> results{co_await third, co_await fourth};
        EXPECT_EQ(results, (std::set<std::string>{"received 1", "sent"}));
    });
}

TEST(Select, LooksAtAFutureAndDoesNotCancelIt)
{
    simulate([]() -> task<> {
        auto slow = spawn([]() -> task<int> {
            co_await simul::sleep(2s);
            co_return 5;
        });
        const auto wait = [&](auto limit) -> task<int> {
            co_return co_await select(on(slow, [](int v) { return v; }), on(after(limit), [] { return -1; }));
        };
        EXPECT_EQ(co_await wait(1s), -1);
        EXPECT_FALSE(slow.done());
        EXPECT_EQ(co_await wait(2s), 5);
        EXPECT_EQ(co_await wait(1h), 5); // done already
        EXPECT_EQ(co_await slow, 5);
    });
}

TEST(Select, AFutureGivenAwayIsCancelledWhenAnotherCaseHappens)
{
    simulate([]() -> task<> {
        bool cancelled = false;
        auto work = spawn([&]() -> task<std::unique_ptr<int>> {
            try {
                co_await simul::sleep(1h);
            } catch (const simul::cancelled&) {
                cancelled = true;
                throw;
            }
            co_return nullptr;
        });
        co_await select(on(std::move(work), [](std::unique_ptr<int>) {}), on(after(1s), [] {}));
        co_await settle();
        EXPECT_TRUE(cancelled);
        auto ready = spawn([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); });
        co_await select(on(std::move(ready), [](std::unique_ptr<int> got) { EXPECT_EQ(*got, 3); }));
    });
}

TEST(Select, ThrowsTheErrorOfTheCaseThatHappens)
{
    simulate([]() -> task<> {
        channel<int> closed;
        closed.close();
        queue<int> shut;
        shut.shutdown();
        auto failing = spawn([]() -> task<int> {
            co_await simul::sleep(1s);
            throw simul::error(std::errc::io_error, "its own");
        });
        auto send = spawn([&]() -> task<> { co_await select(on(closed.send(1), [] {})); });
        auto get = spawn([&]() -> task<> { co_await select(shut.get(), after(1s)); });
        auto look = spawn([&]() -> task<> { co_await select(on(failing, [](int) {}), on(after(1h), [] {})); });
        auto receive = spawn([&]() -> task<> { EXPECT_FALSE(std::get<0>(co_await select(closed.receive()))); });
        co_await simul::sleep(2s);
        EXPECT_TRUE(is_a<simul::closed_error>(send.error()));
        EXPECT_TRUE(is_a<simul::closed_error>(get.error()));
        EXPECT_EQ(laws::message_of(look.error()), "simul::error: its own");
        EXPECT_TRUE(receive.done());
    });
}

TEST(Select, IsWokenByCloseAndShutdown)
{
    simulate([]() -> task<> {
        channel<int> c;
        queue<int> q;
        channel<int> never;
        auto receive = spawn(
            [&]() -> task<bool> { co_return std::get<0>(co_await select(c.receive(), never.receive())).has_value(); });
        auto get = spawn([&]() -> task<> { co_await select(never.receive(), q.get()); });
        co_await settle();
        c.close();
        q.shutdown();
        co_await settle();
        EXPECT_FALSE(co_await receive);
        EXPECT_TRUE(is_a<simul::closed_error>(get.error()));
    });
}

TEST(Select, WaitsUntilATimeHasPassed)
{
    simulate([]() -> task<> {
        channel<int> c;
        const auto begin = simul::now();
        co_await select(on(c.receive(), [](auto) {}), on(after(1500ms), [] {}), on(after(2s), [] { ADD_FAILURE(); }));
        EXPECT_EQ(simul::now() - begin, 1500ms);
        co_await select(on(c.receive(), [](auto) {}), on(after(begin + 3s), [] {}));
        EXPECT_EQ(simul::now() - begin, 3s);
        co_await select(on(c.receive(), [](auto) {}), on(after(begin), [] {})); // in the past: at once
        co_await select(on(c.receive(), [](auto) {}), on(after(0s), [] {}));
        EXPECT_EQ(simul::now() - begin, 3s);
    });
}

TEST(Select, LeavesOutACaseWhoseConditionIsFalse)
{
    simulate([]() -> task<> {
        channel<int> c(1);
        c.try_send(1);
        EXPECT_EQ(co_await select(on(c.receive(), [](auto) { return 'r'; }).when(false), otherwise([] { return '-'; })),
                  '-');
        EXPECT_EQ(co_await select(on(c.receive(), [](auto) { return 'r'; }).when(true), otherwise([] { return '-'; })),
                  'r');
        auto nothing = spawn([&]() -> task<> { co_await select(on(c.receive(), [](auto) {}).when(false)); });
        co_await settle();
        EXPECT_FALSE(nothing.done()); // as a nil channel in Go: never ready
        nothing.cancel();
        co_await settle();
        EXPECT_TRUE(nothing.cancelled());
    });
}

TEST(Select, ChoosesEachOfThoseThatCanHappenEquallyOften)
{
    simulate(
        []() -> task<> {
            constexpr int rounds = 6000;
            channel<int> never;
            std::array<channel<int>, 3> full{channel<int>(rounds), channel<int>(rounds), channel<int>(rounds)};
            for (auto& each : full)
                for (int i = 0; i < rounds; ++i)
                    each.try_send(i);
            std::array<int, 3> chosen{};
            for (int i = 0; i < rounds; ++i) {
                co_await select(on(full[0].receive(), [&](auto) { ++chosen[0]; }), on(never.receive(), [](auto) {}),
                                on(full[1].receive(), [&](auto) { ++chosen[1]; }), on(never.receive(), [](auto) {}),
                                on(full[2].receive(), [&](auto) { ++chosen[2]; }));
            }
            for (const int each : chosen)
                EXPECT_NEAR(each, rounds / 3, rounds / 20);
        },
        1);
}

TEST(Select, TakesPartInQueuesBroadcastsAndWatches)
{
    simulate([]() -> task<> {
        queue<int> q(1);
        simul::broadcast<int> events;
        simul::watch<int> level(0);
        auto mine = events.subscribe();
        auto view = level.observe();
        const auto once = [&]() -> task<std::string> {
            co_return co_await select(on(q.get(), [](int v) { return "q" + std::to_string(v); }),
                                      on(mine.receive(), [](auto v) { return "e" + std::to_string(*v); }),
                                      on(view.changed(), [](auto v) { return "w" + std::to_string(*v); }));
        };
        auto first = spawn(once());
        co_await settle();
        EXPECT_TRUE(events.try_send(1));
        level.set(2);
        q.try_put(3);
        EXPECT_EQ(co_await first, "e1");
        std::set<std::string> rest{co_await once(), co_await once()};
        EXPECT_EQ(rest, (std::set<std::string>{"w2", "q3"}));
        auto full = spawn([&]() -> task<> { co_await select(on(q.put(1), [] {}), on(events.send(2), [] {})); });
        co_await full;
    });
}

TEST(Select, ASelectThatIsCancelledAfterItWasServedKeepsWhatItGot)
{
    simulate([]() -> task<> {
        channel<int> a;
        channel<int> b;
        int got = 0;
        auto waiting = spawn([&]() -> task<> {
            got =
                co_await select(on(a.receive(), [](auto v) { return *v; }), on(b.receive(), [](auto v) { return *v; }));
        });
        co_await settle();
        EXPECT_TRUE(a.try_send(1));
        waiting.cancel();
        co_await settle();
        EXPECT_EQ(got, 1);
    });
}

TEST(Select, SurvivesThatAPlaceItWaitedAtIsDestroyedBeforeItRunsAgain)
{
    simulate([]() -> task<> {
        channel<int> a;
        auto b = std::make_unique<channel<int>>();
        auto c = std::make_unique<queue<int>>();
        auto waiting = spawn([](channel<int>& one, channel<int>& two, queue<int>& three) -> task<int> {
            co_return co_await select(on(one.receive(), [](auto v) { return *v; }),
                                      on(two.receive(), [](auto v) { return *v; }),
                                      on(three.get(), [](int v) { return v; }));
        }(a, *b, *c));
        co_await settle();
        EXPECT_TRUE(a.try_send(1));
        EXPECT_FALSE(b->try_send(2)); // finds it, and that it is chosen
        b.reset();
        c.reset();
        EXPECT_EQ(co_await waiting, 1);
    });
}

TEST(Select, CanBeHandedOn)
{
    simulate([]() -> task<> {
        channel<int> c;
        auto flight = spawn(select(on(c.receive(), [](auto v) { return *v; }), on(after(1s), [] { return -1; })));
        co_await settle();
        c.try_send(1);
        EXPECT_EQ(co_await flight, 1);
    });
}

// ---- random schedules

/// Tasks that send and receive at several channels at once. Every value is sent at most once and received at most once;
/// and when nothing moves any more, no two that wait could have met.
class crowd {
public:
    explicit crowd(std::uint64_t seed) : random_(seed)
    {
        for (auto& each : channels_)
            each = std::make_unique<channel<int>>(static_cast<std::size_t>(random_.below(2)));
    }

    task<> run()
    {
        for (int step = 0; step < 25; ++step) {
            if (random_.below(3) > 0) {
                tasks_.push_back(spawn(visit(static_cast<int>(tasks_.size()))));
            } else if (!tasks_.empty()) {
                tasks_[static_cast<std::size_t>(random_.below(static_cast<int>(tasks_.size())))].cancel();
            }
            if (random_.one_in(3))
                co_await simul::yield();
            if (random_.one_in(5))
                now();
        }
        co_await settle();
        check();
        for (auto& each : tasks_)
            each.cancel();
        co_await settle();
        for (auto& each : channels_)
            while (const auto left = each->try_receive())
                got(*left);
        EXPECT_EQ(sent_, received_);
        for (const auto& each : tasks_)
            EXPECT_TRUE(each.done());
    }

private:
    struct wish {
        int place;
        bool sends;
    };

    task<> visit(int who)
    {
        const wish a = any(), b = any(), c = any();
        const int value = ++last_value_;
        waiting_[who] = {a, b, c};
        struct leave {
            std::map<int, std::vector<wish>>& from;
            int me;
            ~leave() { from.erase(me); }
        } const at_the_end{waiting_, who};
        const bool looks = random_.one_in(6);
        co_await choose(a, b, c, value, looks);
    }
    task<> choose(wish a, wish b, wish c, int value, bool looks)
    {
        const auto in = [this](std::optional<int> v) { got(*v); };
        const auto out = [this, value] { EXPECT_TRUE(sent_.insert(value).second); };
        const auto send = [&](wish w) { return on(at(w).send(value), out).when(w.sends); };
        const auto receive = [&](wish w) { return on(at(w).receive(), in).when(!w.sends); };
        if (looks)
            co_await select(send(a), receive(a), send(b), receive(b), send(c), receive(c), otherwise([] {}));
        else
            co_await select(send(a), receive(a), send(b), receive(b), send(c), receive(c));
    }
    void now()
    {
        const wish w = any();
        if (!w.sends) {
            if (const auto value = at(w).try_receive())
                got(*value);
        } else if (const int value = ++last_value_; at(w).try_send(value)) {
            EXPECT_TRUE(sent_.insert(value).second);
        }
    }
    void got(int value) { EXPECT_TRUE(received_.insert(value).second) << value << " came twice"; }
    void check()
    {
        for (const auto& [who, wishes] : waiting_) {
            for (const wish& w : wishes) {
                EXPECT_FALSE(w.sends && !at(w).full()) << who << " could send";
                EXPECT_FALSE(!w.sends && !at(w).empty()) << who << " could receive";
                for (const auto& [other, others] : waiting_)
                    for (const wish& o : others)
                        EXPECT_FALSE(who != other && w.place == o.place && w.sends != o.sends)
                            << who << " could meet " << other;
            }
        }
    }
    wish any() { return {random_.below(3), random_.one_in(2)}; }
    channel<int>& at(wish w) { return *channels_[static_cast<std::size_t>(w.place)]; }

    laws::source random_;
    std::array<std::unique_ptr<channel<int>>, 3> channels_;
    std::vector<future<>> tasks_;
    std::map<int, std::vector<wish>> waiting_;
    std::set<int> sent_;
    std::set<int> received_;
    int last_value_ = 0;
};

TEST(Select, SurvivesRandomSchedules)
{
    laws::for_each_seed([](std::uint64_t seed) -> task<> {
        crowd all(seed);
        co_await all.run();
    });
}

// ---- threads

TEST(Select, TwoThreadsLoseNothing)
{
    channel<int> a;
    channel<int> b(1);
    std::atomic<int> sent = 0;
    std::atomic<int> received = 0;
    const auto meet = [&](laws::source& random) -> task<> {
        const auto in = [&](auto) { ++received; };
        const auto out = [&] { ++sent; };
        switch (random.below(4)) {
        case 0:
            co_await select(on(a.send(1), out), on(b.receive(), in));
            break;
        case 1:
            co_await select(on(b.send(1), out), on(a.receive(), in));
            break;
        case 2:
            co_await select(on(a.send(1), out), on(b.send(1), out), on(a.receive(), in), on(b.receive(), in));
            break;
        default:
            co_await select(on(a.receive(), in), on(b.receive(), in), on(after(1ms), [] {}));
        }
    };
    laws::run_in_two_threads([&](int thread) -> task<> {
        auto all = spawn(laws::many(thread, 4000, meet));
        while (!all.done()) { // its last ones may be short of partners
            co_await simul::sleep(1ms);
            for (channel<int>* each : {&a, &b}) {
                if (each->try_receive())
                    ++received;
                else if (each->try_send(1))
                    ++sent;
            }
        }
        co_await all;
    });
    while (b.try_receive())
        ++received;
    EXPECT_EQ(sent, received);
}

TEST(Select, AFutureOfAnotherThreadAndATimerMayRace)
{
    std::atomic<int> done = 0;
    laws::run_in_two_threads([&](int) -> task<> {
        for (int i = 0; i < 300; ++i) {
            simul::promise<int> promise;
            auto flight = promise.get_future();
            std::thread other([&] { promise.set_value(i); });
            channel<int> never;
            while (!co_await select(on(flight, [&](int v) { return v == i; }),
                                    on(never.receive(), [](auto) { return false; }),
                                    on(after(10us), [] { return false; }))) {
            }
            ++done;
            other.join();
        }
    });
    EXPECT_EQ(done, 600);
}

/// Sends and receives through whichever of three places is free first, and gives up now and then.
class market {
public:
    static constexpr int threads = 3;
    static constexpr int tasks = 4;
    static constexpr int items_each = 150;

    task<> take_part(int thread)
    {
        std::vector<future<>> senders;
        std::vector<future<>> receivers;
        for (int i = 0; i < tasks; ++i) {
            senders.push_back(spawn(send(thread * tasks + i)));
            receivers.push_back(spawn(receive(thread * tasks + i)));
        }
        for (auto& each : senders)
            co_await std::move(each);
        if (++threads_sent_ == threads) {
            meet_.close();
            buffered_.close();
            queued_.shutdown();
        }
        for (auto& each : receivers)
            co_await std::move(each);
    }
    void expect_each_received_once() const
    {
        for (const std::atomic<int>& each : received_)
            EXPECT_EQ(each, 1);
    }

private:
    task<> send(int who)
    {
        laws::source random(static_cast<std::uint64_t>(who));
        for (int n = 0; n < items_each; ++n) {
            int item = who * items_each + n;
            bool sent = false;
            while (!sent) {
                // A future that another thread completes, a timer, and a request to cancel get in between.
                auto attempt = spawn([](market& all, int& what, bool& over, int microseconds) -> task<> {
                    simul::promise<> told;
                    auto interruption = told.get_future();
                    std::optional<std::thread> other;
                    if (microseconds % 16 == 0)
                        other.emplace([&told] { told.set_value(); });
                    const auto done = [&over] { over = true; };
                    try {
                        co_await select(on(all.meet_.send_from(what), done), on(all.buffered_.send_from(what), done),
                                        on(all.queued_.put_from(what), done), on(interruption, [] {}),
                                        on(after(std::chrono::microseconds(microseconds)), [] {}));
                    } catch (const simul::cancelled&) {
                        EXPECT_FALSE(over);
                    }
                    if (other)
                        other->join();
                }(*this, item, sent, random.below(200)));
                if (random.one_in(4)) {
                    co_await simul::yield();
                    attempt.cancel();
                }
                try {
                    co_await attempt;
                } catch (const simul::cancelled&) { // before it began
                }
            }
        }
    }
    task<> receive(int who)
    {
        laws::source random(static_cast<std::uint64_t>(1000 + who));
        bool ended[3] = {};
        while (!ended[0] || !ended[1] || !ended[2]) {
            const auto got = [this, &ended](int place) {
                return [this, &ended, place](std::optional<int> item) {
                    if (item)
                        ++received_[static_cast<std::size_t>(*item)];
                    else
                        ended[place] = true;
                };
            };
            auto attempt = spawn([](market& all, auto on_item, bool (&over)[3], int microseconds) -> task<> {
                try {
                    co_await select(on(all.meet_.receive(), on_item(0)).when(!over[0]),
                                    on(all.buffered_.receive(), on_item(1)).when(!over[1]),
                                    on(all.queued_.get(), on_item(2)).when(!over[2]),
                                    on(after(std::chrono::microseconds(microseconds)), [] {}));
                } catch (const simul::closed_error&) { // of the queue
                    over[2] = true;
                }
            }(*this, got, ended, random.below(300)));
            if (random.one_in(4)) {
                co_await simul::yield();
                attempt.cancel();
            }
            try {
                co_await attempt;
            } catch (const simul::cancelled&) {
            }
        }
    }

    channel<int> meet_;
    channel<int> buffered_{2};
    queue<int> queued_{2};
    std::atomic<int> threads_sent_ = 0;
    std::array<std::atomic<int>, threads * tasks * items_each> received_{};
};

TEST(Select, ThreeThreadsReceiveEachItemOnceAmongChannelsQueuesFuturesAndTimers)
{
    market all;
    std::thread second([&] { simul::run(all.take_part(1)); });
    std::thread third([&] { simul::run(all.take_part(2)); });
    simul::run(all.take_part(0));
    second.join();
    third.join();
    all.expect_each_received_once();
}

} // namespace
