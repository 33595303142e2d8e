// SPDX-License-Identifier: MIT
#include <simul/base/codec.hpp>

#include <gtest/gtest.h>

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <source_location>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

namespace {

using simul::from_bytes;
using simul::to_bytes;

struct point {
    int x, y;
    bool operator==(const point&) const = default;
};
struct page {
    std::string title;
    std::optional<int> size;
    std::vector<point> links;
    bool operator==(const page&) const = default;
};
struct empty {
    bool operator==(const empty&) const = default;
};
class account {
public:
    account() = default;
    account(std::string owner, long balance) : owner_(std::move(owner)), balance_(balance) {}
    bool operator==(const account&) const = default;

private:
    friend void simul_describe(account& a, auto&& field)
    {
        field("owner", a.owner_);
        field("balance", a.balance_);
    }
    std::string owner_;
    long balance_ = 0;
};
class meters {
public:
    explicit meters(double value) : value_(value) {}
    bool operator==(const meters&) const = default;

private:
    double value_;
};
enum class color : char { red, green };
struct tree {
    int value = 0;
    std::vector<tree> children;
    std::unique_ptr<tree> next;
    bool operator==(const tree& other) const
    {
        return value == other.value && children == other.children &&
               (next ? other.next && *next == *other.next : !other.next);
    }
};

/// Comes back, and no part of its bytes is taken for the whole.
template <class T> void expect_travels(const T& value)
{
    const std::vector<std::byte> bytes = to_bytes(value);
    EXPECT_FALSE(bytes.empty());
    EXPECT_TRUE(from_bytes<T>(bytes) == value);
    for (std::size_t size = 0; size < bytes.size(); size += bytes.size() < 1000 ? 1 : 997)
        EXPECT_THROW(from_bytes<T>(std::span(bytes).first(size)), simul::error) << size;
    std::vector<std::byte> longer = bytes;
    longer.push_back(std::byte{});
    EXPECT_THROW(from_bytes<T>(longer), simul::error);

    // Where the bytes lie must not matter.
    std::vector<std::byte> moved(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), moved.begin() + 1);
    EXPECT_TRUE(from_bytes<T>(std::span(moved).subspan(1)) == value);
}

TEST(Codec, CarriesNumbersAndWhatIsMadeOfThem)
{
    expect_travels(1);
    expect_travels(-2.5);
    expect_travels(true);
    expect_travels('c');
    expect_travels(color::green);
    expect_travels(std::byte{7});
    expect_travels(point{1, 2});
    expect_travels(meters(3.5)); // can't be made empty
    expect_travels(empty());
    expect_travels(std::complex<double>(1, 2));
    expect_travels(std::bitset<70>("1011"));
    expect_travels(std::chrono::milliseconds(5));
    expect_travels(std::chrono::system_clock::now());
    expect_travels(std::array{point{1, 2}, point{3, 4}});
    expect_travels(std::array<int, 0>());
}

