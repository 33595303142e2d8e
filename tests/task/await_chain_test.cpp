// SPDX-License-Identifier: MIT
#include <simul/run/run.hpp>
#include <simul/task/await_chain.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using simul::task;

std::vector<unsigned> lines(const std::vector<std::source_location>& chain)
{
    std::vector<unsigned> numbers;
    for (const std::source_location& each : chain) {
        EXPECT_NE(std::string(each.file_name()).find("await_chain_test.cpp"), std::string::npos);
        numbers.push_back(each.line());
    }
    return numbers;
}

constexpr unsigned leaf_line = __LINE__ + 3;
task<> leaf()
{
    co_await simul::yield();
    throw std::runtime_error("leaf");
}

constexpr unsigned middle_line = __LINE__ + 3;
task<> middle()
{
    co_await leaf();
}

constexpr unsigned top_line = __LINE__ + 3;
task<> top()
{
    co_await middle();
}

const simul::run_options virtual_time{.backend = simul::backend::sim};

TEST(AwaitChain, NamesTheAwaitsThatAnErrorCrossedInnermostFirst)
{
    try {
        simul::run(top(), virtual_time);
        ADD_FAILURE();
    } catch (const std::runtime_error&) {
        EXPECT_EQ(lines(simul::await_chain()), (std::vector{leaf_line, middle_line, top_line}));
    }
}

TEST(AwaitChain, CrossesFutures)
{
    simul::run(
        []() -> task<> {
            auto flight = simul::spawn(middle());
            try {
                co_await flight;
                ADD_FAILURE();
            } catch (const std::runtime_error&) {
                EXPECT_EQ(lines(simul::await_chain()), (std::vector{leaf_line, middle_line}));
            }
        },
        virtual_time);
}

TEST(AwaitChain, IsTheSameForTwoThatAwaitOneFuture)
{
    simul::run(
        []() -> task<> {
            auto flight = simul::spawn(middle());
            const auto look = [](simul::future<>& at) -> task<std::size_t> {
                try {
                    co_await at;
                } catch (const std::runtime_error&) {
                    co_return simul::await_chain().size();
                }
                co_return 0;
            };
            auto first = simul::spawn(look(flight));
            auto second = simul::spawn(look(flight));
            EXPECT_EQ(co_await std::move(first), 2u);
            EXPECT_EQ(co_await std::move(second), 2u);
        },
        virtual_time);
}

TEST(AwaitChain, SurvivesBeingCaughtAndThrownAgain)
{
    simul::run(
        []() -> task<> {
            const auto passes_on = []() -> task<> {
                try {
                    co_await middle();
                } catch (const std::runtime_error&) {
                    throw;
                }
            };
            try {
                co_await passes_on();
                ADD_FAILURE();
            } catch (const std::runtime_error&) {
                EXPECT_EQ(simul::await_chain().size(), 3u);
            }
        },
        virtual_time);
}

TEST(AwaitChain, IsEmptyForWhatCrossedNothingAndForAnotherError)
{
    EXPECT_TRUE(simul::await_chain().empty());
    EXPECT_TRUE(simul::await_chain(nullptr).empty());
    try {
        simul::run(top(), virtual_time);
    } catch (const std::runtime_error&) {
    }
    try {
        throw std::runtime_error("plain");
    } catch (const std::runtime_error&) {
        EXPECT_TRUE(simul::await_chain().empty());
    }
}

} // namespace
