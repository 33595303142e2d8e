// SPDX-License-Identifier: MIT
#include <simul/task/shared_mutex.hpp>

#include "laws.hpp"

namespace {

using laws::settle;
using laws::simulate;
using laws::task;

static_assert(!std::is_copy_constructible_v<simul::shared_mutex> && !std::is_move_constructible_v<simul::shared_mutex>);

struct writer_subject {
    static constexpr const char* name = "shared_mutex";
    static constexpr bool gives_all = false;

    explicit writer_subject(int /*survivors*/) { locked->try_lock().detach(); }
    task<simul::shared_mutex::exclusive_lock> wait() { co_return co_await locked->lock(); }
    void give() { locked->unlock(); }
    void destroy() { locked.reset(); }

    std::optional<simul::shared_mutex> locked{std::in_place};
};

/// Readers behind a writer: they go in together.
struct reader_subject {
    static constexpr const char* name = "shared_mutex";
    static constexpr bool gives_all = true;

    explicit reader_subject(int /*survivors*/) { locked->try_lock().detach(); }
    task<simul::shared_mutex::shared_lock> wait() { co_return co_await locked->lock_shared(); }
    void give() { locked->unlock(); }
    void destroy() { locked.reset(); }

    std::optional<simul::shared_mutex> locked{std::in_place};
};

struct shared_mutex_model {
    static constexpr int everything = 1000;
    explicit shared_mutex_model(laws::source& from) : random(from) {}

    task<> visit(int who)
    {
        if (random.one_in(3))
            return laws::visit_and_hold(random, expected, who, everything, [this] { return mutex.lock(); });
        return laws::visit_and_hold(random, expected, who, 1, [this] { return mutex.lock_shared(); });
    }
    void cancel(int who) { expected.cancel(who); }
    void act()
    {
        if (random.one_in(2))
            try_it(mutex.try_lock(), everything);
        else
            try_it(mutex.try_lock_shared(), 1);
    }
    void finish() {}
    void check()
    {
        EXPECT_EQ(mutex.locked(), expected.free() == 0);
        EXPECT_EQ(mutex.readers(), expected.free() == 0 ? 0u : static_cast<unsigned>(everything - expected.free()));
    }

    laws::source& random;
    laws::weighted_queue expected{everything};
    simul::shared_mutex mutex;

private:
    template <class Lock> void try_it(Lock held, int weight)
    {
        EXPECT_EQ(static_cast<bool>(held), expected.try_take(weight));
        if (held)
            expected.give_back(weight);
    }
};

} // namespace

