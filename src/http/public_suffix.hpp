// SPDX-License-Identifier: MIT
//
// Where names of hosts stop being somebody's: "co.uk" is nobody's, "example.co.uk" is.
#pragma once

#include <string>
#include <string_view>

namespace simul::http::detail {

/// Whether anybody can have a name below it. Of a lower-case name in ASCII; every name without a dot is one.
bool is_public_suffix(const std::string& name);

/// The part of it that somebody owns: "example.co.uk" of "www.example.co.uk". The whole of a public suffix.
std::string site_of(const std::string& name);

} // namespace simul::http::detail
