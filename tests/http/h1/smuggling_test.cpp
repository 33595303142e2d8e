// SPDX-License-Identifier: MIT
#include "cuts.hpp"
#include "smuggling.hpp"
#include "transcript.hpp"

#include <gtest/gtest.h>

namespace simul::http::h1 {
namespace {

TEST(Smuggling, TheCorpusIsOfSomeSize)
{
    EXPECT_GE(std::size(smuggled_requests) + std::size(smuggled_responses), 250u);
}

TEST(Smuggling, RequestsAreRefusedOrUnderstoodInOneWayOnly)
{
    for (const auto& [text, outcome] : smuggled_requests) {
        EXPECT_EQ(transcript(wire(text)), outcome) << "of " << text;
        expect_same_when_cut(wire(text), std::string(outcome));
    }
}

TEST(Smuggling, ResponsesAreRefusedOrUnderstoodInOneWayOnly)
{
    for (const auto& [text, outcome] : smuggled_responses) {
        EXPECT_EQ(transcript(wire(text), {.as = role::client}), outcome) << "of " << text;
        expect_same_when_cut(wire(text), std::string(outcome), {.as = role::client});
    }
}

} // namespace
} // namespace simul::http::h1
