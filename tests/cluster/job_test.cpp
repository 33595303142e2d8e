// SPDX-License-Identifier: MIT
#include <simul/cluster/job.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace cluster = simul::cluster;
namespace json = simul::json;
using cluster::detail::any_job;
using namespace std::chrono_literals;

struct size {
    int width, height;
};
size scaled(std::string_view image, const size& now, std::optional<double> factor)
{
    const double by = image.empty() ? 0 : factor.value_or(2);
    return {static_cast<int>(now.width * by), static_cast<int>(now.height * by)};
}
void refuse(int)
{
    throw std::invalid_argument("no");
}
simul::task<std::string> later(std::string text)
{
    co_await simul::sleep(1s);
    co_return text + "!";
}

/// Only while a test runs, as others may have jobs of these names.
struct Job : testing::Test {
    const cluster::job<&scaled> scaled_job{"images.scaled", {"image", "now", "factor"}};
    const cluster::job<&refuse> refuse_job{"refuse"};
    const cluster::job<&later> later_job{"later", {"text"}, {.retries = 3, .time_limit = 1min}};

    const json::value square = json::object{{"width", 3}, {"height", 3}};

    /// The message of the error that running it throws.
    std::string error_of(json::array args, json::object kwargs = {}) const
    {
        try {
            scaled_job.run(std::move(args), std::move(kwargs));
        } catch (const cluster::argument_error& e) {
            return e.what();
        }
        return "";
    }
};

TEST_F(Job, IsFoundByItsNameAndItsFunction)
{
    EXPECT_EQ(any_job::find("later"), &later_job);
    EXPECT_EQ(any_job::find(reinterpret_cast<void (*)()>(&refuse)), &refuse_job);
    EXPECT_EQ(any_job::find("nothing"), nullptr);
    EXPECT_EQ(later_job.settings().retries, 3U);
    {
        const cluster::job<&refuse> other{"later"};
        EXPECT_THROW(any_job::find("later"), simul::error);
    }
    EXPECT_EQ(any_job::find("later"), &later_job);
}

TEST_F(Job, IsCalledHereAsItsFunction)
{
    EXPECT_EQ(scaled_job("cat.png", size{3, 4}, 3.0).height, 12);
}

TEST_F(Job, RunsWithArgumentsByPlaceAndByName)
{
    const json::value doubled = json::object{{"width", 6}, {"height", 6}};
    EXPECT_EQ(scaled_job.run({"cat.png", square}, {}), doubled);
    EXPECT_EQ(scaled_job.run({"cat.png", square, nullptr}, {}), doubled);
    EXPECT_EQ(scaled_job.run({}, {{"factor", 2}, {"now", square}, {"image", "cat.png"}}), doubled);
    EXPECT_EQ(scaled_job.run({"cat.png", square}, {{"factor", 1}}), square);
}

TEST_F(Job, SaysWhatOfItsArgumentsIsWrong)
{
    EXPECT_EQ(error_of({"cat.png"}), "images.scaled() misses its argument 'now'");
    EXPECT_EQ(error_of({"cat.png", square, 1, 2}), "images.scaled() takes 3 arguments, but got 4");
    EXPECT_EQ(error_of({"cat.png", square}, {{"by", 1}}), "images.scaled() has no parameter 'by'");
    EXPECT_EQ(error_of({"cat.png", square}, {{"now", square}}), "images.scaled() got two values for 'now'");
    EXPECT_TRUE(error_of({"cat.png", "small"}).starts_with("images.scaled(): argument 'now': "));
}

TEST_F(Job, GivesNullWhenItsFunctionIsVoidAndThrowsWhatThatThrows)
{
    EXPECT_THROW(refuse_job.run({1}, {}), std::invalid_argument);
    const cluster::job<+[](int) {}> nothing{"nothing at all"};
    EXPECT_TRUE(nothing.run({1}, {}).is_null());
}

SIMUL_TEST_F(Job, OfACoroutineIsStarted)
{
    EXPECT_TRUE(later_job.is_coroutine());
    static_assert(std::is_same_v<decltype(later_job)::result, std::string>);
    EXPECT_EQ(co_await later_job.start({}, {{"text", "hello"}}), json::value("hello!"));
    EXPECT_EQ(co_await later_job("hello"), "hello!");
}

} // namespace
