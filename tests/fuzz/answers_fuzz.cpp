// SPDX-License-Identifier: MIT
//
// What a client reads beside the message itself: the challenges and links of an answer, which are the first two lines; an event
// stream, which is the rest. And ~/.netrc, which is all of it.
#include "fuzz.hpp"

#include "http/digest.hpp"
#include "http/event_parser.hpp"
#include "http/link.hpp"
#include "http/netrc.hpp"

#include <simul/base/error.hpp>
#include <simul/http/events.hpp>
#include <simul/http/headers.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace simul::http;
using namespace simul::http::detail;

namespace {

/// Whatever a server asks, the answer can be sent.
void answer_challenges(std::string_view field)
{
    headers asked, said;
    try {
        asked.add("WWW-Authenticate", field);
    } catch (const simul::error&) {
        return;
    }
    if (auto challenge = digest_challenge::of(asked)) {
        said.add("Authorization", challenge->answer({"GET", "/", "a\"b", "c"}, "d"));
        said.add("Authorization", challenge->answer({"GET", "/", "a", "c"}, "d"));
    }
}

void follow_links(std::string_view field)
{
    for (const std::string_view relation : {"next", "last", ""})
        if (const auto target = link_target(field, relation))
            require(target->data() >= field.data() && target->data() + target->size() <= field.data() + field.size(),
                    "it is in the field");
}

std::vector<server_event> events_of(std::string_view text, std::size_t step)
{
    event_parser parser(1 << 20);
    std::vector<server_event> all;
    for (std::size_t at = 0; at < text.size(); at += step) {
        parser.give(text.substr(at, step));
        while (auto one = parser.next())
            all.push_back(*std::move(one));
    }
    return all;
}

bool are_same(const server_event& a, const server_event& b)
{
    return a.data == b.data && a.name == b.name && a.id == b.id && a.retry == b.retry;
}

void hear_events(std::string_view text)
{
    const auto events = events_of(text, text.size() + 1);
    require(std::ranges::equal(events, events_of(text, 1), are_same), "the cut makes no difference");
    for (const server_event& each : events) {
        if (each.name.find('\0') != std::string::npos)
            continue;
        const auto again = events_of(to_bytes(each), 3);
        require(again.size() == 1 && are_same(again[0], each), "what is written is what is read");
    }
}

} // namespace

void fuzz(std::string_view input)
{
    const auto [challenge, rest] = split(input, '\n');
    const auto [link, events] = split(rest, '\n');
    answer_challenges(challenge);
    follow_links(link);
    hear_events(events);
    try {
        const netrc passwords = netrc::parse(input, "netrc");
        passwords.authorization_for("example.org");
    } catch (const simul::error&) {
    }
}
