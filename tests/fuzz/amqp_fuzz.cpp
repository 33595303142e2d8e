// SPDX-License-Identifier: MIT
//
// The first byte says within which limits, the second how the rest, frames, is cut.
#include "fuzz.hpp"

#include "cluster/amqp/transcript.hpp"

#include <simul/base/error.hpp>

#include <string>

using namespace simul::cluster::amqp;

namespace {

/// What could be read can be written, and is read again as the same.
void write_again(message& what, const limits& within)
{
    simul::bytes out;
    try {
        write_method(
            out, 1,
            basic_deliver{what.consumer_tag, what.delivery_tag, what.redelivered, what.exchange, what.routing_key});
        write_content(out, 1, what.properties, what.body, within.frame_max);
    } catch (const simul::error&) { // a number that is too large, or too many of them
        return;
    }
    if (what.method != basic_deliver::id || what.unreadable)
        return;
    require(transcript(out, {.frame_max = within.frame_max}) == "1 " + text_of(what) + '\n', "reads what it writes");
}

} // namespace

void fuzz(std::string_view input)
{
    if (input.size() < 2)
        return;
    const auto options = static_cast<unsigned char>(input[0]);
    const std::size_t cut = static_cast<unsigned char>(input[1]) + std::size_t{1};
    input.remove_prefix(2);
    limits within = {.frame_max = least_frame_max, .body = 1 << 20};
    if ((options & 1) != 0)
        within = {.frame_max = 64, .body = 20, .tables = {.values = 8, .depth = 3}};

    const std::string expected = transcript(input, within);
    transcriber pieces(within), octets(within);
    for (std::size_t at = 0; at < input.size(); at += cut)
        pieces.arrive(input.substr(at, cut));
    for (const char c : input)
        octets.arrive({&c, 1});
    require(pieces.end() == expected, "it makes no difference how it is cut");
    require(octets.end() == expected, "not byte by byte either");
    require(octets.most_kept() < within.frame_max, "less than a frame is kept");

    decoder from(within);
    for (;;) {
        const auto [what, used] = from.next(input);
        require(used <= input.size(), "uses what there is");
        if (what == decoder::event::message) {
            require(from.message().body.size() <= within.body, "no larger bodies than allowed");
            write_again(from.message(), within);
        }
        input.remove_prefix(used);
        if (what == decoder::event::starved || what == decoder::event::failed)
            break;
    }
}
