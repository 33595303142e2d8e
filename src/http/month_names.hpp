// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>

namespace simul::http::detail {

/// In dates of all forms.
inline constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

} // namespace simul::http::detail
