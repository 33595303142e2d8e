// SPDX-License-Identifier: MIT
#include "current_test.hpp"
#include "leaks.hpp"
#include "time_limit.hpp"

#include <simul/task/await_chain.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace simul::testing {
namespace detail {
namespace {

std::optional<std::uint64_t> number_from(const char* variable)
{
    const char* const text = std::getenv(variable);
    return text && *text ? std::optional(std::strtoull(text, nullptr, 10)) : std::nullopt;
}

std::string test_name()
{
    const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    return test ? std::string(test->test_suite_name()) + "." + test->name() : "a test";
}

/// What to type to see it again.
std::string replay_line(const settings& how, std::uint64_t seed)
{
    std::error_code ignored;
    std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    if (const auto relative = program.lexically_proximate(std::filesystem::current_path(ignored));
        !relative.empty() && *relative.begin() != "..")
        program = "." / relative;
    std::string line = "reproduce: ";
    if (const char* const wanted = std::getenv("SIMUL_BACKEND"); wanted && how.backend == backend::automatic)
        line += std::string("SIMUL_BACKEND=") + wanted + " ";
    return line + "SIMUL_TEST_SEED=" + std::to_string(seed) + " " + program.string() + " --gtest_filter=" + test_name();
}

/// One run of a test, with one seed.
class test_run {
public:
    test_run(const parts_of_test& test, const settings& how, std::uint64_t seed, time_limit& limit)
        : test_(test), how_(how), seed_(seed), limit_(limit)
    {
        environment_.has_luck = how.seeds != 0 && seed != 0;
        outer_ = std::exchange(current_test::here, &environment_);
    }
    ~test_run() { current_test::here = outer_; }
    test_run(const test_run&) = delete;
    test_run& operator=(const test_run&) = delete;

    /// False when something was wrong.
    bool run()
    {
        const holdings before = holdings::now();
        run_on_a_loop();
        std::string left;
        for (const std::string& each : leaks_since(before, environment_.may_leak))
            left += "\n  " + each;
        if (!left.empty())
            fail("the test left behind:" + left);
        return !failed_ && !::testing::Test::HasFailure();
    }

    const std::map<std::string, unsigned>& faults() const noexcept { return environment_.struck; }

private:
    void fail(const std::string& message)
    {
        failed_ = true;
        ADD_FAILURE_AT(how_.file, how_.line) << message;
    }

    void fail(const char* where, const std::exception_ptr& error, const std::vector<std::source_location>& awaits)
    {
        std::string message = std::string(where) + ": " + describe(error);
        for (const std::source_location& each : awaits)
            message += std::string("\n    at ") + each.file_name() + ":" + std::to_string(each.line()) + " in " +
                       each.function_name();
        fail(message);
    }

    void run_on_a_loop()
    {
        problem_log log;
        {
            loop on({.backend = how_.backend, .seed = seed_});
            log.listen_to(on);
            future<> main = on.launch(whole());
            {
                const time_limit::run limited(limit_, on, test_name(), replay_line(how_, seed_));
                attempt("the loop", [&] { on.run_until_done(main.shared_state()); });
                over_ = true;
                // A task that refuses may do so without ever letting virtual time pass: then this is real time.
                const bool real = how_.backend != backend::sim;
                attempt("the end of the loop", [&] { on.shutdown(std::chrono::seconds(real ? 10 : 2)); });
            }
            on.close();
            main.shared_state().observe(); // `whole` fails only by what is reported already
        }
        for (const problem& each : log.take())
            fail(each.text());
    }

    template <class Fn> void attempt(const char* what, Fn fn)
    {
        try {
            fn();
        } catch (...) {
            fail(what, std::current_exception(), {});
        }
    }

    task<> whole()
    {
        this_task::rename("the test");
        if (test_.set_up)
            co_await step("async_set_up", test_.set_up);
        if (!failed_ && !::testing::Test::HasFatalFailure() && !::testing::Test::IsSkipped())
            co_await step("the test", test_.body);
        if (test_.tear_down)
            co_await step("async_tear_down", test_.tear_down);
    }

    task<> step(const char* name, task<> (*part)(void*))
    {
        try {
            co_await part(test_.fixture);
        } catch (const cancelled&) {
            if (over_)
                throw; // cancelled by us, as it hangs
            fail(std::string(name) + " was cancelled");
        } catch (...) {
            fail(name, std::current_exception(), await_chain());
        }
    }

    const parts_of_test& test_;
    const settings& how_;
    std::uint64_t seed_;
    time_limit& limit_;
    current_test environment_;
    current_test* outer_;
    bool failed_ = false;
    bool over_ = false;
};

/// False when it failed.
bool run_with_seed(const parts_of_test& test, const settings& how, std::uint64_t seed, time_limit& limit)
{
    std::optional<::testing::ScopedTrace> trace;
    if (how.seeds != 0)
        trace.emplace(how.file, how.line, "with the seed " + std::to_string(seed));
    test_run one(test, how, seed, limit);
    if (one.run())
        return true;
    std::fflush(stdout);
    for (const auto& [name, times] : one.faults())
        std::fprintf(stderr, "fault \"%s\" struck %u times\n", name.c_str(), times);
    std::fprintf(stderr, "%s\n", replay_line(how, seed).c_str());
    return false;
}

} // namespace

void run_test(const parts_of_test& test, const settings& how)
{
    time_limit limit;
    std::uint64_t first = how.seeds == 0 ? 0 : 1;
    std::uint64_t last = how.seeds == 0 ? 0 : std::max<std::uint64_t>(1, number_from("SIMUL_TEST_NUM").value_or(how.seeds));
    if (const auto only = number_from("SIMUL_TEST_SEED"))
        first = last = *only;
    for (std::uint64_t seed = first;; ++seed)
        if (!run_with_seed(test, how, seed, limit) || ::testing::Test::IsSkipped() || seed == last)
            return;
}

} // namespace detail

std::string readable_id(const std::string& text, std::size_t index)
{
    std::string id;
    bool exact = !text.empty();
    for (const char each : text) {
        const bool plain = (each >= '0' && each <= '9') || (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
        exact = exact && (plain || each == ' ');
        if (plain)
            id += each;
        else if (!id.empty() && id.back() != '_')
            id += '_';
    }
    if (exact)
        return id;
    if (!id.empty() && id.back() != '_')
        id += '_';
    return (id.empty() ? "empty_" : id) + std::to_string(index);
}

loop_test::loop_test() : loop({.backend = backend::sim})
{
    reported_.listen_to(loop);
}

loop_test::~loop_test()
{
    loop.close();
}

void loop_test::TearDown()
{
    loop.shutdown(std::chrono::seconds(2));
    loop.close();
    for (const problem& each : reported_.take())
        ADD_FAILURE() << each.text();
}

} // namespace simul::testing
