// SPDX-License-Identifier: MIT
//
// HTTP/1.0 and 1.1 from bytes to messages, without a connection: one machine for requests (a server's) and responses (a
// client's). It is given what has arrived, in any cut, and tells one event at a time:
//
//     h1::parser parser(h1::role::server);
//     for (;;) {
//         const auto [what, used, piece] = parser.next(peer.buffered());
//         if (what == h1::event::head) ...parser.head()
//         if (what == h1::event::body) ...piece           // a view of the input
//         if (what == h1::event::end) ...parser.trailers()
//         peer.consume(used);
//         if (what == h1::event::starved && !co_await peer.fetch())
//             parser.end_input();
//     }
//
// It is strict. Messages that two parsers could understand differently are how requests are smuggled past a proxy, so
// whatever the RFCs call wrong is refused, and some of what they allow a recipient to mend: every line ends in CRLF; no
// folded lines, no space before a colon; one Host, which is a host; one Content-Length, of digits; never together with
// Transfer-Encoding, which is "chunked", in HTTP/1.1. After a failure nothing more is understood: answer, and close.
//
// Time is linear in the input whatever its cut, and memory is what the head of one message takes, within `limits`.
#pragma once

#include "head.hpp"

#include <simul/base/bytes.hpp>
#include <simul/http/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace simul::http::h1 {

enum class role : std::uint8_t {
    server, ///< reads requests
    client, ///< reads responses
};

/// In bytes, but for the counts. Whoever goes beyond is refused with the status given. More than 512 KiB of a line or a head are
/// refused in any case.
struct limits {
    std::size_t start_line = 8 * 1024;   ///< 414
    std::size_t field_line = 8 * 1024;   ///< 431
    std::size_t fields = 100;            ///< in the head, and again in the trailers; 431
    std::size_t head = 32 * 1024;        ///< all its lines, and again all trailers; 431
    std::size_t chunk_extensions = 1024; ///< of a whole body; nobody uses them. 400
    std::size_t interim_responses = 16;
    std::uint64_t body = std::numeric_limits<std::uint64_t>::max(); ///< 413
};

enum class event : std::uint8_t {
    starved,  ///< needs more: what isn't used must come again, with more behind it
    head,     ///< a message begins
    interim,  ///< the head of a 1xx response; the real one is still to come
    body,     ///< a piece of the body
    end,      ///< of the message
    closed,   ///< nothing will come any more: the last message said so, or the input has ended between two
    switched, ///< what follows is another protocol's: after 101, or the answer to a CONNECT
    failed,
};

struct found {
    event what;
    std::size_t used = 0;  ///< of the input; it need not come again
    bytes_view piece = {}; ///< of the body
};

struct failure {
    int status = 0;       ///< for a server to answer with
    const char* why = ""; ///< "a chunk's size is no number"
};

/// What a client has to know of a request to understand the answer.
struct awaited_response {
    http::method to = http::method::get;
    bool upgrade_offered = false;
};

class parser {
public:
    explicit parser(role reads_as, const limits& within = {}) noexcept;

    /// Goes on to the next event. `input` begins where the last call's used part ended.
    found next(bytes_view input);
    /// Nothing comes behind what `next` will get.
    void end_input() noexcept { input_ended_ = true; }
    /// A client says so for each request, in their order, after the `end` of the response before. A response that nobody
    /// waits for is a failure.
    void expect(awaited_response response) noexcept;
    /// For this message's body instead of `limits::body`. From `head` on.
    void limit_body(std::uint64_t most) noexcept { body_limit_ = most; }

    // What was understood. It may be moved from.

    h1::head& head() noexcept { return head_; }
    /// Fields behind a chunked body. From `end` on.
    http::headers& trailers() noexcept { return trailers_; }
    const h1::failure& failure() const noexcept { return failure_; }
    /// Whether nothing of a message has come since the last one's end.
    bool is_between_messages() const noexcept;

private:
    enum class state : std::uint8_t {
        idle,           // a client's that expects nothing
        before_message, // one empty line may come, from clients that send too many
        start_line,
        fields,
        sized_body,
        chunk_size,
        chunk,
        chunk_end, // its CRLF
        trailers,
        body_until_close,
        message_end,
        closed,
        switched,
        failed,
    };
    /// What fields have said about where the message ends. Decided upon when all have come.
    struct framing_fields {
        bool host = false;
        bool length = false;
        bool transfer = false;     // there is a Transfer-Encoding
        bool chunked = false;      // its last member, so far, is "chunked"
        bool other_coding = false; // it has another member
        bool misplaced = false;    // one that is nothing, or comes behind "chunked"
        bool close = false;
        bool keep_alive = false;
        bool upgrade_connection = false;
        bool upgrade_field = false;
    };

    found advance(bytes_view input);
    found finish(found last, bool all_used) noexcept;
    /// True with a line without its end in `line_`; else starved, or failed.
    bool take_line(bytes_view input, std::size_t most, int status_beyond, const char* why_beyond);
    bool read_request_line();
    bool read_status_line();
    bool read_version(std::string_view text);
    bool read_field(http::headers& into);
    bool check_target();
    bool note_field(std::string_view name, std::string_view value);
    bool note_host(std::string_view value);
    bool note_length(std::string_view value);
    void note_transfer_encoding(std::string_view value);
    bool check_target_and_host();
    bool check_transfer_encoding();
    void decide_persistence();
    bool decide_request();
    bool decide_response();
    bool read_chunk_size();
    bool count_body(std::uint64_t size) noexcept;
    void begin_message() noexcept;
    /// The head, and what comes next.
    event finish_head();
    bool fail(int status, const char* why) noexcept;

    role role_;
    state state_;
    bool input_ended_ = false;
    bool stray_line_seen_ = false;
    bool closes_after_ = false; // this message
    framing_fields seen_;
    awaited_response awaited_;
    std::size_t scanned_ = 0;   // of the unused input, in vain: where a line's end may still come
    std::size_t head_left_ = 0; // of limits_.head
    std::size_t extensions_left_ = 0;
    std::size_t interim_seen_ = 0;
    std::uint64_t left_ = 0; // of a sized body, or a chunk
    std::uint64_t body_size_ = 0;
    std::uint64_t body_limit_;
    std::string_view line_;
    h1::limits limits_;
    h1::failure failure_;
    h1::head head_;
    http::headers trailers_;
};

} // namespace simul::http::h1
