// SPDX-License-Identifier: MIT
//
// The short way for the usual URL, which is normalised already: a look at each character, and it is taken as it is.
#include "percent.hpp"

#include <simul/text/url.hpp>

#include <algorithm>
#include <string_view>

namespace simul {

using namespace detail;

namespace {

constexpr bool is_in_plain_hosts(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-';
}

/// Where the first character is that doesn't belong; the size if there is none.
template <class Belongs> std::size_t find_other(std::string_view text, std::size_t from, Belongs belongs)
{
    while (from < text.size() && belongs(text[from]))
        ++from;
    return from;
}
std::size_t find_any_of(encode_set set, std::string_view text, std::size_t from)
{
    return find_other(text, from, [set](char c) { return (encode_sets[static_cast<unsigned char>(c)] & set) == 0; });
}

/// A number as it is written, up to 65535, or -1.
int plain_number(std::string_view text)
{
    if (text.empty() || text.size() > 5 || (text[0] == '0' && text.size() > 1))
        return -1;
    int number = 0;
    for (const char c : text) {
        if (!is_digit(c))
            return -1;
        number = number * 10 + (c - '0');
    }
    return number <= 65535 ? number : -1;
}

bool is_plain_ipv4(std::string_view host)
{
    for (int part = 1; part <= 4; ++part) {
        const std::size_t digits = find_other(host.substr(0, 4), 0, [](char c) { return is_digit(c); });
        const int number = plain_number(host.substr(0, digits));
        if (number < 0 || number > 255)
            return false;
        host.remove_prefix(digits);
        if (part < 4 && !host.starts_with('.'))
            return false;
        host.remove_prefix(part < 4 ? 1 : 0);
    }
    return host.empty();
}

/// Of characters that plain hosts have. A name whose last label begins with a letter can't be an address.
bool is_plain_host(std::string_view host)
{
    const std::string_view last = host.substr(host.rfind('.') + 1); // npos + 1 is 0
    if (!last.empty() && is_alpha(last[0]))
        return host.find("xn--") == std::string_view::npos;
    return is_plain_ipv4(host);
}

} // namespace

bool url::take_plain(std::string_view text)
{
    const bool secure = text.starts_with("https://");
    if ((!secure && !text.starts_with("http://")) || text.size() > longest)
        return false;
    const auto is_at = [&](std::size_t place, char c) { return place < text.size() && text[place] == c; };
    const std::size_t begin = secure ? 8 : 7;
    const std::size_t host_end = find_other(text, begin, is_in_plain_hosts);
    if (!is_plain_host(text.substr(begin, host_end - begin)))
        return false;

    const int usual_port = secure ? 443 : 80;
    int port = usual_port;
    std::size_t port_end = host_end;
    if (is_at(host_end, ':')) {
        port_end = std::min(text.find('/', host_end), text.size());
        port = plain_number(text.substr(host_end + 1, port_end - host_end - 1));
        if (port < 0 || port == usual_port)
            return false;
    }
    if (!is_at(port_end, '/'))
        return false;

    const std::size_t path_end = find_any_of(path_set, text, port_end);
    const std::string_view path = text.substr(port_end, path_end - port_end);
    if (path.find('\\') != path.npos || path.find("/.") != path.npos ||
        path.find("/%") != path.npos) // slashes and dots
        return false;
    const std::size_t query_end = is_at(path_end, '?') ? find_any_of(special_query_set, text, path_end) : path_end;
    if (query_end < text.size() &&
        (!is_at(query_end, '#') || find_any_of(fragment_set, text, query_end + 1) < text.size()))
        return false;

    href_ = text;
    scheme_end_ = static_cast<std::uint32_t>(begin - 3);
    user_begin_ = user_end_ = host_begin_ = static_cast<std::uint32_t>(begin);
    host_end_ = static_cast<std::uint32_t>(host_end);
    port_end_ = path_begin_ = static_cast<std::uint32_t>(port_end);
    path_end_ = static_cast<std::uint32_t>(path_end);
    query_end_ = static_cast<std::uint32_t>(query_end);
    port_ = static_cast<std::uint16_t>(port);
    return true;
}

} // namespace simul
