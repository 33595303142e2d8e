// SPDX-License-Identifier: MIT
//
// What is known of a URL that was fetched, as a line of the output.
#pragma once

#include "extract.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fetch {

enum class format : std::uint8_t { tsv, jsonl };

struct record {
    std::string url; ///< as it was asked for
    int status = 0;
    std::string type;
    std::size_t bytes = 0;
    double seconds = 0;
    std::string file;                            ///< where it was saved; empty: nowhere
    std::vector<std::vector<std::string>> fields; ///< one for each selection
};

/// With the end of the line. The URL comes first; then what was selected, or, when nothing was, what is known of the answer. In
/// TSV a tab, a line's end and a backslash in a value are "\t", "\n" and "\\"; values of one field stand behind each other with
/// " | " between them. In JSON a field of one value is null when there is none.
std::string line_of(const record& of, const std::vector<selection>& selected, format as);
/// The names of the columns of TSV, as a line.
std::string header_of(const std::vector<selection>& selected, bool saved);

/// The URL that a line of either format is about; nothing when it is none of ours.
std::optional<std::string> url_of_line(std::string_view line, format as);

} // namespace fetch
