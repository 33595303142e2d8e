// SPDX-License-Identifier: MIT
#pragma once

#include "../../cuts.hpp"
#include "transcript.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace simul::http::h1 {

/// What `transcript` gives, however the input is cut.
inline void expect_same_when_cut(std::string_view input, const std::string& expected, const reading& how = {})
{
    cuts::expect_same<transcriber>(input, expected, how, std::max(how.within.start_line, how.within.field_line) + 2);
}

} // namespace simul::http::h1
