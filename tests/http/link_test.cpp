// SPDX-License-Identifier: MIT
#include "http/link.hpp"

#include <gtest/gtest.h>

namespace {

using simul::http::detail::link_target;

TEST(Link, IsFoundByItsRelation)
{
    const char* const field = "<https://a.example/?page=2&x=<,;>; rel=\"next\", <a b>;rel=last;rel=next , <c,d>; "
                              "title=\"a, <z>; rel=first\"; "
                              "REL=\"Prev first\",<e>; rel";
    EXPECT_EQ(link_target(field, "last"), "a b");
    EXPECT_EQ(link_target(field, "first"), "c,d");
    EXPECT_EQ(link_target(field, "prev"), "c,d");
    EXPECT_EQ(link_target(field, "e"), std::nullopt);
    EXPECT_EQ(link_target("</orders?page=2>; rel=\"next\", </orders?page=9>; rel=\"last\"", "next"), "/orders?page=2");
    EXPECT_EQ(link_target("<>; rel=self", "self"), "");
}

TEST(Link, ThatIsNoneIsNone)
{
    for (const char* none : {"", "<", "<a", "a; rel=next", "<a>", "<a>; rel=\"nextone next-one\"",
                             "<a>; title=\"x, <b>; rel=next\\\"", ">a<; rel=next"})
        EXPECT_EQ(link_target(none, "next"), std::nullopt) << none;
}

} // namespace
