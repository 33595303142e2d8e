// SPDX-License-Identifier: MIT
//
// The input's first line is a URL, its second is joined to that, its third becomes a query.
#include "fuzz.hpp"

#include <simul/text/url.hpp>

using simul::url;

namespace {

void check(const url& made)
{
    const auto again = url::try_parse(made.href());
    require(again && again->href() == made.href(), "parsing what was normalised changes nothing");
    require(again->path() == made.path() && again->query() == made.query() && again->host() == made.host() &&
                again->port() == made.port() && again->fragment() == made.fragment(),
            "the parts are where the text says");
    require(made.has_opaque_path() || made.join("").href() == made.without_fragment().href(),
            "nothing joined is the same document");
    require(made.without_credentials().username().empty() && made.without_credentials().password().empty(),
            "they are gone");
    require(url::try_parse(made.without_credentials().href()).has_value(), "what is left is a URL");
    require(made.has_opaque_path() || made.target().starts_with('/') || !made.is_special(),
            "a request line has a path");
    made.origin();
}

bool same(const url& one, const url& other)
{
    return one == other && one.scheme() == other.scheme() && one.host() == other.host() && one.port() == other.port() &&
           one.path() == other.path() && one.query() == other.query() && one.fragment() == other.fragment() &&
           one.authority() == other.authority() && one.username() == other.username() &&
           one.password() == other.password();
}

/// A space in front is dropped, but leads the long way.
void compare_ways(std::string_view text, const url* base)
{
    const std::string behind_space = std::string(" ").append(text);
    const auto by_short = base ? base->try_join(text) : url::try_parse(text);
    const auto by_long = base ? base->try_join(behind_space) : url::try_parse(behind_space);
    require(by_short.has_value() == by_long.has_value() && (!by_short || same(*by_short, *by_long)),
            "the short way leads to the same place");
}

} // namespace

void fuzz(std::string_view input)
{
    const auto [first, rest] = split(input, '\n');
    const auto [second, third] = split(rest, '\n');
    const auto made = url::try_parse(first);
    compare_ways(first, nullptr);
    if (made) {
        compare_ways(second, &*made);
        check(*made);
        if (const auto joined = made->try_join(second))
            check(*joined);
        check(made->with_query(third));
        check(made->with_fragment(third));
        check(made->with_query({{std::string(second), std::string(third)}}));
    }
    const simul::parameters fields = simul::form_decode(input);
    require(simul::form_decode(simul::form_encode(fields)) == fields, "forms survive");
    require(simul::percent_decode(simul::percent_encode(input)) == input, "pieces survive");
}
