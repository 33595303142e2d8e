// SPDX-License-Identifier: MIT
//
// On libidn2. It is stricter than browsers: it knows IDNA 2008, whose names have no emoji. So a label that is "xn--..." already
// is only refused when it is no punycode at all, and plain labels don't get there: "r3---sn.example" has hyphens where
// IDNA wants none, and is in use.
#include "idna.hpp"

#include "ascii.hpp"

#include <algorithm>
#include <idn2.h>
#include <memory>

namespace simul::detail {

namespace {

constexpr bool is_ascii(std::string_view text)
{
    unsigned char all = 0;
    for (const char c : text)
        all |= static_cast<unsigned char>(c);
    return all < 0x80;
}

void append_lower(std::string& to, std::string_view ascii)
{
    const std::size_t begin = to.size();
    to += ascii;
    for (std::size_t i = begin; i < to.size(); ++i)
        to[i] = lower(to[i]);
}

bool is_malformed(int status)
{
    switch (status) {
    case IDN2_PUNYCODE_BAD_INPUT:
    case IDN2_PUNYCODE_BIG_OUTPUT:
    case IDN2_PUNYCODE_OVERFLOW:
    case IDN2_ENCODING_ERROR:
    case IDN2_MALLOC:
        return true;
    default:
        return false;
    }
}

const char* in_words(int status)
{
    switch (status) {
    case IDN2_ICONV_FAIL:
    case IDN2_ENCODING_ERROR:
        return "its host is no UTF-8";
    case IDN2_DISALLOWED:
    case IDN2_UNASSIGNED:
        return "its host has a character that no name may have";
    case IDN2_BIDI:
        return "its host mixes scripts from left and right";
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
    case IDN2_TOO_BIG_DOMAIN:
        return "a label of its host is too long";
    default:
        return "its host is no name by IDNA 2008";
    }
}

const char* append_label(std::string& to, std::string_view label)
{
    const std::size_t begin = to.size();
    const bool ascii = is_ascii(label);
    if (ascii) {
        append_lower(to, label);
        if (!std::string_view(to).substr(begin).starts_with("xn--"))
            return nullptr;
    }

    const std::string terminated = ascii ? to.substr(begin) : std::string(label);
    char* converted = nullptr;
    const int status = idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
    if (ascii)
        return terminated.size() == 4 || is_malformed(status) ? "its host has a label \"xn--...\" that is no punycode"
                                                              : nullptr;
    if (status != IDN2_OK)
        return in_words(status);
    to += converted;
    return nullptr;
}

} // namespace

const char* domain_to_ascii(std::string_view domain, std::string& ascii)
{
    if (is_ascii(domain)) {
        const std::size_t begin = ascii.size();
        append_lower(ascii, domain);
        if (ascii.find("xn--", begin) == std::string::npos)
            return nullptr; // no label has to be looked at
        ascii.resize(begin);
    }
    // The full stops of East Asia separate labels, too.
    constexpr std::string_view dots[] = {".", "\u3002", "\uff0e", "\uff61"};
    for (bool first = true;; first = false) {
        std::size_t end = std::string_view::npos, length = 0;
        for (const std::string_view dot : dots) {
            if (const std::size_t found = domain.find(dot); found < end) {
                end = found;
                length = dot.size();
            }
        }
        if (!first)
            ascii += '.';
        if (const char* const problem = append_label(ascii, domain.substr(0, end)))
            return problem;
        if (end == std::string_view::npos)
            return nullptr;
        domain.remove_prefix(end + length);
    }
}

} // namespace simul::detail
