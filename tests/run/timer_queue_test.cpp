// SPDX-License-Identifier: MIT
//
// The timer queue: example by example, then against a std::multimap under random schedules.
#include "../../src/run/sched/timer_queue.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::never;
using simul::time_point;
using simul::detail::timer;
using simul::detail::timer_queue;

constexpr std::int64_t tick = 1 << 10;

constexpr time_point at(std::int64_t nanoseconds) { return time_point{simul::duration{nanoseconds}}; }

class TimerQueue : public testing::Test {
protected:
    timer& arm(time_point deadline)
    {
        timer& t = timers.emplace_back();
        t.deadline = deadline;
        queue.add(t);
        return t;
    }

    std::vector<timer*> take_all(time_point now)
    {
        std::vector<timer*> taken;
        while (timer* const t = queue.take_due(now))
            taken.push_back(t);
        return taken;
    }

    timer_queue queue;
    std::deque<timer> timers;
};

TEST_F(TimerQueue, IsEmptyAtFirst)
{
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.next_deadline(), never);
    EXPECT_EQ(queue.take_due(never), nullptr);
}

TEST_F(TimerQueue, KeepsDeadlinesToTheNanosecond)
{
    for (const std::int64_t deadline : {1L, tick - 1, tick, 64 * tick, 64 * tick + 1, tick * tick, INT64_MAX - 1}) {
        timer& t = arm(at(deadline));
        EXPECT_EQ(queue.next_deadline(), at(deadline));
        EXPECT_EQ(queue.take_due(at(deadline - 1)), nullptr);
        EXPECT_EQ(queue.take_due(at(deadline)), &t);
        EXPECT_FALSE(t.armed());
        EXPECT_TRUE(queue.empty());
    }
}

