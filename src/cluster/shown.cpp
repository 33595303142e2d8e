// SPDX-License-Identifier: MIT
#include "shown.hpp"

#include <cstddef>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr std::size_t longest = 1024;

} // namespace

std::string shortened(std::string text)
{
    if (text.size() > longest) {
        std::size_t end = longest;
        while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
            --end;
        text.replace(end, std::string::npos, "...");
    }
    return text;
}

std::string shown(const json::array& args)
{
    std::string text = json::dump(args);
    text.front() = '(';
    text.back() = ')';
    return shortened(std::move(text));
}

std::string shown(const json::object& kwargs)
{
    return shortened(json::dump(kwargs));
}

} // namespace simul::cluster::detail
