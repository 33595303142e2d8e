// SPDX-License-Identifier: MIT
//
// Through which proxy a request goes, as the environment says it to curl and everybody else:
//
//     https_proxy=http://user:secret@proxy.example.org:3128 no_proxy=intranet.example.org,10.0.0.0/8 program
#pragma once

#include <simul/text/url.hpp>

#include <optional>
#include <string>

namespace simul::http::detail {

/// The values of the variables; empty ones say nothing.
struct proxy_settings {
    std::string http = {};  ///< http_proxy. Not HTTP_PROXY: in a CGI program that is a field of somebody's request
    std::string https = {}; ///< https_proxy, HTTPS_PROXY
    std::string all = {};   ///< all_proxy, ALL_PROXY: for those that have none of their own
    /// no_proxy, NO_PROXY: hosts, with all below them; addresses, networks ("10.0.0.0/8"), "*"; each with a port, if it is
    /// meant for that alone.
    std::string no_proxy = {};

    static proxy_settings from_environment();

    /// None: directly. This machine itself is never asked for through a proxy.
    /// *Throws:* `error` when the variable's value is no URL of a proxy.
    std::optional<url> proxy_for(const url& to) const;
};

/// What goes into Proxy-Authorization, from the name and password in a proxy's URL; empty when it has none.
std::string proxy_authorization(const url& proxy);

} // namespace simul::http::detail
