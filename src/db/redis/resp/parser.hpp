// SPDX-License-Identifier: MIT
//
// RESP, the protocol of Redis, from bytes to values, without a connection; versions 2 and 3 alike. It is given what has
// arrived, in any cut, and tells when a value is there:
//
//     resp::parser parser;
//     for (;;) {
//         const auto [what, used] = parser.next(peer.buffered());
//         peer.consume(used);
//         if (what == resp::event::value) ...parser.value()
//         if (what == resp::event::failed) ...parser.why()
//         if (what == resp::event::starved && !co_await peer.fetch()) ...the end
//     }
//
// Attributes are read and dropped: they say something about the value behind them that nobody asked for. Streamed
// strings and aggregates, of which it isn't known how long they get, are refused: no server sends them. After a
// failure nothing more is understood.
//
// Time is linear in the input whatever its cut. What is kept are the values, as far as they have arrived, within
// `limits`: who announces much and sends little costs nothing.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/db/redis_value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simul::db::resp {

/// Of one value with all that is in it, its attributes included.
struct limits {
    std::size_t bytes = std::size_t{512} << 20; ///< of its strings
    std::size_t values = std::size_t{16} << 20; ///< it and all inside it; each takes 48 bytes of memory
    std::size_t depth = 64;                     ///< of nested arrays
};

enum class event : std::uint8_t {
    starved, ///< needs more: what isn't used must come again, with more behind it
    value,
    failed,
};

struct found {
    event what;
    std::size_t used; ///< of the input; it need not come again
};

class parser {
public:
    /// Lines hold a number or a word; longer ones are refused.
    static constexpr std::size_t longest_line = 64 * 1024;

    explicit parser(const limits& within = {}) noexcept : limits_(within) {}

    /// Goes on to the next event. `input` begins where the last call's used part ended.
    found next(bytes_view input);

    /// From `event::value` on, until `next`. It may be moved from.
    redis_value& value() noexcept { return value_; }
    /// What is wrong: "a length that is no number".
    const char* why() const noexcept { return why_; }

private:
    using kind = redis_value::kind;
    /// Of aggregates that become no value.
    static constexpr kind attribute = kind::null;

    /// An aggregate of which not everything has come.
    struct aggregate {
        kind type;
        std::size_t missing;
        std::vector<redis_value> items;
    };

    /// Both take what they use off the input. False: starved, or failed.
    bool take_line(bytes_view& input);
    bool take_string(bytes_view& input);
    bool read_line(char type, std::string_view line);
    bool begin_string(std::string_view length);
    bool begin_aggregate(kind type, std::string_view size);
    bool read_length(std::string_view text, std::size_t& length) noexcept;
    /// A value is there: it goes into what holds it, or is the whole.
    bool complete(redis_value made);
    bool fail(const char* why) noexcept;

    limits limits_;
    std::vector<aggregate> open_; // innermost last
    redis_value value_;
    bool whole_ = true; // value_ is: the next begins
    bool in_string_ = false;
    char string_type_ = 0;
    std::string string_; // of the one that is under way, what has come
    std::size_t string_left_ = 0;
    std::size_t scanned_ = 0;    // of the unused input, in vain: where a line's end may still come
    std::size_t bytes_left_ = 0; // of limits_
    std::size_t values_left_ = 0;
    const char* why_ = nullptr;
};

} // namespace simul::db::resp
