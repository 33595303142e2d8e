// SPDX-License-Identifier: MIT
//
// Cookies, of both sides (RFC 6265bis).
//
// A server reads the field Cookie and writes Set-Cookie:
//
//     for (auto& [name, value] : simul::http::parse_cookies("id=31d4; lang=en"))
//         ...
//     answer.headers().add("Set-Cookie", to_string(simul::http::set_cookie{.name = "id", .value = "31d4"}));
//
// A client keeps them in a jar:
//
//     simul::http::cookie_jar jar;
//     jar.store("id=31d4; Secure", page, now);
//     jar.field_for(page, now);                         // "id=31d4"
//
// Nothing here looks at a clock: whoever calls says what time it is.
#pragma once

#include <simul/text/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http {

/// To which requests that come from other sites a browser adds a cookie.
enum class same_site : std::uint8_t {
    unset,  ///< as it likes; mostly as with `lax`
    none,   ///< to all
    lax,    ///< when somebody follows a link
    strict, ///< to none
};

/// The names and values in a field Cookie, in its order; a name may come more than once. Quotes around a value are
/// dropped.
parameters parse_cookies(std::string_view field);

/// What a server sends.
struct set_cookie {
    std::string name = {};
    std::string value = {};                               ///< without spaces, quotes, commas, semicolons, backslashes
    std::optional<std::chrono::seconds> max_age = {};     ///< zero or less: to be forgotten
    std::optional<std::chrono::sys_seconds> expires = {}; ///< neither: kept until the browser is closed
    std::string domain = {};                              ///< empty: for this very host; else for those below it, too
    std::string path = "/";                               ///< empty: that of the request
    bool secure = false;                                  ///< over TLS only
    bool http_only = true;                                ///< not for scripts
    http::same_site same_site = http::same_site::lax;     ///< `none` has to be `secure`
};

/// The value of a field Set-Cookie. *Throws:* `error` for what no browser would take, or can't be sent.
std::string to_string(const set_cookie& of);

/// One in a jar.
struct cookie {
    std::string name = {}, value = {};
    std::string domain = {}; ///< lower case, no dot before it
    std::string path = "/";
    std::optional<std::chrono::sys_seconds> expires = {}; ///< none: when the session ends, which is when you say
    bool host_only = true;                                ///< not for hosts below `domain`
    bool secure = false, http_only = false;
    http::same_site same_site = http::same_site::unset;

    friend bool operator==(const cookie&, const cookie&) = default;
};

class cookie_jar {
public:
    static constexpr std::size_t most_cookies = 3000;
    /// Of a site: "example.co.uk" and all hosts below it.
    static constexpr std::size_t most_of_a_site = 180;
    /// Of name and value together.
    static constexpr std::size_t largest = 4096;

    using time = std::chrono::sys_seconds;

    /// Takes a Set-Cookie that came with the answer to a request for `from`. False when it is refused: it is none, is
    /// too large, is for others than whoever sent it, or for all of "co.uk", or isn't what its prefix promises, or came
    /// in clear and wants to be secure, or to take the place of one that is.
    bool store(std::string_view set_cookie_field, const url& from, time now);
    /// Puts one in by hand. *Throws:* `error` when it can't be sent.
    void set(cookie one, time now);

    /// The value of the field Cookie for a request: longest paths first, then the oldest. Empty when there is none for
    /// it.
    std::string field_for(const url& to, time now) const;

    /// In the order of their making. Some may have expired.
    const std::vector<cookie>& all() const noexcept { return cookies_; }
    bool empty() const noexcept { return cookies_.empty(); }
    void clear() noexcept { cookies_.clear(); }
    /// All without a time of their own.
    void end_session();

    /// As a text that curl and wget read, too ("cookies.txt"); it has no place for `same_site`.
    std::string save(time now) const;
    /// Adds what was saved. *Throws:* `error` naming the line that is none.
    void load(std::string_view text, time now);

private:
    void insert(cookie one, time now);
    bool shadows_secure(const cookie& one) const;
    void make_room(const cookie& for_one, time now);

    std::vector<cookie> cookies_;
};

} // namespace simul::http