TEST_F(TimerQueue, FiresWhatIsDueInOrderOfDeadline)
{
    timer& third = arm(at(3'000'000'000));
    timer& first = arm(at(5));
    timer& fourth = arm(at(86'400'000'000'000));
    timer& second = arm(at(6));
    EXPECT_EQ(take_all(at(86'400'000'000'000)), (std::vector{&first, &second, &third, &fourth}));
}

TEST_F(TimerQueue, FiresEqualDeadlinesInTheOrderOfArmingFromWhicheverLevelTheyCome)
{
    const time_point when = at(1'000'000'000'000);
    std::vector<timer*> armed;
    // Each pair is armed closer to the deadline, hence on a lower level; the last in the tick of the deadline.
    for (const auto left : std::initializer_list<simul::duration>{900s, 90s, 5s, 100ms, 1ms, 70us, 1us, 1ns}) {
        timer& earlier = arm(when - left);
        armed.push_back(&arm(when));
        armed.push_back(&arm(when));
        ASSERT_EQ(take_all(when - left), std::vector{&earlier});
    }
    timer& last = arm(when);
    armed.push_back(&last);
    EXPECT_EQ(take_all(when), armed);
}

TEST_F(TimerQueue, FiresThePastAtOnceAndBeforeThePresent)
{
    arm(at(5'000'000'000));
    ASSERT_EQ(take_all(at(5'000'000'000)).size(), 1u);
    timer& present = arm(at(5'000'000'000));
    timer& past = arm(at(4'000'000'000));
    timer& long_past = arm(time_point::min());
    EXPECT_EQ(queue.next_deadline(), time_point::min());
    EXPECT_EQ(take_all(at(5'000'000'000)), (std::vector{&long_past, &past, &present}));
}

TEST_F(TimerQueue, NeverFiresNever)
{
    timer& t = arm(never);
    EXPECT_EQ(queue.next_deadline(), never);
    EXPECT_EQ(queue.take_due(never - 1ns), nullptr);
    EXPECT_FALSE(queue.empty());
    queue.remove(t);
    EXPECT_TRUE(queue.empty());
}

TEST_F(TimerQueue, CoversAllOfTime)
{
    timer& last = arm(never - 1ns);
    timer& first = arm(time_point::min());
    timer& second = arm(time_point::min() + 1ns);
    timer& middle = arm(at(-1));
    timer& zero = arm(at(0));
    EXPECT_EQ(queue.take_due(time_point::min()), &first);
    EXPECT_EQ(queue.take_due(time_point::min()), nullptr);
    EXPECT_EQ(take_all(never), (std::vector{&second, &middle, &zero, &last}));
}

TEST_F(TimerQueue, TakesNothingWhenTheClockGoesBack)
{
    arm(at(9'000'000'000));
    ASSERT_EQ(take_all(at(9'000'000'000)).size(), 1u);
    timer& t = arm(at(1'000));
    EXPECT_EQ(queue.take_due(at(999)), nullptr);
    EXPECT_EQ(queue.take_due(at(1'000)), &t);
}

TEST_F(TimerQueue, FiresOnEitherSideOfEveryBucketBoundary)
{
    std::vector<timer*> expected;
    for (int bit = 10; bit < 63; ++bit)
        for (const std::int64_t offset : {-1, 0, 1})
            expected.push_back(&arm(at((std::int64_t{1} << bit) + offset)));
    for (timer* const t : expected) {
        EXPECT_EQ(queue.next_deadline(), t->deadline);
        EXPECT_EQ(queue.take_due(t->deadline - 1ns), nullptr);
        EXPECT_EQ(queue.take_due(t->deadline), t);
    }
}

TEST_F(TimerQueue, LeavesOutWhatAnEarlierTimerOfTheSameInstantRemoved)
{
    std::vector<timer*> armed;
    for (int i = 0; i < 8; ++i)
        armed.push_back(&arm(at(100)));
    EXPECT_EQ(queue.take_due(at(100)), armed[0]);
    queue.remove(*armed[1]);
    queue.remove(*armed[4]);
    queue.remove(*armed[7]);
    EXPECT_EQ(take_all(at(100)), (std::vector{armed[2], armed[3], armed[5], armed[6]}));
}

TEST_F(TimerQueue, TakesTheTimerJustFiredBackAgain)
{
    timer& ticker = arm(at(0));
    arm(at(10 * tick));
    std::vector<std::int64_t> fired;
    while (timer* const t = queue.take_due(at(10 * tick))) {
        fired.push_back(t->deadline.time_since_epoch().count() / tick);
        if (t == &ticker && fired.size() < 9) {
            t->deadline += 3 * tick * 1ns;
            queue.add(*t);
        }
    }
    EXPECT_EQ(fired, (std::vector<std::int64_t>{0, 3, 6, 9, 10}));
    EXPECT_EQ(queue.next_deadline(), at(12 * tick));
}

TEST_F(TimerQueue, WakesALoopSeldomForTimersThatWereRemoved)
{
    timer& kept = arm(at(600'000'000));
    std::vector<timer*> removed;
    for (int i = 0; i < 100; ++i)
        removed.push_back(&arm(at(500'000'000 + i * 1'000'000)));
    for (timer* const t : removed)
        queue.remove(*t);
    int wakes = 1;
    while (queue.take_due(queue.next_deadline()) != &kept)
        ++wakes;
    EXPECT_LE(wakes, 1 + 4); // at most once on each of the levels on which `kept` had company
}

TEST_F(TimerQueue, FiresAMillionAcrossCenturies)
{
    std::mt19937_64 random{1};
    std::deque<timer> many(1'000'000);
    for (timer& t : many) {
        t.deadline = at(static_cast<std::int64_t>(random() >> 1));
        queue.add(t);
    }
    time_point last = time_point::min();
    std::size_t fired = 0;
    while (timer* const t = queue.take_due(never)) {
        EXPECT_LE(last, t->deadline);
        last = t->deadline;
        ++fired;
    }
    EXPECT_EQ(fired, many.size());
}

// One random life of a queue beside a std::multimap, which keeps the order of insertion among equal keys.
class comparison {
public:
    explicit comparison(std::uint64_t seed) : random_(seed), timers_(1 + below(200)) {}

    void run()
    {
        now_ = below(4) ? at(static_cast<std::int64_t>(below(std::uint64_t{1} << 62))) : time_point::min();
        reach_ = 1 + below(62);
        for (std::uint64_t steps = 20 + below(200); steps > 0 && !testing::Test::HasFatalFailure(); --steps) {
            timer& t = timers_[below(timers_.size())];
            if (t.armed())
                below(3) ? step_clock() : remove(t);
            else
                add(t);
            ASSERT_EQ(queue_.size(), expected_.size());
            if (expected_.empty())
                ASSERT_EQ(queue_.next_deadline(), never);
            else
                ASSERT_LE(queue_.next_deadline(), expected_.begin()->first);
        }
        fire_until(never);
        ASSERT_TRUE(queue_.empty());
        ASSERT_TRUE(expected_.empty());
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    // Of any order of magnitude up to the reach, often round so that deadlines coincide.
    simul::duration some_time()
    {
        const std::uint64_t magnitude = below(reach_ + 1);
        const std::uint64_t time = below(std::uint64_t{1} << magnitude);
        return simul::duration{below(2) ? time : time & ~((std::uint64_t{1} << magnitude * 3 / 4) - 1)};
    }

    void add(timer& t)
    {
        const auto kind = below(20);
        t.deadline = kind == 0   ? time_point::min()
                     : kind == 1 ? never
                     : kind == 2 ? simul::deadline_after(now_, -some_time())
                                 : simul::deadline_after(now_, some_time());
        queue_.add(t);
        expected_.emplace(t.deadline, &t);
    }

    void remove(timer& t)
    {
        queue_.remove(t);
        auto entry = expected_.lower_bound(t.deadline);
        while (entry->second != &t)
            ++entry;
        expected_.erase(entry);
    }

    void step_clock()
    {
        now_ = below(2) ? simul::deadline_after(now_, some_time()) : std::max(now_, queue_.next_deadline());
        if (now_ == never)
            now_ -= 1ns;
        fire_until(now_);
    }

    void fire_until(time_point now)
    {
        while (timer* const fired = queue_.take_due(now)) {
            ASSERT_FALSE(fired->armed());
            ASSERT_FALSE(expected_.empty());
            ASSERT_EQ(fired, expected_.begin()->second);
            expected_.erase(expected_.begin());
            if (now == never)
                continue; // the end: only empty the queue
            timer& other = timers_[below(timers_.size())];
            if (below(4) == 0)
                add(*fired);
            else if (below(4) == 0 && other.armed())
                remove(other);
        }
        ASSERT_TRUE(expected_.empty() || expected_.begin()->first > now);
    }

    std::mt19937_64 random_;
    std::vector<timer> timers_;
    timer_queue queue_;
    std::multimap<time_point, timer*> expected_;
    time_point now_;
    std::uint64_t reach_ = 0;
};

TEST(TimerQueueProperty, BehavesLikeAMultimap)
{
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        comparison{seed}.run();
        if (testing::Test::HasFatalFailure())
            return;
    }
}

} // namespace
