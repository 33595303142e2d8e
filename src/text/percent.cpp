// SPDX-License-Identifier: MIT
#include "percent.hpp"

#include <simul/text/url.hpp>

#include <algorithm>
#include <string>

namespace simul {

using namespace detail;

std::string percent_encode(std::string_view text)
{
    std::string encoded;
    encoded.reserve(text.size());
    append_encoded(encoded, text, unreserved_complement);
    return encoded;
}

std::string percent_decode(std::string_view text)
{
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            decoded += static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

namespace {

void append_form(std::string& to, std::string_view text)
{
    for (const char c : text) {
        if (c == ' ')
            to += '+';
        else if ((encode_sets[static_cast<unsigned char>(c)] & form_set) != 0)
            append_percent_encoded(to, c);
        else
            to += c;
    }
}

std::string encode_fields(const auto& fields)
{
    std::string encoded;
    for (const auto& [name, value] : fields) {
        if (!encoded.empty())
            encoded += '&';
        append_form(encoded, name);
        encoded += '=';
        append_form(encoded, value);
    }
    return encoded;
}

std::string decode_field(std::string_view text)
{
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
}

} // namespace

std::string form_encode(const parameters& fields)
{
    return encode_fields(fields);
}

std::string form_encode(std::initializer_list<std::pair<std::string_view, std::string_view>> fields)
{
    return encode_fields(fields);
}

parameters form_decode(std::string_view text)
{
    parameters fields;
    while (!text.empty()) {
        const std::string_view field = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(field.size() + 1, text.size()));
        if (field.empty())
            continue;
        const std::size_t equals = field.find('=');
        fields.emplace_back(decode_field(field.substr(0, equals)),
                            equals == std::string_view::npos ? std::string() : decode_field(field.substr(equals + 1)));
    }
    return fields;
}

} // namespace simul
