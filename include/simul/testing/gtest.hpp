// SPDX-License-Identifier: MIT
//
// GoogleTest for coroutines: a test is one, on a loop of its own, in virtual time.
//
//     SIMUL_TEST(Hello, TakesTwoSeconds) {
//         const auto before = simul::now();
//         co_await say_hello("Robert Paulson");
//         EXPECT_EQ(simul::now() - before, 2s);        // takes no real time
//     }
//     SIMUL_SIM_TEST(Queue, LosesNothing, seeds(200)) { ... }   // 200 random orders of what is ready at once
//
// EXPECT_* work as always. ASSERT_* can't (they `return`): write CO_ASSERT_*, CO_FAIL(), CO_SKIP(). Each test has a loop of
// its own, shared with nothing; tests of one suite may be SIMUL_TEST and TEST mixed.
//
// A test also fails when it ends with an exception (type, message and chain of awaits are shown); when every task waits
// and nothing could wake one; when a problem was reported that it did not take (`problems`); when tasks refuse to end; and
// when it leaves descriptors, threads or child processes behind (`ignore_leaks`). What hangs for 30 s of real time is
// aborted with its task tree. Every failure prints the command that repeats it.
//
// Environment: SIMUL_TEST_SEED (only this seed), SIMUL_TEST_NUM (so many seeds), SIMUL_TEST_TIME_LIMIT (seconds; 0: none).
// Costs a fraction of a millisecond a test, most of it for looking for leaks.
#pragma once

#include <simul/run/loop.hpp>
#include <simul/task/task.hpp>
#include <simul/testing/print.hpp>
#include <simul/testing/problems.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace simul::testing {

/// How often a SIMUL_SIM_TEST runs: with the seeds 1 to `number`.
struct seeds {
    explicit constexpr seeds(unsigned n) noexcept : number(n) {}
    unsigned number;
};

/// Names parameters by their values: INSTANTIATE_TEST_SUITE_P(All, Names, Values("Seven of Nine"), readable_ids()) makes
/// All/Names.Works/Seven_of_Nine. What would not be unique any more gets its index, too.
std::string readable_id(const std::string& text, std::size_t index);
struct readable_ids {
    template <class Info> std::string operator()(const Info& info) const
    {
        if constexpr (std::is_convertible_v<decltype(info.param), std::string>)
            return readable_id(info.param, info.index);
        else
            return readable_id(::testing::PrintToString(info.param), info.index);
    }
};

template <class T> using TestWithParam = ::testing::TestWithParam<T>;

/// The other way, for plain TESTs: a loop in virtual time, driven by hand.
///
///     TEST_F(loop_test, Answers) { EXPECT_EQ(loop.run_until_complete(answer()), 42); }
///
/// After the test it is shut down and closed; what was reported to it fails the test. A fixture that overrides TearDown
/// calls this one in it.
class loop_test : public ::testing::Test {
protected:
    loop_test();
    ~loop_test() override;
    void TearDown() override;

private:
    problem_log reported_;

protected:
    simul::loop loop;
};

namespace detail {

struct settings {
    simul::backend backend;
    unsigned seeds; ///< 0: not a SIMUL_SIM_TEST
    const char* file;
    int line;
};

/// A test as the runner sees it: any of the three may be null but `body`.
struct parts_of_test {
    void* fixture;
    task<> (*set_up)(void*);
    task<> (*body)(void*);
    task<> (*tear_down)(void*);
};

/// Runs it, as often as `how` says, and adds what is wrong to the result of the current test.
void run_test(const parts_of_test& test, const settings& how);

/// Friend of the tests, to reach what is protected in their fixtures.
struct access {
    template <class Test> static void run(Test& test, const settings& how)
    {
        parts_of_test parts{std::addressof(test), nullptr, [](void* self) { return body(*static_cast<Test*>(self)); }, nullptr};
        if constexpr (has_name<set_up_probe<Test>>)
            parts.set_up = [](void* self) -> task<> { return static_cast<Test*>(self)->async_set_up(); };
        if constexpr (has_name<tear_down_probe<Test>>)
            parts.tear_down = [](void* self) -> task<> { return static_cast<Test*>(self)->async_tear_down(); };
        run_test(parts, how);
    }

private:
    // Whether a class has a member of that name, private or not, so that one which can't be called is an error and not
    // ignored: the name becomes ambiguous when both bases have it.
    struct set_up_name {
        void async_set_up();
    };
    struct tear_down_name {
        void async_tear_down();
    };
    template <class Test> struct set_up_probe : Test, set_up_name {
        template <class Self> static auto look(int) -> decltype(&Self::async_set_up);
        template <class Self> static char look(...);
    };
    template <class Test> struct tear_down_probe : Test, tear_down_name {
        template <class Self> static auto look(int) -> decltype(&Self::async_tear_down);
        template <class Self> static char look(...);
    };
    template <class Probe>
    static constexpr bool has_name = std::is_same_v<decltype(Probe::template look<Probe>(0)), char>;

    template <class Test> static task<> body(Test& test)
    {
        return test.simul_test_body();
    }
};

} // namespace detail
} // namespace simul::testing

#define SIMUL_TEST_CLASS_(suite, name) suite##_##name##_Coroutine

