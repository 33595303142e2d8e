// SPDX-License-Identifier: MIT
//
// An HTML document's text in UTF-8, whatever it came in.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/text/html.hpp>

#include <string>
#include <string_view>

namespace simul::html::detail {

struct decoded {
    std::string_view text; ///< `converted`, or what was given
    std::string_view charset;
    std::string converted;
};

/// *Lifetime:* of what was given. *Throws:* `error` when it is larger than `options` allow.
void decode(bytes_view given, const options& options, decoded& to);

} // namespace simul::html::detail