TEST(Codec, CarriesStandardContainers)
{
    expect_travels(std::string("text"));
    expect_travels(std::string());
    expect_travels(std::u16string(u"text"));
    expect_travels(std::vector<int>{1, 2, 3});
    expect_travels(std::vector<char>(100'000, 'x'));
    expect_travels(std::vector<double>(50'000, 1.5));
    expect_travels(std::vector<bool>{true, false, true});
    expect_travels(std::vector<meters>{meters(1), meters(2)});
    expect_travels(std::vector<std::string>{"a", "", "bc"});
    expect_travels(std::vector<std::vector<int>>{{1}, {}, {2, 3}});
    expect_travels(std::vector<empty>(3));
    expect_travels(std::deque<int>{1, 2});
    expect_travels(std::list<std::string>{"a", "b"});
    expect_travels(std::set<std::string>{"a", "b"});
    expect_travels(std::map<std::string, point>{{"a", {1, 2}}});
    expect_travels(std::multimap<int, int>{{1, 1}, {1, 2}});
    expect_travels(std::unordered_map<int, std::vector<int>>{{1, {1, 2}}, {2, {}}});
    expect_travels(std::array<std::string, 2>{"a", "b"});
    expect_travels(std::filesystem::path("/tmp/somewhere"));
}

TEST(Codec, CarriesChoicesAndTuples)
{
    expect_travels(std::optional<std::string>("text"));
    expect_travels(std::optional<int>());
    expect_travels(std::variant<int, std::string>("text"));
    expect_travels(std::variant<std::monostate, meters>());
    expect_travels(std::pair<int, std::string>(1, "a"));
    expect_travels(std::tuple<int, std::string, meters>(1, "a", meters(2)));
    expect_travels(std::tuple<>());
    expect_travels(std::tuple<std::tuple<int>>(std::tuple<int>(1)));
    expect_travels(std::make_error_code(std::errc::timed_out));
    expect_travels(std::error_code(2, std::system_category()));
}

TEST(Codec, CarriesUsersTypes)
{
    expect_travels(page{"Title", 5, {{1, 2}, {3, 4}}});
    expect_travels(std::map<std::string, page>{{"a", {"Title", {}, {}}}});
    expect_travels(account("me", 5));
    expect_travels(std::vector<account>{account("me", 5), account("you", 6)});
    tree t{1, {}, nullptr};
    t.children.push_back({2, {}, nullptr});
    t.next = std::make_unique<tree>(tree{3, {}, nullptr});
    expect_travels(t);
}

struct with_arrays {
    char name[8];
    std::string texts[2];
    int numbers[2][2];
};

TEST(Codec, CarriesMembersThatAreArrays)
{
    const with_arrays sent{"abc", {"x", "y"}, {{1, 2}, {3, 4}}};
    const auto got = from_bytes<with_arrays>(to_bytes(sent));
    EXPECT_STREQ(got.name, "abc");
    EXPECT_EQ(got.texts[1], "y");
    EXPECT_EQ(got.numbers[1][0], 3);
}

TEST(Codec, IsCompact)
{
    EXPECT_EQ(to_bytes(7).size(), 4u);
    EXPECT_EQ(to_bytes(std::string("text")).size(), 5u);
    EXPECT_EQ(to_bytes(point{1, 2}).size(), 8u);
    EXPECT_EQ(to_bytes(std::optional<int>()).size(), 1u);
}

TEST(Codec, GivesForeignErrorCodesAsWhatTheyMean)
{
    struct foreign final : std::error_category {
        const char* name() const noexcept override { return "foreign"; }
        std::string message(int) const override { return "strange"; }
        std::error_condition default_error_condition(int value) const noexcept override
        {
            return value == 1 ? std::make_error_condition(std::errc::timed_out) : std::error_condition(value, *this);
        }
    };
    static const foreign category;
    EXPECT_EQ(from_bytes<std::error_code>(to_bytes(std::error_code(1, category))), std::errc::timed_out);
    EXPECT_EQ(from_bytes<std::error_code>(to_bytes(std::error_code(2, category))), std::errc::state_not_recoverable);
}

TEST(Codec, RefusesWhatCanBeNoValue)
{
    const auto bytes = [](std::initializer_list<unsigned char> all) {
        std::vector<std::byte> made;
        for (const unsigned char each : all)
            made.push_back(static_cast<std::byte>(each));
        return made;
    };
    EXPECT_THROW((from_bytes<std::variant<int, char>>(bytes({3, 0, 0, 0, 0}))), simul::error);
    EXPECT_THROW(from_bytes<std::string>(bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})),
                 simul::error);
    EXPECT_THROW(from_bytes<std::vector<empty>>(bytes({0xff, 0xff, 0xff, 0xff, 0x0f})),
                 simul::error); // no memory for that
    EXPECT_THROW(from_bytes<std::vector<int>>(bytes({2, 0, 0, 0, 1, 1, 1, 1})), simul::error);
}

TEST(Codec, RefusesNestingThatWouldExhaustTheStack)
{
    auto deep = std::make_unique<tree>();
    for (int i = 0; i < 100'000; ++i) {
        auto above = std::make_unique<tree>();
        above->next = std::move(deep);
        deep = std::move(above);
        if (i == 100)
            EXPECT_NO_THROW(from_bytes<std::unique_ptr<tree>>(to_bytes(deep)));
        if (i == 1000) {
            EXPECT_THROW(from_bytes<std::unique_ptr<tree>>(to_bytes(deep)), simul::error);
            break;
        }
    }
}

TEST(Codec, SurvivesRandomBytes)
{
    using all = std::tuple<page, std::variant<int, std::string, std::vector<page>>, std::map<std::string, account>,
                           std::vector<bool>>;
    const page one{"Title", 5, {{1, 2}}};
    const std::vector<std::byte> bytes =
        to_bytes(all(one, std::vector{one, one}, {{"me", account("me", 1)}}, {true, false}));
    std::mt19937 random(1);
    for (int i = 0; i < (std::getenv("SIMUL_LONG") ? 1'000'000 : 20'000); ++i) {
        std::vector<std::byte> changed = bytes;
        for (unsigned n = random() % 4; n > 0; --n)
            changed[random() % changed.size()] = static_cast<std::byte>(random());
        try {
            from_bytes<all>(changed);
        } catch (const simul::error&) {
        }
    }
}

std::string bytes_of(const simul::encoder& out)
{
    std::string all;
    out.for_each_piece([&](std::span<const std::byte> piece) {
        all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    });
    return all;
}

TEST(Codec, ReadsLargePartsWhereTheyAreWhenTheyLast)
{
    std::vector<std::string> large{"small", std::string(100'000, 'a')};
    simul::encoder out;
    out.put_lasting(std::pair<int, std::string>(1, "small"));
    out.put_lasting(large);
    out.put_lasting(2);
    EXPECT_FALSE(out.fits());
    large[1][0] = 'b'; // is still to be read
    EXPECT_EQ(bytes_of(out).size(), out.size());
    EXPECT_NE(bytes_of(out).find("baaa"), std::string::npos);

    simul::encoder copies;
    copies.put(large);
    large[1][0] = 'c';
    EXPECT_EQ(bytes_of(copies).find("caaa"), std::string::npos);
}

/// Makes what it describes for the purpose.
class text_of_numbers {
public:
    explicit text_of_numbers(std::size_t size = 0) : numbers_(size, 7) {}
    bool operator==(const text_of_numbers&) const = default;

private:
    friend void simul_describe(text_of_numbers& t, auto&& field)
    {
        std::string text(t.numbers_.begin(), t.numbers_.end());
        field("text", text);
        t.numbers_.assign(text.begin(), text.end());
    }
    std::vector<int> numbers_;
};

TEST(Codec, CopiesWhatIsMadeForThePurpose)
{
    expect_travels(text_of_numbers(50'000));
    expect_travels(std::vector<text_of_numbers>(2, text_of_numbers(20'000)));
}

TEST(Codec, FillsWhatItIsGivenFirst)
{
    alignas(16) std::array<std::byte, 16> first;
    simul::encoder out(first);
    out.put(std::string("short"));
    EXPECT_TRUE(out.fits());
    out.put(std::string("and now it does not fit any more"));
    EXPECT_FALSE(out.fits());
    out.clear();
    EXPECT_EQ(out.size(), 0u);
}

// What refers to this process has no meaning in another: compile_fail/ has the messages.
template <class T>
constexpr bool refused =
    simul::detail::refers<T> || simul::detail::composition_of<T>() == simul::detail::composition::unknown;
static_assert(refused<int*> && refused<const char*> && refused<void (*)()> && refused<int point::*> &&
              refused<std::nullptr_t>);
static_assert(refused<std::string_view> && refused<std::span<int>> && refused<std::vector<int>::iterator>);
static_assert(refused<std::reference_wrapper<int>> && refused<std::function<void()>> && refused<std::shared_ptr<int>>);
static_assert(refused<std::type_index> && refused<std::source_location> && refused<std::error_condition>);
static_assert(!refused<meters> && !refused<page> && !refused<color>);

} // namespace

/// A type that belongs to others.
namespace others {
class bigint {
public:
    explicit bigint(std::string digits) : digits_(std::move(digits)) {}
    const std::string& digits() const { return digits_; }

private:
    std::string digits_;
};
} // namespace others

template <> struct simul::codec<others::bigint> {
    static void encode(encoder& out, const others::bigint& value) { out.put(std::string(value.digits())); }
    static others::bigint decode(decoder& in) { return others::bigint(in.get<std::string>()); }
};

namespace {

TEST(Codec, IsSpecializedForTypesOfOthers)
{
    const auto got =
        from_bytes<std::vector<others::bigint>>(to_bytes(std::vector{others::bigint("1"), others::bigint("23")}));
    EXPECT_EQ(got.at(1).digits(), "23");
    const std::string large(100'000, '1');
    EXPECT_EQ(from_bytes<others::bigint>(to_bytes(others::bigint(large))).digits(),
              large); // from what was made while it was encoded
}

} // namespace