#define SIMUL_TEST_ON_(suite, name, parent, parent_id, where, how_often)                                                 \
    class SIMUL_TEST_CLASS_(suite, name) : public parent {                                                               \
        friend struct ::simul::testing::detail::access;                                                                  \
                                                                                                                         \
    protected:                                                                                                           \
        ::simul::task<> simul_test_body();                                                                               \
    };                                                                                                                   \
    GTEST_TEST_(suite, name, SIMUL_TEST_CLASS_(suite, name), parent_id)                                                  \
    {                                                                                                                    \
        using ::simul::testing::seeds;                                                                                   \
        ::simul::testing::detail::access::run<SIMUL_TEST_CLASS_(suite, name)>(                                           \
            *this, {::simul::backend::where, (how_often).number, __FILE__, __LINE__});                                   \
    }                                                                                                                    \
    ::simul::task<> SIMUL_TEST_CLASS_(suite, name)::simul_test_body()

/// In virtual time; what is ready at once runs in order.
#define SIMUL_TEST(suite, name)                                                                                          \
    SIMUL_TEST_ON_(suite, name, ::testing::Test, ::testing::internal::GetTestTypeId(), sim, seeds(0))

/// With a fixture. Beside SetUp and TearDown it may have `simul::task<> async_set_up()` and `async_tear_down()`.
#define SIMUL_TEST_F(fixture, name)                                                                                      \
    SIMUL_TEST_ON_(fixture, name, fixture, ::testing::internal::GetTypeId<fixture>(), sim, seeds(0))

/// On the real clock and the real system; SIMUL_BACKEND says which backend.
#define SIMUL_TEST_REAL(suite, name)                                                                                     \
    SIMUL_TEST_ON_(suite, name, ::testing::Test, ::testing::internal::GetTestTypeId(), automatic, seeds(0))

/// As SIMUL_TEST, once for each seed: `SIMUL_SIM_TEST(Suite, Name, seeds(200))`. What is ready at once runs in an order drawn
/// from the seed, and `fault::point` strikes. Stops at the first seed that fails.
#define SIMUL_SIM_TEST(suite, name, how_often)                                                                           \
    SIMUL_TEST_ON_(suite, name, ::testing::Test, ::testing::internal::GetTestTypeId(), sim, how_often)

/// With parameters: for a fixture derived from `TestWithParam`, instantiated by INSTANTIATE_TEST_SUITE_P.
#define SIMUL_TEST_P(suite, name)                                                                                        \
    class GTEST_TEST_CLASS_NAME_(suite, name) : public suite {                                                           \
        friend struct ::simul::testing::detail::access;                                                                  \
                                                                                                                         \
    public:                                                                                                              \
        void TestBody() override                                                                                         \
        {                                                                                                                \
            ::simul::testing::detail::access::run(*this, {::simul::backend::sim, 0, __FILE__, __LINE__});                \
        }                                                                                                                \
                                                                                                                         \
    private:                                                                                                             \
        ::simul::task<> simul_test_body();                                                                               \
        static int add_to_registry()                                                                                     \
        {                                                                                                                \
            const ::testing::internal::CodeLocation here(__FILE__, __LINE__);                                            \
            ::testing::UnitTest::GetInstance()                                                                           \
                ->parameterized_test_registry()                                                                          \
                .GetTestSuitePatternHolder<suite>(#suite, here)                                                          \
                ->AddTestPattern(#suite, #name,                                                                          \
                                 new ::testing::internal::TestMetaFactory<GTEST_TEST_CLASS_NAME_(suite, name)>(), here); \
            return 0;                                                                                                    \
        }                                                                                                                \
        [[maybe_unused]] static int registered_;                                                                         \
    };                                                                                                                   \
    int GTEST_TEST_CLASS_NAME_(suite, name)::registered_ = GTEST_TEST_CLASS_NAME_(suite, name)::add_to_registry();       \
    ::simul::task<> GTEST_TEST_CLASS_NAME_(suite, name)::simul_test_body()

// ---- assertions that end the coroutine, a `task<>`, in which they stand

#define SIMUL_CO_FATAL_(message) co_return GTEST_MESSAGE_(message, ::testing::TestPartResult::kFatalFailure)
#define SIMUL_CO_COMPARE_(compare, a, b) GTEST_PRED_FORMAT2_(::testing::internal::compare, a, b, SIMUL_CO_FATAL_)

#define CO_ASSERT_EQ(a, b) SIMUL_CO_COMPARE_(EqHelper::Compare, a, b)
#define CO_ASSERT_NE(a, b) SIMUL_CO_COMPARE_(CmpHelperNE, a, b)
#define CO_ASSERT_LT(a, b) SIMUL_CO_COMPARE_(CmpHelperLT, a, b)
#define CO_ASSERT_LE(a, b) SIMUL_CO_COMPARE_(CmpHelperLE, a, b)
#define CO_ASSERT_GT(a, b) SIMUL_CO_COMPARE_(CmpHelperGT, a, b)
#define CO_ASSERT_GE(a, b) SIMUL_CO_COMPARE_(CmpHelperGE, a, b)
#define CO_ASSERT_TRUE(condition) GTEST_TEST_BOOLEAN_(condition, #condition, false, true, SIMUL_CO_FATAL_)
#define CO_ASSERT_FALSE(condition) GTEST_TEST_BOOLEAN_(!(condition), #condition, true, false, SIMUL_CO_FATAL_)
#define CO_ASSERT_THROW(statement, exception) GTEST_TEST_THROW_(statement, exception, SIMUL_CO_FATAL_)
#define CO_ASSERT_NO_THROW(statement) GTEST_TEST_NO_THROW_(statement, SIMUL_CO_FATAL_)
#define CO_FAIL() SIMUL_CO_FATAL_("Failed")
#define CO_SKIP() co_return GTEST_MESSAGE_("", ::testing::TestPartResult::kSkip)
