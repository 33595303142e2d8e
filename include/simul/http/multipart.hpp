// SPDX-License-Identifier: MIT
//
// Forms with files: multipart/form-data, as browsers send it.
//
//     co_await web.post("/games", simul::http::multipart({
//         {.name = "title", .value = "Rook endings"},
//         {.name = "games", .value = simul::http::file("games.pgn")},
//     }));
//
// A server reads one part after the other; of each it has the head first, a `part_head`.
#pragma once

#include <simul/http/content.hpp>
#include <simul/http/headers.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace simul::http {

/// What a client sends.
struct form_part {
    std::string name = {};
    content value = {}; ///< of any kind
    std::string filename =
        {}; ///< makes it a file, as a `value` that is one does; its type follows from it, unless given
};

/// All parts in this order. It can be sent again when all values can. All files in it are open while it is sent.
/// *Throws:* `error` when the type of a value can't be sent.
content multipart(std::vector<form_part> parts);

/// What a server gets.
struct part_head {
    std::string name = {};
    std::string filename = {}; ///< without folders; empty unless it `is_file`, and sometimes then
    std::string type = {};     ///< "image/png"; empty when the client doesn't say
    bool is_file = false;      ///< it has a filename, be it an empty one
    headers fields = {};       ///< all of them
};

/// Whoever goes beyond is refused with the status given.
struct multipart_limits {
    std::size_t parts = 1000;                                       ///< 413
    std::size_t head = 8 * 1024;                                    ///< bytes of one part's; 431
    std::uint64_t part = std::numeric_limits<std::uint64_t>::max(); ///< bytes of one part's data; 413
};

} // namespace simul::http
