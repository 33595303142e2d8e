// SPDX-License-Identifier: MIT
#include "boundary.hpp"

#include <random>

namespace simul::http::detail {

std::string make_boundary()
{
    // Not the loop's numbers, which can be guessed from others of them.
    std::random_device random;
    std::string boundary = "simul-";
    for (int word = 0; word < 4; ++word) {
        auto bits = random();
        for (int digit = 0; digit < 8; ++digit, bits >>= 4)
            boundary += "0123456789abcdef"[bits & 15];
    }
    return boundary;
}

} // namespace simul::http::detail
