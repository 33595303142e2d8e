// SPDX-License-Identifier: MIT
//
// A request as it goes over a lane, and what errors say of it.
#pragma once

#include <simul/http/content.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/method.hpp>
#include <simul/text/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace simul::http::detail {

struct asked {
    asked(std::string name, url to) : method_name(std::move(name)), known(method_of(method_name)), at(std::move(to)) {}

    std::string method_name;
    method known;
    url at;               ///< without credentials
    http::headers fields; ///< all but those that say where the content ends
    http::content content;
    std::optional<url> via; ///< a proxy
    bool expect_continue = false;

    bool is_secure() const noexcept { return at.scheme() == "https"; }
    /// A proxy understands it, and sends it on. Else it makes a tunnel.
    bool is_for_proxy() const noexcept { return via && !is_secure(); }
    /// As a proxy wants it, the whole URL, else from its path on.
    std::string_view target() const noexcept
    {
        const std::string_view from_path = at.target();
        return is_for_proxy() ? std::string_view(at.href().data(), from_path.end()) : from_path;
    }
    /// "https://example.org:8443"
    std::string_view origin() const noexcept { return {at.href().data(), at.authority().end()}; }
    /// "GET https://example.org/: nothing came"
    std::string says(std::string_view what) const
    {
        std::string text = method_name;
        text.append(" ").append(at.href()).append(": ").append(what);
        return text;
    }
};

} // namespace simul::http::detail
