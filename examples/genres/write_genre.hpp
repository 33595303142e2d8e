// SPDX-License-Identifier: MIT
//
// What the blocking ways of writing genres share.
#pragma once

#include <fmt/core.h>
#include <simul/http/client.hpp>

#include <cstdlib>
#include <fstream>
#include <string>

/// The genre generator; or what stands in for it, as `simul demo` says.
inline std::string site()
{
    const char* other = std::getenv("SITE");
    return other ? other : "https://binaryjazz.us";
}

/// Asks for a genre and writes it to a file. The thread waits, first for the one and then for the other.
inline void write_genre(const std::string& file)
{
    const auto answer = simul::http::get(site() + "/wp-json/genrenator/v1/genre/").result().raise_for_status();
    const auto genre = answer.json<std::string>();
    fmt::print("Writing \"{}\" to \"{}\"...\n", genre, file);
    std::ofstream(file) << genre;
}
