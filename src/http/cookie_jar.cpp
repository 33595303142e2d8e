// SPDX-License-Identifier: MIT
#include "cookie_date.hpp"
#include "cookie_syntax.hpp"
#include "public_suffix.hpp"
#include "scan.hpp"

#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace simul::http {

using namespace detail;
using namespace std::chrono;

namespace {

constexpr std::size_t longest_attribute = 1024;
constexpr days longest_life = days(400);

/// Hosts of URLs are normalised: what has digits and dots only is an IPv4 address.
bool is_address(std::string_view host) noexcept
{
    return host.starts_with('[') || std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

/// Whether `host` is `domain`, or below it.
bool is_of_domain(std::string_view host, std::string_view domain) noexcept
{
    if (!host.ends_with(domain))
        return false;
    const std::size_t before = host.size() - domain.size();
    return before == 0 || (!domain.empty() && host[before - 1] == '.' && !is_address(host));
}

/// Whether `path` is `of`, or below it.
bool is_below(std::string_view path, std::string_view of) noexcept
{
    return path.starts_with(of) && (path.size() == of.size() || of.ends_with('/') || path[of.size()] == '/');
}

bool is_secure(const url& of) noexcept
{
    return of.scheme() == "https" || of.scheme() == "wss";
}

std::string_view folder_of(std::string_view path) noexcept
{
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos || path[0] != '/' ? "/" : path.substr(0, slash);
}

bool has_expired(const cookie& one, sys_seconds now) noexcept
{
    return one.expires && *one.expires <= now;
}

bool has_place_of(const cookie& a, const cookie& b) noexcept
{
    return a.name == b.name && a.domain == b.domain && a.host_only == b.host_only && a.path == b.path;
}

/// A Set-Cookie, taken apart. Of equal attributes the last one counts.
struct received_cookie {
    std::string_view name, value;
    std::string_view domain, path;
    std::optional<sys_seconds> expires;
    bool has_max_age = false; // before which Expires is nothing
    bool secure = false, http_only = false;
    same_site from_sites = same_site::unset;
};

/// "-1", "3600"; a time that is over, or as far away as can be.
std::optional<sys_seconds> parse_max_age(std::string_view text, sys_seconds now) noexcept
{
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || !std::ranges::all_of(digits, is_digit))
        return {};
    std::int64_t wait = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), wait).ec != std::errc())
        wait = std::numeric_limits<std::int64_t>::max();
    if (negative || wait == 0)
        return now;
    return now + std::min(seconds(wait), seconds(longest_life));
}

void note_attribute(received_cookie& cookie, std::string_view name, std::string_view value, sys_seconds now)
{
    if (value.size() > longest_attribute)
        return;
    if (same_ignoring_case(name, "Max-Age")) {
        if (const auto expires = parse_max_age(value, now)) {
            cookie.expires = expires;
            cookie.has_max_age = true;
        }
    } else if (same_ignoring_case(name, "Expires")) {
        if (const auto expires = parse_cookie_date(value); expires && !cookie.has_max_age)
            cookie.expires = std::min<sys_seconds>(*expires, now + longest_life);
    } else if (same_ignoring_case(name, "Domain")) {
        cookie.domain = value.substr(value.starts_with('.') ? 1 : 0);
    } else if (same_ignoring_case(name, "Path")) {
        cookie.path = value.starts_with('/') ? value : std::string_view();
    } else if (same_ignoring_case(name, "Secure")) {
        cookie.secure = true;
    } else if (same_ignoring_case(name, "HttpOnly")) {
        cookie.http_only = true;
    } else if (same_ignoring_case(name, "SameSite")) {
        cookie.from_sites = same_ignoring_case(value, "None")     ? same_site::none
                            : same_ignoring_case(value, "Lax")    ? same_site::lax
                            : same_ignoring_case(value, "Strict") ? same_site::strict
                                                                  : same_site::unset;
    }
}

std::optional<received_cookie> parse_set_cookie(std::string_view field, sys_seconds now)
{
    if (find_control(field) < field.size())
        return {};
    received_cookie cookie;
    const auto take_pair = [&] {
        const std::size_t end = std::min(field.find(';'), field.size());
        const std::string_view pair = field.substr(0, end);
        field.remove_prefix(std::min(end + 1, field.size()));
        return pair;
    };
    const std::string_view first = take_pair();
    const std::size_t name_end = first.find('=');
    if (name_end != std::string_view::npos)
        cookie.name = trimmed(first.substr(0, name_end));
    cookie.value = trimmed(first.substr(name_end + 1)); // npos + 1 is 0
    while (!field.empty()) {
        const std::string_view attribute = take_pair();
        const std::size_t equals = std::min(attribute.find('='), attribute.size());
        const std::string_view value = attribute.substr(std::min(equals + 1, attribute.size()));
        note_attribute(cookie, trimmed(attribute.substr(0, equals)), trimmed(value), now);
    }
    if (cookie.name.size() + cookie.value.size() > cookie_jar::largest || (cookie.name.empty() && cookie.value.empty()))
        return {};
    return cookie;
}

} // namespace

