// SPDX-License-Identifier: MIT
#pragma once

#include "http/content_coding.hpp"

#include <algorithm>
#include <cstddef>

namespace simul::http::detail {

/// What comes of pieces of `cut` bytes, given to a decoder that gets room for `room_size` bytes at a time.
inline bytes decoded(std::string_view codings, bytes_view input, const decoding_limits& within = {},
                     std::size_t cut = ~std::size_t{0}, std::size_t room_size = 16 * 1024)
{
    content_decoder decoder(codings, within);
    bytes all, room(room_size, '\0');
    while (!input.empty()) {
        bytes_view piece = input.substr(0, cut);
        input.remove_prefix(piece.size());
        for (bool starved = false; !starved;) {
            const auto done = decoder.decode(piece, room);
            piece.remove_prefix(done.used);
            all.append(room, 0, done.written);
            starved = done.starved;
        }
        if (!piece.empty())
            return "STARVED TOO EARLY";
    }
    decoder.end();
    return all;
}

} // namespace simul::http::detail
