// SPDX-License-Identifier: MIT
//
// What a client is, and its requests hold together while they are under way.
#pragma once

#include "pool.hpp"

#include "http/proxy_settings.hpp"

#include <simul/http/client.hpp>
#include <simul/text/url.hpp>

#include <optional>

namespace simul::http::detail {

class client_core {
public:
    explicit client_core(client_options with);

    client_options options;
    http::headers usual_fields; ///< of a request that says nothing else: all but Host
    std::optional<url> base;
    proxy_settings proxies;
    pool lanes;
};

} // namespace simul::http::detail
