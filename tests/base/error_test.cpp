// SPDX-License-Identifier: MIT
#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace {

TEST(Error, SaysOperationAndReasonOfAnErrno)
{
    const simul::error e = simul::error::from_errno(ENOENT, "open /etc/nothing");
    EXPECT_STREQ(e.what(), "open /etc/nothing: No such file or directory");
    EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
}

TEST(Error, HasACodeInEveryKind)
{
    EXPECT_EQ(simul::timeout_error().code(), std::errc::timed_out);
    EXPECT_STREQ(simul::timeout_error().what(), "timed out");
    EXPECT_EQ(simul::end_of_stream().code(), std::errc::no_message_available);
    EXPECT_EQ(simul::closed_error("x").code(), std::errc::operation_not_permitted);
    EXPECT_EQ(simul::invalid_state("x").code(), std::errc::operation_not_permitted);
    EXPECT_EQ(simul::deadlock_error("x").code(), std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(simul::error_group("x", {}).code(), std::errc::operation_canceled);
}

TEST(Error, IsAStdExceptionInEveryKindButCancelled)
{
    static_assert(std::is_base_of_v<std::exception, simul::error>);
    static_assert(std::is_base_of_v<simul::error, simul::timeout_error>);
    static_assert(std::is_base_of_v<simul::error, simul::error_group>);
    static_assert(!std::is_base_of_v<std::exception, simul::cancelled>);
    EXPECT_TRUE(simul::is_cancelled(std::make_exception_ptr(simul::cancelled{})));
    EXPECT_FALSE(simul::is_cancelled(std::make_exception_ptr(simul::error(std::errc::io_error, "x"))));
    EXPECT_FALSE(simul::is_cancelled(nullptr));
}

TEST(Error, IsDescribedByTypeAndText)
{
    EXPECT_EQ(simul::describe(nullptr), "no error");
    EXPECT_EQ(simul::describe(std::make_exception_ptr(std::runtime_error("why"))), "std::runtime_error: why");
    EXPECT_EQ(simul::describe(std::make_exception_ptr(simul::timeout_error())), "simul::timeout_error: timed out");
    EXPECT_EQ(simul::describe(std::make_exception_ptr(simul::cancelled{})), "simul::cancelled");
    EXPECT_EQ(simul::describe(std::make_exception_ptr(5)), "int");
}

std::exception_ptr runtime(const char* what)
{
    return std::make_exception_ptr(std::runtime_error(what));
}

TEST(ErrorGroup, SummarisesItsErrorsAndAtMostFive)
{
    EXPECT_STREQ(simul::error_group("all failed", {}).what(), "all failed (0 errors)");
    EXPECT_STREQ(simul::error_group("one", {runtime("a")}).what(), "one (1 error: std::runtime_error: a)");
    EXPECT_STREQ(simul::error_group("two", {runtime("a"), runtime("b")}).what(),
                 "two (2 errors: std::runtime_error: a; std::runtime_error: b)");
    const std::string many =
        simul::error_group("six", {runtime("1"), runtime("2"), runtime("3"), runtime("4"), runtime("5"), runtime("6")}).what();
    EXPECT_NE(many.find("6 errors"), std::string::npos);
    EXPECT_NE(many.find("std::runtime_error: 5; ...)"), std::string::npos);
    EXPECT_EQ(many.find("std::runtime_error: 6"), std::string::npos);
}

TEST(ErrorGroup, SplitsByTypeAtAnyDepthInOrder)
{
    const auto timeout = std::make_exception_ptr(simul::timeout_error("inner"));
    const auto outer_timeout = std::make_exception_ptr(simul::timeout_error("outer"));
    const auto inner = std::make_exception_ptr(simul::error_group("inner", {runtime("x"), timeout}));
    const simul::error_group group("outer", {runtime("y"), inner, outer_timeout});
    std::vector<std::exception_ptr> rest;
    const auto timeouts = group.split<simul::timeout_error>(&rest);
    ASSERT_EQ(timeouts.size(), 2u);
    EXPECT_EQ(simul::describe(timeouts[0]), "simul::timeout_error: inner");
    EXPECT_EQ(simul::describe(timeouts[1]), "simul::timeout_error: outer");
    ASSERT_EQ(rest.size(), 2u);
    EXPECT_EQ(simul::describe(rest[0]), "std::runtime_error: y");
    EXPECT_EQ(simul::describe(rest[1]), "std::runtime_error: x");
    EXPECT_TRUE(group.split<std::logic_error>().empty());
}

} // namespace
