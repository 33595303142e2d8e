// SPDX-License-Identifier: MIT
//
// What a client is, and its requests hold together while they are under way.
#pragma once

#include "pool.hpp"

#include "http/digest.hpp"
#include "http/netrc.hpp"
#include "http/proxy_settings.hpp"

#include <simul/http/client.hpp>
#include <simul/text/url.hpp>

#include <map>
#include <optional>
#include <string>

namespace simul::http::detail {

class client_core {
public:
    explicit client_core(client_options with);

    /// Of a request that says nothing else: put together once, but for its Host. Valid until the next call.
    const http::headers& usual_fields_for(const url& at);

    client_options options;
    std::optional<url> base;
    proxy_settings proxies;
    netrc passwords;
    std::map<std::string, digest_challenge, std::less<>> challenges; ///< the last of each origin where one was met
    pool lanes;

private:
    http::headers usual_fields_; ///< the first is the last one's Host
};

} // namespace simul::http::detail
