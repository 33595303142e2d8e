// SPDX-License-Identifier: MIT
#include "host.hpp"
#include "idna.hpp"
#include "percent.hpp"

#include <simul/text/url.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace simul::detail {

namespace {

constexpr std::string_view forbidden_in_hosts("\0\t\n\r #/:<>?@[\\]^|", 17);

/// By character: most URLs have nothing but a domain to be looked at for long.
constexpr std::array<bool, 256> forbidden_in_domains = [] {
    std::array<bool, 256> forbidden{};
    for (unsigned c = 0; c <= 0x20; ++c)
        forbidden[c] = true;
    for (const char c : forbidden_in_hosts)
        forbidden[static_cast<unsigned char>(c)] = true;
    forbidden['%'] = forbidden[0x7f] = true;
    return forbidden;
}();

constexpr bool is_forbidden_in_domains(char c)
{
    return forbidden_in_domains[static_cast<unsigned char>(c)];
}

/// One number of an address: decimal, 0octal, 0xhex. Too large ones become what is too large.
std::optional<std::uint64_t> parse_number(std::string_view text)
{
    if (text.empty())
        return {};
    std::uint64_t base = 10;
    if (text.size() >= 2 && text[0] == '0') {
        const bool hex = (text[1] | 0x20) == 'x';
        base = hex ? 16 : 8;
        text.remove_prefix(hex ? 2 : 1);
    }
    std::uint64_t number = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || digit >= static_cast<int>(base))
            return {};
        number = std::min(number * base + static_cast<std::uint64_t>(digit), std::uint64_t{1} << 40);
    }
    return number;
}

bool ends_in_number(std::string_view host)
{
    if (host.ends_with('.'))
        host.remove_suffix(1);
    const std::string_view last = host.substr(host.rfind('.') + 1); // npos + 1 is 0
    if (!last.empty() && std::ranges::all_of(last, is_digit))
        return true;
    return last.size() >= 2 && last[0] == '0' && (last[1] | 0x20) == 'x' && parse_number(last);
}

void append_ipv4(std::string& out, std::uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        char digits[3];
        out.append(digits, std::to_chars(digits, digits + 3, (address >> shift) & 0xff).ptr);
        if (shift > 0)
            out += '.';
    }
}

const char* parse_ipv4(std::string_view host, std::string& out)
{
    if (host.ends_with('.'))
        host.remove_suffix(1);
    std::array<std::uint64_t, 4> numbers;
    std::size_t count = 0;
    for (bool more = true; more;) {
        const std::size_t dot = host.find('.');
        const auto number = parse_number(host.substr(0, dot));
        if (!number || count == numbers.size())
            return "its host ends in a number, but is no IPv4 address";
        numbers[count++] = *number;
        more = dot != std::string_view::npos;
        if (more)
            host.remove_prefix(dot + 1);
    }
    // The last one fills what the others leave.
    std::uint64_t address = numbers[count - 1];
    if (address >= std::uint64_t{1} << (8 * (5 - count)))
        return "a number of its IPv4 address is too large";
    for (std::size_t i = 0; i + 1 < count; ++i) {
        if (numbers[i] > 255)
            return "a number of its IPv4 address is too large";
        address += numbers[i] << (8 * (3 - i));
    }
    append_ipv4(out, static_cast<std::uint32_t>(address));
    return nullptr;
}

/// The four numbers at the end of an IPv6 address, as two pieces.
bool parse_embedded_ipv4(std::string_view text, std::uint16_t* pieces)
{
    unsigned numbers[4];
    for (int i = 0; i < 4; ++i) {
        const char* const end = text.data() + text.size();
        const auto [at, problem] = std::from_chars(text.data(), end, numbers[i]);
        const auto length = static_cast<std::size_t>(at - text.data());
        if (problem != std::errc() || numbers[i] > 255 || (length > 1 && text[0] == '0') || length > 3)
            return false;
        text.remove_prefix(length);
        if (i < 3) {
            if (!text.starts_with('.'))
                return false;
            text.remove_prefix(1);
        }
    }
    if (!text.empty())
        return false;
    pieces[0] = static_cast<std::uint16_t>(numbers[0] << 8 | numbers[1]);
    pieces[1] = static_cast<std::uint16_t>(numbers[2] << 8 | numbers[3]);
    return true;
}

