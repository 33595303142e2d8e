// SPDX-License-Identifier: MIT
//
// Which events come when is in client_test.cpp.
#include <simul/base/error.hpp>
#include <simul/http/client_trace.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <vector>

namespace {

namespace http = simul::http;
using kind = http::trace_event::kind;

TEST(HttpClientTrace, EventsHaveNames)
{
    std::set<std::string_view> names;
    for (int each = 0; each <= static_cast<int>(kind::failed); ++each)
        names.insert(to_string(static_cast<kind>(each)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kind::failed) + 1); // each its own
    EXPECT_FALSE(names.contains(""));
    EXPECT_EQ(to_string(kind::reused), "reused");
}

TEST(HttpClientTrace, CallsAFunction)
{
    std::vector<kind> seen;
    const auto trace = http::trace_with([&](const http::trace_event& now) { seen.push_back(now.what); });
    trace->happened({.what = kind::sent, .method = "GET", .url = "http://a/", .since_start = {}});
    EXPECT_EQ(seen, std::vector{kind::sent});
    void (*const nobody)(const http::trace_event&) = nullptr;
    EXPECT_THROW(static_cast<void>(http::trace_with(nobody)), simul::error);
}

} // namespace
