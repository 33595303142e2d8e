// SPDX-License-Identifier: MIT
//
// What is taken out of a page: "title=h1::text", "link=a.external::attr(href)".
#pragma once

#include <simul/base/bytes.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fetch {

struct selection {
    std::string name;      ///< of the column; what was given, when it has no name of its own
    std::string css;
    std::string attribute; ///< empty: the text
    bool all = false;      ///< each that matches, not the first alone
};

/// Reads "[NAME=]CSS[::text|::attr(NAME)]". *Throws:* cli::usage_error.
selection parse_selection(std::string_view text, bool all);

/// For each selection what it means in the page: nothing, one text, or all. A plain function, so that a process pool can do it.
std::vector<std::vector<std::string>> extract(const simul::bytes& page, const std::string& content_type,
                                              const std::vector<selection>& wanted);

} // namespace fetch