std::optional<std::array<std::uint16_t, 8>> read_ipv6(std::string_view text)
{
    std::array<std::uint16_t, 8> pieces{};
    std::size_t count = 0;
    std::optional<std::size_t> gap; // where "::" stands
    if (text.starts_with("::")) {
        gap = 0;
        text.remove_prefix(2);
    } else if (text.starts_with(':')) {
        return {};
    }
    while (!text.empty()) {
        if (count == 8)
            return {};
        std::size_t length = 0;
        unsigned piece = 0;
        for (; length < 4 && length < text.size() && hex_value(text[length]) >= 0; ++length)
            piece = piece * 16 + static_cast<unsigned>(hex_value(text[length]));
        if (length < text.size() && text[length] == '.') {
            if (count > 6 || !parse_embedded_ipv4(text, &pieces[count]))
                return {};
            count += 2;
            break;
        }
        if (length == 0)
            return {};
        pieces[count++] = static_cast<std::uint16_t>(piece);
        text.remove_prefix(length);
        if (text.empty())
            break;
        if (text[0] != ':' || text.size() == 1)
            return {};
        text.remove_prefix(1);
        if (text[0] == ':') {
            if (gap)
                return {};
            gap = count;
            text.remove_prefix(1);
        }
    }
    if (gap && count == 8)
        return {};
    if (!gap && count != 8)
        return {};
    if (gap)
        std::rotate(pieces.begin() + *gap, pieces.begin() + count, pieces.end());
    return pieces;
}

const char* parse_ipv6(std::string_view text, std::string& out)
{
    const auto pieces = read_ipv6(text);
    if (!pieces)
        return "its host is no IPv6 address";

    // The first longest run of zeros, if there are two at least, becomes "::".
    std::size_t gap = 8, gap_length = 1;
    for (std::size_t begin = 0; begin < 8; ++begin) {
        std::size_t end = begin;
        while (end < 8 && (*pieces)[end] == 0)
            ++end;
        if (end - begin > gap_length) {
            gap = begin;
            gap_length = end - begin;
        }
    }
    out += '[';
    for (std::size_t i = 0; i < 8;) {
        if (i == gap) {
            out += i == 0 ? "::" : ":";
            i += gap_length;
            continue;
        }
        char digits[4];
        out.append(digits, std::to_chars(digits, digits + 4, (*pieces)[i], 16).ptr);
        if (++i < 8)
            out += ':';
    }
    out += ']';
    return nullptr;
}

} // namespace

const char* parse_host(std::string_view host, bool special, std::string& out)
{
    if (host.starts_with('[')) {
        if (!host.ends_with(']'))
            return "a bracket in its host is not closed";
        return parse_ipv6(host.substr(1, host.size() - 2), out);
    }
    if (!special) {
        if (host.find_first_of(forbidden_in_hosts) != std::string_view::npos)
            return "its host has a character that none may have";
        append_encoded(out, host, control_set);
        return nullptr;
    }

    std::string domain;
    const bool encoded = host.find('%') != std::string_view::npos;
    if (const char* const problem = domain_to_ascii(encoded ? domain = percent_decode(host) : host, out))
        return problem;
    if (out.empty())
        return "it has no host";
    if (std::ranges::any_of(out, is_forbidden_in_domains))
        return "its host has a character that none may have";
    if (ends_in_number(out)) {
        const std::string number = std::exchange(out, {});
        return parse_ipv4(number, out);
    }
    return nullptr;
}

} // namespace simul::detail
