// SPDX-License-Identifier: MIT
//
// The first byte says how the rest, a form with the boundary "b", is cut; when it is odd, within narrow limits.
#include "fuzz.hpp"

#include "http/multipart_transcript.hpp"

#include <simul/http/media_type.hpp>

using namespace simul::http;

namespace {

void read_fields(std::string_view input)
{
    if (const auto type = media_type::try_parse(input)) {
        require(media_type::try_parse(to_string(*type)) == type, "a media type survives");
        detail::multipart_boundary(input);
    }
    charset_of(input);
    type_of_file(input);
}

} // namespace

void fuzz(std::string_view input)
{
    if (input.empty())
        return;
    const auto options = static_cast<unsigned char>(input[0]);
    input.remove_prefix(1);
    read_fields(input.substr(0, input.find('\n')));

    const multipart_limits narrow = {.parts = 3, .head = 100, .part = 20};
    const multipart_limits within = (options & 1) != 0 ? narrow : multipart_limits();
    const auto read = [&](std::size_t cut) { return detail::form_transcript("b", input, cut, within); };
    const std::string expected = read(input.size() + 1);
    // Where data ends early, because it goes beyond a limit, depends on the cut; that it does, doesn't.
    const bool cut_off = expected.find("413 a part") != std::string::npos;
    for (const std::size_t cut : {options / 2 + std::size_t{1}, std::size_t{1}}) {
        const std::string cut_up = read(cut);
        require(cut_off ? cut_up.find("413 a part") != std::string::npos : cut_up == expected,
                "it makes no difference how it is cut");
    }
    require(expected.find("NO DATA") == std::string::npos || input.find("NO DATA") != std::string_view::npos,
            "data is never empty");
    require(expected.find("STARVED") == std::string::npos || input.find("STARVED") != std::string_view::npos,
            "all is used before it starves");
}
