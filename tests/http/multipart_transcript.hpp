// SPDX-License-Identifier: MIT
//
// What a form says, as text.
#pragma once

#include "http/multipart_parser.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace simul::http::detail {

/// "[name|filename|type]data" for each part (no "|filename" for a field), then "END" or "400 the form breaks off".
/// `cut`: in pieces of that many bytes.
inline std::string form_transcript(std::string_view boundary, std::string_view body, std::size_t cut,
                                   const multipart_limits& within = {})
{
    multipart_parser parser(boundary, within);
    std::string text;
    const auto advance = [&](std::string_view piece) {
        for (;;) {
            const auto [what, used, data] = parser.next(piece);
            piece.remove_prefix(used);
            switch (what) {
            case part_event::starved:
                if (!piece.empty())
                    text += "STARVED TOO EARLY";
                return true;
            case part_event::part:
                text.append("[").append(parser.head().name);
                if (parser.head().is_file)
                    text.append("|").append(parser.head().filename);
                if (!parser.head().type.empty())
                    text.append("|").append(parser.head().type);
                text += "]";
                break;
            case part_event::data:
                text += data.empty() ? "NO DATA" : data;
                break;
            case part_event::part_end:
                text += ";";
                break;
            case part_event::end:
                text += "END";
                break;
            case part_event::failed:
                text.append(std::to_string(parser.failure().status)).append(" ").append(parser.failure().why);
                return false;
            }
        }
    };
    for (std::size_t at = 0; at < body.size(); at += cut)
        if (!advance(body.substr(at, cut)))
            return text;
    parser.end_input();
    advance({});
    return text;
}

} // namespace simul::http::detail
