// SPDX-License-Identifier: MIT
//
// Each line is a Set-Cookie, from one of some hosts, as its first byte says.
#include "fuzz.hpp"

#include "http/cookie_date.hpp"

#include <simul/base/error.hpp>
#include <simul/http/cookies.hpp>
#include <simul/http/date.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

using namespace simul::http;
using namespace std::chrono_literals;
using simul::url;

namespace {

const url hosts[] = {url::parse("https://example.org/"),
                     url::parse("http://www.example.org/a/b"),
                     url::parse("https://a.example.co.uk/a"),
                     url::parse("http://127.0.0.1:80/"),
                     url::parse("https://[::1]/"),
                     url::parse("wss://localhost/x/")};

/// What a server may write, this jar takes.
void write_again(std::string_view name, std::string_view value, std::string_view path)
{
    set_cookie written = {
        .name = std::string(name), .value = std::string(value), .path = std::string(path), .secure = true};
    std::string field;
    try {
        field = to_string(written);
    } catch (const simul::error&) {
        return;
    }
    cookie_jar jar;
    require(field.size() > 1024 || jar.store(field, hosts[0], {}), "what is written is taken");
    if (jar.empty())
        return;
    const cookie& taken = jar.all()[0];
    require(taken.name == name && taken.value == value && taken.secure && taken.http_only, "as it was meant");
    const auto sent = parse_cookies(jar.field_for(url::parse("https://example.org" + taken.path), {}));
    require(sent.size() <= 1, "as one cookie");
}

void save_and_load(const cookie_jar& jar, cookie_jar::time now)
{
    cookie_jar again;
    try {
        again.load(jar.save(now), now);
    } catch (const simul::error&) {
        require(false, "what was saved can be loaded");
    }
    const auto is_kept = [&](const cookie& each) {
        return !(each.expires && *each.expires <= now) && each.name.find('\t') == std::string::npos &&
               each.path.find('\t') == std::string::npos;
    };
    require(std::ranges::count_if(jar.all(), is_kept) == static_cast<std::ptrdiff_t>(again.all().size()), "all of it");
    require(again.save(now) == jar.save(now), "as it was");
}

} // namespace

void fuzz(std::string_view input)
{
    cookie_jar jar;
    cookie_jar::time now = cookie_jar::time(784111777s);
    const auto [first, rest_of_input] = split(input, '\n');
    write_again(split(first, '=').first, split(first, '=').second, split(rest_of_input, '\n').first);
    if (const auto date = parse_date(first))
        require(parse_date(to_date(*date)) == date, "dates survive");
    parse_cookies(input);

    for (std::string_view rest = input; !rest.empty(); now += 1s) {
        const auto [line, others] = split(rest, '\n');
        rest = others;
        if (line.empty())
            continue;
        jar.store(line.substr(1), hosts[static_cast<unsigned char>(line[0]) % std::size(hosts)], now);
        detail::parse_cookie_date(line);
    }
    for (const url& host : hosts) {
        const std::string field = jar.field_for(host, now);
        require(std::ranges::none_of(field, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }),
                "what is sent is one line");
    }
    save_and_load(jar, now);
    try {
        cookie_jar other;
        other.load(input, now);
        save_and_load(other, now);
    } catch (const simul::error&) {
    }
}
