// SPDX-License-Identifier: MIT
#include <simul/base/describe.hpp>

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace {

using simul::described;
using simul::detail::field_count;

struct point {
    int x, y;
};
struct arrays {
    std::string text;
    int numbers[3][2];
    char name[16];
    point points[2];
    int one[1];
    int last;
};
struct members {
    std::unique_ptr<int> pointer;
    std::variant<int, std::string> variant;
    std::map<int, point> map;
    std::optional<std::vector<point>> optional;
    point nested;
    std::array<int, 3> array;
};
struct nothing {};
struct derived : point {
    int z;
};
struct derived_from_nothing : nothing {
    int z;
};
struct of_32 {
    char a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3,
        d4, d5, d6, d7;
};
struct of_33 {
    of_32 first[1];
    char a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3,
        d4, d5, d6, d7;
};

static_assert(field_count<point> == 2);
static_assert(field_count<arrays> == 6);
static_assert(field_count<members> == 6);
static_assert(field_count<of_32> == 32);
// Can't be told apart, or aren't fields.
static_assert(field_count<of_33> == 0);
static_assert(field_count<nothing> == 0);
static_assert(field_count<derived> == 0);
static_assert(field_count<derived_from_nothing> == 0);
static_assert(field_count<std::string> == 0);
static_assert(field_count<std::array<int, 3>> == 0);
static_assert(field_count<int[3]> == 0);

class account {
public:
    account() = default;
    account(std::string owner, long balance) : owner_(std::move(owner)), balance_(balance) {}

private:
    friend void simul_describe(account& a, auto&& field)
    {
        field("owner", a.owner_);
        field("balance", a.balance_);
    }
    std::string owner_;
    long balance_ = 0;
};
class savings : public account {};
enum class color { red };

static_assert(described<account>);
static_assert(!described<savings>); // its own fields would be forgotten
static_assert(!described<std::vector<account>>);
static_assert(!described<point> && !described<int> && !described<color>);

struct visitor {
    std::vector<std::string> names;
    std::vector<std::string> values;
    void operator()(std::string_view name, const std::string& value)
    {
        names.emplace_back(name);
        values.push_back(value);
    }
    void operator()(std::string_view name, const auto& value)
    {
        names.emplace_back(name);
        values.push_back(std::to_string(value));
    }
};

TEST(Describe, GivesNamesAndFieldsInOrder)
{
    const account mine("me", 5);
    visitor seen;
    simul::for_each_field(mine, seen);
    EXPECT_EQ(seen.names, (std::vector<std::string>{"owner", "balance"}));
    EXPECT_EQ(seen.values, (std::vector<std::string>{"me", "5"}));
}

TEST(Describe, KnowsTheNamesOfMembers)
{
    struct local {
        std::unique_ptr<int> first_, Second2;
        int größe[2];
    };
    std::vector<std::string> names;
    local value{};
    simul::for_each_field(value, [&](std::string_view name, auto&) { names.emplace_back(name); });
    EXPECT_EQ(names, (std::vector<std::string>{"first_", "Second2", "größe"}));
}

TEST(Describe, LetsFieldsBeWritten)
{
    account mine;
    simul::for_each_field(mine, [](std::string_view, auto& field) { field = {'7'}; });
    visitor seen;
    simul::for_each_field(std::as_const(mine), seen);
    EXPECT_EQ(seen.values, (std::vector<std::string>{"7", "55"}));
}

TEST(Describe, UnderstandsAnAggregateWithoutHelp)
{
    point p{1, 2};
    visitor seen;
    simul::for_each_field(std::as_const(p), seen);
    EXPECT_EQ(seen.names, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(seen.values, (std::vector<std::string>{"1", "2"}));
    simul::for_each_field(p, [](std::string_view, int& field) { field *= 10; });
    EXPECT_EQ(p.x + p.y, 30);

    of_32 many{};
    simul::for_each_field(many, [n = char{0}](std::string_view, char& field) mutable { field = n++; });
    EXPECT_EQ(many.a0, 0);
    EXPECT_EQ(many.d7, 31);
}

} // namespace
