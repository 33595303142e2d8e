// SPDX-License-Identifier: MIT
//
// What the bare servers share: they look for the ends of requests, and answer each with the same bytes.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace bench {

/// With the fields that nginx sends.
inline constexpr std::string_view answer = "HTTP/1.1 200 OK\r\n"
                                           "Server: bare\r\n"
                                           "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
                                           "Content-Type: text/plain\r\n"
                                           "Content-Length: 13\r\n"
                                           "Connection: keep-alive\r\n"
                                           "\r\n"
                                           "Hello, world!";

inline void check(bool well, const char* what)
{
    if (!well) {
        std::perror(what);
        std::_Exit(1);
    }
}

/// How many requests without a body end in `got`. `matched`: of "\r\n\r\n", kept between the calls.
inline unsigned requests_in(std::string_view got, unsigned& matched)
{
    constexpr std::string_view end = "\r\n\r\n";
    unsigned found = 0;
    for (const char c : got) {
        matched = c == end[matched] ? matched + 1 : c == '\r';
        if (matched == end.size()) {
            ++found;
            matched = 0;
        }
    }
    return found;
}

} // namespace bench
