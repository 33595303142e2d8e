// SPDX-License-Identifier: MIT
#include "run/process/carried_error.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

namespace {

std::exception_ptr carried(const std::exception_ptr& thrown)
{
    simul::encoder out;
    simul::detail::put_error(out, thrown);
    std::vector<std::byte> bytes;
    out.for_each_piece(
        [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    simul::decoder in(bytes);
    const std::exception_ptr got = simul::detail::get_error(in);
    in.finish();
    return got;
}

template <class E> void expect_same(const E& thrown)
{
    const std::exception_ptr got = carried(std::make_exception_ptr(thrown));
    EXPECT_EQ(*got.__cxa_exception_type(), typeid(E));
    EXPECT_EQ(simul::describe(got), simul::describe(std::make_exception_ptr(thrown)));
    if constexpr (requires { thrown.code(); }) {
        try {
            std::rethrow_exception(got);
        } catch (const E& e) {
            EXPECT_EQ(e.code(), thrown.code());
        }
    }
}

TEST(CarriedError, KeepsTypeTextAndCode)
{
    expect_same(simul::error(std::errc::io_error, "text"));
    expect_same(simul::error::from_errno(2, "open x"));
    expect_same(simul::timeout_error("late"));
    expect_same(simul::end_of_stream());
    expect_same(simul::closed_error("closed"));
    expect_same(simul::invalid_state("twice"));
    expect_same(simul::deadlock_error("never"));
    expect_same(simul::broken_pool("broken"));
    expect_same(simul::cancelled());
    expect_same(std::runtime_error("text"));
    expect_same(std::logic_error("text"));
    expect_same(std::invalid_argument("text"));
    expect_same(std::domain_error("text"));
    expect_same(std::length_error("text"));
    expect_same(std::out_of_range("text"));
    expect_same(std::range_error("text"));
    expect_same(std::overflow_error("text"));
    expect_same(std::underflow_error("text"));
    expect_same(std::system_error(std::make_error_code(std::errc::timed_out), "text"));
    expect_same(std::system_error(std::make_error_code(std::errc::timed_out)));
    expect_same(std::system_error(5, std::system_category(), "a: b"));
    expect_same(std::bad_alloc());
    expect_same(std::bad_cast());
    expect_same(std::bad_typeid());
    expect_same(std::bad_optional_access());
    expect_same(std::bad_variant_access());
}

struct parse_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct page_error : simul::error {
    page_error() : error(std::errc::no_such_file_or_directory, "no page") {}
};

TEST(CarriedError, NamesTheTypeOfOthers)
{
    const std::exception_ptr parse = carried(std::make_exception_ptr(parse_error("line 3")));
    EXPECT_EQ(simul::describe(parse), "simul::error: (anonymous namespace)::parse_error: line 3");
    EXPECT_EQ(simul::describe(carried(std::make_exception_ptr(7))), "simul::error: int");
    try {
        std::rethrow_exception(carried(std::make_exception_ptr(page_error())));
    } catch (const simul::error& e) {
        EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
        EXPECT_STREQ(e.what(), "(anonymous namespace)::page_error: no page");
    }
}

TEST(CarriedError, CarriesGroups)
{
    const simul::error_group inner("inner", {std::make_exception_ptr(std::out_of_range("far"))});
    const simul::error_group outer("outer",
                                   {std::make_exception_ptr(inner), std::make_exception_ptr(parse_error("x"))});
    try {
        std::rethrow_exception(carried(std::make_exception_ptr(outer)));
    } catch (const simul::error_group& got) {
        EXPECT_EQ(got.errors().size(), 2u);
        EXPECT_EQ(got.split<std::out_of_range>().size(), 1u);
        EXPECT_EQ(std::string(got.what()).find("outer (2 errors: "), 0u) << got.what();
    }
    // As deep, as many and as long as it may get, it stays small enough to be sent.
    std::exception_ptr deep = std::make_exception_ptr(std::runtime_error(std::string(1'000'000, 'x')));
    for (int i = 0; i < 30; ++i)
        deep = std::make_exception_ptr(simul::error_group("level", {deep, std::make_exception_ptr(1)}));
    EXPECT_LT(simul::describe(carried(deep)).size(), 200'000u);
}

TEST(CarriedError, RefusesWhatIsNoError)
{
    for (unsigned char first = 0; first < 255; ++first) {
        const std::byte bytes[] = {std::byte{first}, std::byte{5}};
        simul::decoder in(bytes);
        EXPECT_THROW(simul::detail::get_error(in), simul::error);
    }
}

} // namespace
