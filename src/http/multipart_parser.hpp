// SPDX-License-Identifier: MIT
//
// multipart/form-data from bytes to parts, without a connection. It is given the body as it comes, in any cut, and
// tells one event at a time:
//
//     multipart_parser parser(*multipart_boundary(content_type));
//     for each piece of the body, as `input`:
//         for (;;) {
//             const auto [what, used, piece] = parser.next(input);
//             input.remove_prefix(used);
//             if (what == part_event::part) ...parser.head()
//             if (what == part_event::data) ...piece
//             if (what == part_event::starved) break;
//         }
//     parser.end_input();          // and `next` once more, for the failure when something is missing
//
// It is strict: lines end in CRLF, each part says that it is form-data, and its name. A part that is multipart itself
// is data like any other. Nothing is kept but a line; time is linear in the input.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/http/multipart.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simul::http::detail {

enum class part_event : std::uint8_t {
    starved,  ///< all of the input is used
    part,     ///< one begins: `head()`
    data,     ///< a piece of it
    part_end, ///< of its data
    end,      ///< of all parts. What comes behind it is passed over
    failed,
};

struct part_found {
    part_event what;
    std::size_t used = 0;  ///< of the input; it must not come again
    bytes_view piece = {}; ///< of data; a view until the next call
};

struct part_failure {
    int status = 0;       ///< for a server to answer with
    const char* why = ""; ///< "a part has no name"
};

/// The boundary in a Content-Type; none when that isn't multipart/form-data, or has none that could be one.
std::optional<std::string> multipart_boundary(std::string_view content_type);

class multipart_parser {
public:
    explicit multipart_parser(std::string_view boundary, const multipart_limits& within = {});

    part_found next(bytes_view input);
    void end_input() noexcept { input_ended_ = true; }

    /// May be moved from. From `part` on.
    part_head& head() noexcept { return head_; }
    const part_failure& failure() const noexcept { return failure_; }
    bool is_at_end() const noexcept { return state_ == state::behind_end; }

private:
    enum class state : std::uint8_t {
        preamble,
        delimiter_end, // of its line
        fields,
        data,
        behind_end,
        failed,
    };

    part_found advance(bytes_view input);
    part_found scan(bytes_view input);
    part_found finish_delimiter(bytes_view input);
    part_found read_head(bytes_view input);
    bool read_field();
    bool understand_head();
    part_found fail(int status, const char* why, std::size_t used = 0) noexcept;
    part_found give(bytes_view piece, std::size_t used);

    std::string delimiter_;    // "\r\n--boundary": only at its begin is there a CR
    std::size_t matched_ = 2;  // of the delimiter, by what was used last; the first one needs no line end
    std::size_t borrowed_ = 2; // of those, which are no data
    state state_ = state::preamble;
    bool input_ended_ = false;
    std::string line_;
    std::size_t parts_ = 0;
    std::size_t head_size_ = 0;
    std::uint64_t part_size_ = 0;
    part_head head_;
    part_failure failure_;
    multipart_limits limits_;
};

} // namespace simul::http::detail
