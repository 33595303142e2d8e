// SPDX-License-Identifier: MIT
#include <simul/base/result.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using simul::result;

std::exception_ptr an_error()
{
    return std::make_exception_ptr(std::runtime_error("it failed"));
}

TEST(Result, HoldsAValue)
{
    auto made = result<std::string>::success(3, 'x');
    EXPECT_TRUE(made.has_value());
    EXPECT_TRUE(made);
    EXPECT_EQ(made.error(), nullptr);
    EXPECT_EQ(made.value(), "xxx");
    EXPECT_EQ(*made, "xxx");
    made.value() += "y"; // a reference to what it holds
    EXPECT_EQ(*made, "xxxy");
}

TEST(Result, HoldsAnErrorAndThrowsItWhereTheValueIsAskedFor)
{
    auto failed = result<int>::failure(an_error());
    EXPECT_FALSE(failed.has_value());
    EXPECT_FALSE(failed);
    EXPECT_NE(failed.error(), nullptr);
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(static_cast<void>(failed.value()), std::runtime_error);
        EXPECT_THROW(static_cast<void>(*failed), std::runtime_error);
    }
    EXPECT_THROW(static_cast<void>(std::move(failed).value()), std::runtime_error);
}

TEST(Result, LetsAValueThatOnlyMovesBeTaken)
{
    auto made = result<std::unique_ptr<int>>::success(std::make_unique<int>(7));
    const std::unique_ptr<int> taken = std::move(made).value();
    EXPECT_EQ(*taken, 7);
    EXPECT_TRUE(made.has_value()); // empty-handed, but not empty
    static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
}

TEST(Result, OfAReferenceRefersToTheObjectItself)
{
    int here = 1;
    auto made = result<int&>::success(here);
    *made = 2;
    EXPECT_EQ(here, 2);
    EXPECT_EQ(&made.value(), &here);
    EXPECT_EQ(&std::move(made).value(), &here);
    auto failed = result<int&>::failure(an_error());
    EXPECT_THROW(static_cast<void>(failed.value()), std::runtime_error);
}

TEST(Result, OfNothingIsWhetherItWorked)
{
    auto made = result<void>::success();
    EXPECT_TRUE(made);
    EXPECT_NO_THROW(made.value());
    EXPECT_NO_THROW(std::move(made).value());
    auto failed = result<void>::failure(an_error());
    EXPECT_FALSE(failed);
    EXPECT_THROW(failed.value(), std::runtime_error);
    EXPECT_THROW(std::move(failed).value(), std::runtime_error);
}

TEST(Result, CanBeKeptInContainersAndReplaced)
{
    std::vector<result<int>> several;
    several.push_back(result<int>::success(1));
    several.push_back(result<int>::failure(an_error()));
    std::swap(several[0], several[1]);
    EXPECT_FALSE(several[0]);
    EXPECT_EQ(several[1].value(), 1);
    several[0] = several[1];
    EXPECT_EQ(several[0].value(), 1);
    EXPECT_EQ(several[0].error(), nullptr);
}

} // namespace