bool cookie_jar::store(std::string_view set_cookie_field, const url& from, time now)
{
    const auto received = parse_set_cookie(set_cookie_field, now);
    const std::string host(from.host());
    if (!received || host.empty())
        return false;
    std::string domain = lower(received->domain);
    if (!domain.empty() && domain == host && (is_address(host) || is_public_suffix(host)))
        domain.clear();
    if (!domain.empty() && (!is_of_domain(host, domain) || is_public_suffix(domain)))
        return false;

    cookie made = {
        .name = std::string(received->name),
        .value = std::string(received->value),
        .domain = domain.empty() ? host : domain,
        .path = std::string(received->path.empty() ? folder_of(from.path()) : received->path),
        .expires = received->expires,
        .host_only = domain.empty(),
        .secure = received->secure,
        .http_only = received->http_only,
        .same_site = received->from_sites,
    };
    // One without a name is sent as its value, which then is as good as a name.
    if (made.name.empty() ? !keeps_promise_of_prefix(made.value, false, false, {})
                          : !keeps_promise_of_prefix(made.name, made.secure, made.host_only, made.path))
        return false;
    if (!is_secure(from) && (made.secure || shadows_secure(made)))
        return false;
    insert(std::move(made), now);
    return true;
}

/// Whether it would hide one that came over TLS, from those for whom that is.
bool cookie_jar::shadows_secure(const cookie& one) const
{
    return std::ranges::any_of(cookies_, [&](const cookie& other) {
        return other.secure && other.name == one.name &&
               (is_of_domain(one.domain, other.domain) || is_of_domain(other.domain, one.domain)) &&
               is_below(one.path, other.path);
    });
}

void cookie_jar::set(cookie one, time now)
{
    const auto is_bad = [](std::string_view text) {
        return find_control(text) < text.size() || text.find(';') != std::string_view::npos;
    };
    if (is_bad(one.name) || is_bad(one.value) || one.name.find('=') != std::string::npos ||
        (one.name.empty() && one.value.empty()) || trimmed(one.name) != one.name || trimmed(one.value) != one.value)
        throw error(std::errc::invalid_argument, "cookie: a name or a value that can't be sent");
    if (one.domain.empty() || is_bad(one.domain) || !one.path.starts_with('/') || is_bad(one.path))
        throw error(std::errc::invalid_argument, "cookie \"" + one.name + "\": it needs a domain, and a path");
    one.domain = lower(one.domain);
    insert(std::move(one), now);
}

void cookie_jar::insert(cookie one, time now)
{
    const auto old = std::ranges::find_if(cookies_, [&](const cookie& each) { return has_place_of(each, one); });
    if (has_expired(one, now)) {
        if (old != cookies_.end())
            cookies_.erase(old);
    } else if (old != cookies_.end()) {
        *old = std::move(one);
    } else {
        make_room(one, now);
        cookies_.push_back(std::move(one));
    }
}

/// Those that have expired go first, then the oldest: of its site when it has too many, else of all.
void cookie_jar::make_room(const cookie& for_one, time now)
{
    if (cookies_.size() < most_of_a_site)
        return;
    const std::string site = is_address(for_one.domain) ? for_one.domain : site_of(for_one.domain);
    const auto is_of_site = [&](const cookie& each) { return is_of_domain(each.domain, site); };
    const auto is_full = [&] {
        return std::ranges::count_if(cookies_, is_of_site) >= static_cast<std::ptrdiff_t>(most_of_a_site);
    };
    if (!is_full() && cookies_.size() < most_cookies)
        return;
    std::erase_if(cookies_, [&](const cookie& each) { return has_expired(each, now); });
    if (is_full())
        cookies_.erase(std::ranges::find_if(cookies_, is_of_site));
    else if (cookies_.size() >= most_cookies)
        cookies_.erase(cookies_.begin());
}

std::string cookie_jar::field_for(const url& to, time now) const
{
    const std::string_view host = to.host(), path = to.path();
    const bool secure = is_secure(to);
    std::vector<const cookie*> chosen;
    for (const cookie& each : cookies_)
        if ((each.host_only ? each.domain == host : is_of_domain(host, each.domain)) && is_below(path, each.path) &&
            (secure || !each.secure) && !has_expired(each, now))
            chosen.push_back(&each);
    std::ranges::sort(chosen, [](const cookie* a, const cookie* b) {
        return a->path.size() != b->path.size() ? a->path.size() > b->path.size() : a < b; // they lie in order of age
    });

    std::string field;
    for (const cookie* const each : chosen) {
        if (!field.empty())
            field += "; ";
        if (!each->name.empty())
            field.append(each->name).append("=");
        field += each->value;
    }
    return field;
}

void cookie_jar::end_session()
{
    std::erase_if(cookies_, [](const cookie& each) { return !each.expires; });
}

} // namespace simul::http
