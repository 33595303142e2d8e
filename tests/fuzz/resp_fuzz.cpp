// SPDX-License-Identifier: MIT
//
// The first byte says within which limits, the second how the rest, replies, is cut.
#include "fuzz.hpp"

#include "db/redis/resp/cuts.hpp"

#include <map>
#include <string>
#include <vector>

using namespace simul::db;

namespace {

std::size_t count(const redis_value& value)
{
    std::size_t all = 1;
    for (const redis_value& each : value.items())
        all += count(each);
    return all;
}

/// It doesn't matter what they give, but that they give it, or an error.
void read_as_everything(const redis_value& value)
{
    const auto attempt = [&]<class T>(std::type_identity<T>) {
        try {
            static_cast<void>(value.as<T>());
        } catch (const simul::error& e) {
            require(std::string_view(e.what()).starts_with("redis"), "errors say whose they are");
        }
    };
    attempt(std::type_identity<bool>());
    attempt(std::type_identity<int>());
    attempt(std::type_identity<std::uint64_t>());
    attempt(std::type_identity<double>());
    attempt(std::type_identity<std::string>());
    attempt(std::type_identity<std::optional<std::vector<std::string>>>());
    attempt(std::type_identity<std::map<std::string, simul::result<std::vector<int>>>>());
    attempt(std::type_identity<std::pair<std::string, std::vector<std::pair<int, std::string>>>>());
}

} // namespace

void fuzz(std::string_view input)
{
    if (input.size() < 2)
        return;
    const auto options = static_cast<unsigned char>(input[0]);
    const std::size_t cut = static_cast<unsigned char>(input[1]) + std::size_t{1};
    input.remove_prefix(2);
    resp::limits within = {.bytes = 1 << 20, .values = 1 << 16, .depth = 64};
    if ((options & 1) != 0)
        within = {.bytes = 20, .values = 8, .depth = 3};

    const std::string expected = resp::transcript(input, within);
    resp::transcriber pieces(within), bytes(within);
    for (std::size_t at = 0; at < input.size(); at += cut)
        pieces.arrive(input.substr(at, cut));
    for (const char c : input)
        bytes.arrive({&c, 1});
    require(pieces.end() == expected, "it makes no difference how it is cut");
    require(bytes.end() == expected, "not byte by byte either");
    require(bytes.most_kept() <= resp::parser::longest_line + 1, "a line is kept, no more");

    resp::parser parser(within);
    for (;;) {
        const auto [what, used] = parser.next(input);
        require(used <= input.size(), "uses what there is");
        input.remove_prefix(used);
        if (what != resp::event::value)
            break;
        require(count(parser.value()) <= within.values, "no more values than allowed");
        read_as_everything(parser.value());
    }
}