namespace laws {
INSTANTIATE_TYPED_TEST_SUITE_P(SharedMutexWriters, Laws, writer_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(SharedMutexWriters, LawsOfHolding, writer_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(SharedMutexReaders, Laws, reader_subject);
} // namespace laws

namespace {

task<> write(simul::shared_mutex& m, char who, std::string& order)
{
    const auto held = co_await m.lock();
    order += who;
}

task<> read(simul::shared_mutex& m, char who, std::string& order)
{
    const auto held = co_await m.lock_shared();
    order += who;
    co_await settle(); // together with other readers
    order += static_cast<char>(who - 'a' + 'A');
}

TEST(SharedMutex, ReadersAreInsideTogetherAndAWriterAlone)
{
    simulate([]() -> task<> {
        simul::shared_mutex m;
        auto one = co_await m.lock_shared();
        auto two = co_await m.lock_shared();
        EXPECT_EQ(m.readers(), 2u);
        EXPECT_FALSE(m.try_lock());
        one.unlock();
        EXPECT_FALSE(m.try_lock());
        two.unlock();
        const auto alone = co_await m.lock();
        EXPECT_TRUE(m.locked());
        EXPECT_FALSE(m.try_lock());
        EXPECT_FALSE(m.try_lock_shared());
    });
}

TEST(SharedMutex, AReaderThatComesAfterAWaitingWriterWaitsBehindIt)
{
    simulate([]() -> task<> {
        simul::shared_mutex m;
        std::string order;
        auto reading = co_await m.lock_shared();
        auto w = simul::spawn(write(m, 'w', order));
        co_await simul::yield();
        auto r = simul::spawn(read(m, 'r', order));
        co_await settle();
        EXPECT_FALSE(m.try_lock_shared());
        EXPECT_EQ(order, "");
        reading.unlock();
        co_await settle();
        co_await settle();
        EXPECT_EQ(order, "wrR");
    });
}

TEST(SharedMutex, ReadersNextToEachOtherGoInTogetherAndTheWriterBetweenSeparatesThem)
{
    simulate([]() -> task<> {
        simul::shared_mutex m;
        std::string order;
        auto writing = co_await m.lock();
        std::vector<simul::future<>> all;
        for (const char who : std::string("abxcd"))
            all.push_back(simul::spawn(who == 'x' ? write(m, who, order) : read(m, who, order)));
        co_await settle();
        writing.unlock();
        for (auto& each : all)
            co_await std::move(each);
        EXPECT_EQ(order, "abABxcdCD");
    });
}

TEST(SharedMutex, AWriterThatIsCancelledLetsTheReadersBehindItGoIn)
{
    simulate([]() -> task<> {
        simul::shared_mutex m;
        std::string order;
        const auto reading = co_await m.lock_shared();
        auto w = simul::spawn(write(m, 'w', order));
        co_await simul::yield();
        auto a = simul::spawn(read(m, 'a', order));
        auto b = simul::spawn(read(m, 'b', order));
        co_await settle();
        EXPECT_EQ(order, "");
        w.cancel();
        co_await settle();
        co_await settle();
        EXPECT_TRUE(w.cancelled());
        EXPECT_EQ(order, "abAB");
    });
}

TEST(SharedMutex, AWriterWhoseLoopIsClosedLetsTheReadersBehindItGoIn)
{
    simul::loop closes({.backend = simul::backend::sim});
    closes.set_error_handler([](const simul::problem&) {});
    simul::loop stays({.backend = simul::backend::sim});
    simul::shared_mutex m;
    std::string order;
    const auto reading = m.try_lock_shared();
    auto w = closes.launch(write(m, 'w', order));
    closes.run_once();
    auto r = stays.launch(read(m, 'r', order));
    stays.run_once();
    EXPECT_EQ(order, "");
    closes.close();
    EXPECT_TRUE(laws::is_a<simul::closed_error>(w.error()));
    stays.run_until_complete(std::move(r));
    EXPECT_EQ(order, "rR");
}

TEST(SharedMutex, UnlockingWhatIsNotLockedThatWaySaysWhatToDo)
{
    simul::shared_mutex m;
    EXPECT_THROW(m.unlock(), simul::invalid_state);
    EXPECT_THROW(m.unlock_shared(), simul::invalid_state);
    m.try_lock_shared().detach();
    try {
        m.unlock();
        FAIL();
    } catch (const simul::invalid_state& e) {
        EXPECT_STREQ(e.what(),
                     "unlock: nobody holds this shared_mutex alone; lock it first, with `auto held = co_await "
                     "m.lock()`, and let `held` unlock it");
    }
    m.unlock_shared();
    m.try_lock().detach();
    EXPECT_THROW(m.unlock_shared(), simul::invalid_state);
    m.unlock();
    auto held = m.try_lock();
    held.unlock();
    EXPECT_THROW(held.unlock(), simul::invalid_state);
}

TEST(SharedMutex, SurvivesRandomSchedules)
{
    laws::survives_random_schedules<shared_mutex_model>();
}

TEST(SharedMutex, GuardsPlainDataAcrossThreads)
{
    simul::shared_mutex m;
    int data[2] = {};
    std::atomic<int> seen_apart{0};
    const auto operation = [&](laws::source& random) -> task<> {
        if (random.one_in(3)) {
            const auto writing = co_await m.lock();
            ++data[0];
            ++data[1];
        } else {
            const auto reading = co_await m.lock_shared();
            const int first = data[0];
            if (random.one_in(3))
                co_await simul::yield();
            if (first != data[1])
                ++seen_apart;
        }
    };
    laws::run_in_two_threads([&](int thread) -> task<> { co_await laws::many(thread, 5'000, operation); });
    EXPECT_EQ(seen_apart, 0);
    EXPECT_FALSE(m.locked());
    EXPECT_EQ(m.readers(), 0u);
}

} // namespace
