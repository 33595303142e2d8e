// SPDX-License-Identifier: MIT
#include "loop_fixture.hpp"

#include <simul/run/loop.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul_test::names;

class LoopWatches : public simul_test::loop_on_each_backend {};

INSTANTIATE_TEST_SUITE_P(Backends, LoopWatches, testing::ValuesIn(simul::detail::available_backends(true)),
                         simul::detail::name_of_parameter);

TEST_P(LoopWatches, CallsAgainAsLongAsThereIsSomethingToRead)
{
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] { ++calls; });
    loop.call_soon([] {});
    loop.run_once();
    EXPECT_EQ(calls, 0);
    write_byte(ends.writing);
    run_until([&] { return calls >= 3; }); // level-triggered
    read_byte(ends.reading);
    for (int turn = 0; turn < 4; ++turn) { // what was under way
        loop.call_soon([] {});
        loop.run_once();
    }
    const int before = calls;
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_EQ(calls, before);
    EXPECT_TRUE(loop.unwatch_readable(ends.reading));
    EXPECT_FALSE(loop.unwatch_readable(ends.reading));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopWatches, ReplacesAWatchAndTellsReadingFromWriting)
{
    const auto ends = make_pipe();
    int old_calls = 0;
    int new_calls = 0;
    int writable = 0;
    loop.watch_readable(ends.reading, [&] { ++old_calls; });
    loop.watch_readable(ends.reading, [&] { ++new_calls; });
    loop.watch_writable(ends.writing, [&] { ++writable; });
    run_until([&] { return writable >= 2; });
    EXPECT_EQ(new_calls, 0);
    EXPECT_FALSE(loop.unwatch_readable(ends.writing));
    EXPECT_TRUE(loop.unwatch_writable(ends.writing));
    write_byte(ends.writing);
    run_until([&] { return new_calls >= 2; });
    EXPECT_EQ(old_calls, 0);
    EXPECT_TRUE(loop.unwatch_readable(ends.reading));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopWatches, CallsWhenTheOtherEndIsClosed)
{
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] {
        ++calls;
        loop.unwatch_readable(ends.reading); // from inside its own call
    });
    io().close_now(ends.writing);
    run_until([&] { return calls > 0; });
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_EQ(calls, 1);
    io().close_now(ends.reading);
}

TEST_P(LoopWatches, MayReplaceAWatchFromInsideItsCall)
{
    const auto ends = make_pipe();
    names calls;
    loop.watch_readable(ends.reading, [&] {
        calls.push_back("first");
        loop.watch_readable(ends.reading, [&] {
            calls.push_back("second");
            loop.unwatch_readable(ends.reading);
        });
    });
    write_byte(ends.writing);
    run_until([&] { return calls.size() >= 2; });
    EXPECT_EQ(calls, (names{"first", "second"}));
    io().close_now(ends.reading);
    io().close_now(ends.writing);
}

TEST_P(LoopWatches, SurvivesADescriptorThatIsClosedBehindItsBack)
{
    std::vector<std::string> problems;
    loop.set_error_handler([&](const simul::problem& p) { problems.push_back(p.message); });
    const auto ends = make_pipe();
    int calls = 0;
    loop.watch_readable(ends.reading, [&] {
        if (++calls == 1)
            io().close_now(ends.reading);
    });
    write_byte(ends.writing);
    run_until([&] { return calls > 0; });
    for (int turn = 0; turn < 10; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    EXPECT_LE(problems.size(), 1u);
    loop.unwatch_readable(ends.reading);
    for (int turn = 0; turn < 4; ++turn) {
        loop.call_soon([] {});
        loop.run_once();
    }
    io().close_now(ends.writing);
}

TEST_P(LoopWatches, RefusesANegativeDescriptor)
{
    EXPECT_THROW(loop.watch_readable(-1, [] {}), simul::error);
    EXPECT_THROW(loop.watch_writable(-7, [] {}), simul::error);
}

} // namespace
