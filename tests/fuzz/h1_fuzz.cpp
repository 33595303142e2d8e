// SPDX-License-Identifier: MIT
//
// The first byte says who reads and within which limits, the second how the rest, messages, is cut.
#include "fuzz.hpp"

#include "http/h1/transcript.hpp"
#include "http/h1/writer.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace simul::http;

namespace {

struct message {
    h1::head head;
    std::string body;
    headers trailers;
};

/// Those before the first that is refused, as answers to GETs.
std::vector<message> read(h1::role as, const h1::limits& within, std::string_view input)
{
    std::vector<message> all;
    message current;
    h1::parser reads(as, within);
    reads.end_input();
    bool expecting = false;
    for (;;) {
        if (as == h1::role::client && !std::exchange(expecting, true))
            reads.expect({});
        const auto [what, used, piece] = reads.next(input);
        require(used <= input.size(), "uses what there is");
        input.remove_prefix(used);
        switch (what) {
        case h1::event::head:
            current.head = std::move(reads.head());
            break;
        case h1::event::body:
            current.body += piece;
            break;
        case h1::event::end:
            current.trailers = std::move(reads.trailers());
            all.push_back(std::exchange(current, {}));
            expecting = false;
            break;
        case h1::event::interim:
            break;
        default:
            return all;
        }
    }
}

/// Without what the writer says itself. Each of them can be sent by us, too.
headers own_fields(const headers& all)
{
    headers own;
    for (const auto& [name, value] : all)
        own.add(name, value);
    require(own == all, "fields are held as they are sent");
    own.erase("Content-Length");
    own.erase("Transfer-Encoding");
    return own;
}

std::string write(h1::role as, const message& given)
{
    const h1::head& of = given.head;
    h1::writer writes(as);
    std::string out;
    if (as == h1::role::client)
        writes.request(out, of.method_name(), of.target, own_fields(of.fields), {of.body, of.length});
    else if (of.body == h1::framing::until_close)
        writes.response(out, of.status, of.reason, own_fields(of.fields), {h1::framing::chunked}, {});
    else
        writes.response(out, of.status, of.reason, own_fields(of.fields), {of.body, of.length}, {});
    writes.body(out, given.body);
    writes.end(out, given.trailers);
    return out;
}

void write_again(h1::role as, const h1::limits& within, std::string_view input)
{
    const h1::limits wide = {.start_line = 1 << 20, .field_line = 1 << 20, .fields = 1000, .head = 1 << 20};
    for (message& given : read(as, within, input)) {
        if (as == h1::role::server && !given.head.fields.contains("Host"))
            given.head.fields.add("Host",
                                  given.head.form == h1::target_form::absolute ? given.head.authority() : "a"); // 1.0
        const std::string out = write(as == h1::role::server ? h1::role::client : h1::role::server, given);
        const std::vector<message> again = read(as, wide, out);
        require(again.size() == 1, "what was written is read");
        const auto& [head, body, trailers] = again[0];
        require(head.method_name() == given.head.method_name() && head.target == given.head.target, "as the same request");
        require(head.status == given.head.status, "as the same response");
        require(given.head.reason.empty() || head.reason == given.head.reason, "with the same reason");
        require(own_fields(head.fields) == own_fields(given.head.fields), "with the same fields");
        require(body == given.body && trailers == given.trailers, "and the same body");
    }
}

} // namespace

void fuzz(std::string_view input)
{
    if (input.size() < 2)
        return;
    const auto options = static_cast<unsigned char>(input[0]);
    const std::size_t cut = static_cast<unsigned char>(input[1]) + std::size_t{1};
    input.remove_prefix(2);

    h1::reading how = {.as = (options & 1) != 0 ? h1::role::client : h1::role::server};
    if ((options & 2) != 0)
        how.within = {.start_line = 40, .field_line = 30, .fields = 4, .head = 100, .chunk_extensions = 10, .body = 20};
    const bool upgrade = (options & 4) != 0;
    const method to = (options & 8) != 0 ? method::head : (options & 16) != 0 ? method::connect : method::get;
    how.awaited.assign(3, {.to = to, .upgrade_offered = upgrade});

    const std::string expected = h1::transcript(input, how);
    h1::transcriber pieces(how), bytes(how);
    for (std::size_t at = 0; at < input.size(); at += cut)
        pieces.arrive(input.substr(at, cut));
    for (const char c : input)
        bytes.arrive({&c, 1});
    require(pieces.end() == expected, "it makes no difference how it is cut");
    require(bytes.end() == expected, "not byte by byte either");
    require(bytes.most_kept() <= std::max(how.within.start_line, how.within.field_line) + 2, "a line is kept, no more");
    write_again(how.as, how.within, input);
}
