// SPDX-License-Identifier: MIT
//
// A fuzzer is one file that defines `fuzz`, which takes any input and fails when something doesn't hold. It becomes two programs:
// one that libFuzzer drives (preset `fuzz`), and a test that runs the inputs kept in corpus/.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

void fuzz(std::string_view input);

inline void require(bool holds, const char* what)
{
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// What is before `separator`, and what behind it.
inline std::pair<std::string_view, std::string_view> split(std::string_view text, char separator)
{
    const std::size_t at = text.find(separator);
    return at == std::string_view::npos ? std::pair(text, std::string_view())
                                        : std::pair(text.substr(0, at), text.substr(at + 1));
}
