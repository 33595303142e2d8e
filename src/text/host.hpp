// SPDX-License-Identifier: MIT
//
// Hosts of URLs: domains, IPv4 addresses in all the forms that they have ever had, IPv6 addresses.
#pragma once

#include <string>
#include <string_view>

namespace simul::detail {

/// Returns null and puts the normalised `host` into `out`, or says what is wrong. The host of a special URL is a domain or an
/// address; another's is whatever it is.
const char* parse_host(std::string_view host, bool special, std::string& out);

} // namespace simul::detail
