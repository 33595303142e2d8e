// SPDX-License-Identifier: MIT
//
// The first byte says what the rest is taken for, and in what it is encoded; the second how it is cut.
#include "fuzz.hpp"

#include "http/decoded.hpp"

#include <simul/base/error.hpp>

#include <iterator>
#include <optional>
#include <string>

using namespace simul::http::detail;

namespace {

constexpr std::string_view stacks[] = {"gzip",     "deflate",    "br",       "zstd",
                                       "gzip, br", "zstd, gzip", "br, zstd", "deflate, gzip, gzip"};
constexpr content_coding codings[] = {content_coding::gzip, content_coding::deflate, content_coding::br,
                                      content_coding::zstd};
constexpr decoding_limits limits = {.total = 100'000};

/// None when it is refused.
std::optional<std::string> decoded_in_pieces(std::string_view stack, std::string_view input, std::size_t cut,
                                             std::size_t room)
{
    try {
        std::string all = decoded(stack, input, limits, cut, room);
        require(all.size() <= limits.total, "never gives more than it may");
        return all;
    } catch (const simul::error&) {
        return {};
    }
}

} // namespace

void fuzz(std::string_view input)
{
    if (input.size() < 2)
        return;
    const auto options = static_cast<unsigned char>(input[0]);
    const std::string_view stack = stacks[options % std::size(stacks)];
    const std::size_t cut = static_cast<unsigned char>(input[1]) + std::size_t{1};
    input.remove_prefix(2);

    const auto expected = decoded_in_pieces(stack, input, input.size() + 1, 1 << 16);
    const auto is_expected = [&](const std::optional<std::string>& got) {
        // libzstd doesn't notice when a frame that comes in pieces has less than it says, and ends in an empty block.
        const bool may_be_refused = stack.find("zstd") != stack.npos && (!got || !expected);
        return got == expected || may_be_refused;
    };
    require(is_expected(decoded_in_pieces(stack, input, cut, 1 << 16)), "it makes no difference how it is cut");
    require(is_expected(decoded_in_pieces(stack, input, 1, cut)), "nor how much room there is");

    const content_coding to = codings[options / std::size(stacks) % std::size(codings)];
    require(decoded(to_string(to), encoded(to, input)) == input, "what is encoded can be decoded");
}
