// SPDX-License-Identifier: MIT
//
// The field Link (RFC 8288): `</orders?page=2>; rel="next", </orders?page=9>; rel="last"`.
#pragma once

#include <optional>
#include <string_view>

namespace simul::http::detail {

/// Where the first link of that relation leads, as it is written; none when there is no such link.
std::optional<std::string_view> link_target(std::string_view field, std::string_view relation);

} // namespace simul::http::detail
