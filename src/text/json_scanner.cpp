// SPDX-License-Identifier: MIT
#include "json_scanner.hpp"

#include "ascii.hpp"
#include "utf8.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace simul::json::detail {

namespace {

using namespace simul::detail;

class scanner {
public:
    scanner(std::string_view text, unsigned max_depth) : text_(text), max_depth_(max_depth) {}

    std::size_t at() const { return at_; }
    bool skip_value(unsigned depth = 0);
    problem check_all();
    /// From an array or object into its element or member number `ordinal`.
    void enter(std::size_t ordinal);

    void skip_space()
    {
        while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
            ++at_;
    }

private:
    bool fail(const char* what) { return fail_at(what, at_); }
    bool fail_at(const char* what, std::size_t offset)
    {
        found_ = {what, offset};
        return false;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c)
    {
        const bool there = at_ < text_.size() && text_[at_] == c;
        at_ += there;
        return there;
    }
    bool skip_elements(unsigned depth);
    bool skip_members(unsigned depth);
    bool skip_name();
    bool skip_string();
    bool skip_escape();
    bool skip_number();
    bool skip_digits();
    int take_unit();

    std::string_view text_;
    std::size_t at_ = 0;
    unsigned max_depth_;
    problem found_;
};

bool scanner::skip_value(unsigned depth)
{
    skip_space();
    switch (peek()) {
    case '[':
        return skip_elements(depth + 1);
    case '{':
        return skip_members(depth + 1);
    case '"':
        return skip_string();
    case 't':
    case 'f':
    case 'n':
        for (const std::string_view word : {"true", "false", "null"}) {
            if (text_.substr(at_).starts_with(word)) {
                at_ += word.size();
                return true;
            }
        }
        return fail("expected a value");
    default:
        if (peek() == '-' || is_digit(peek()))
            return skip_number();
        return fail(at_ < text_.size() ? "expected a value" : "expected a value, got the end");
    }
}

bool scanner::skip_elements(unsigned depth)
{
    const std::size_t begin = at_++;
    skip_space();
    if (take(']'))
        return true;
    if (depth > max_depth_) // simdjson doesn't count what is empty
        return fail_at("is nested too deep", begin);
    while (skip_value(depth)) {
        skip_space();
        if (take(']'))
            return true;
        if (!take(','))
            return fail(at_ < text_.size() ? "expected \",\" or \"]\"" : "expected \",\" or \"]\", got the end");
    }
    return false;
}

bool scanner::skip_members(unsigned depth)
{
    const std::size_t begin = at_++;
    skip_space();
    if (take('}'))
        return true;
    if (depth > max_depth_) // simdjson doesn't count what is empty
        return fail_at("is nested too deep", begin);
    while (skip_name() && skip_value(depth)) {
        skip_space();
        if (take('}'))
            return true;
        if (!take(','))
            return fail(at_ < text_.size() ? "expected \",\" or \"}\"" : "expected \",\" or \"}\", got the end");
    }
    return false;
}

bool scanner::skip_name()
{
    skip_space();
    if (peek() != '"')
        return fail(at_ < text_.size() ? "expected a name in quotes" : "expected a name, got the end");
    if (!skip_string())
        return false;
    skip_space();
    return take(':') || fail("expected \":\"");
}

bool scanner::skip_string()
{
    const std::size_t begin = at_++;
    while (at_ < text_.size()) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (take('"'))
            return true;
        if (c < 0x20)
            return fail("a control character in a string");
        if (c == '\\') {
            if (!skip_escape())
                return false;
            continue;
        }
        const std::size_t length = utf8_length(text_.substr(at_));
        if (length == 0)
            return fail("this is no UTF-8");
        at_ += length;
    }
    return fail_at("a string has no end", begin);
}

bool scanner::skip_escape()
{
    const std::size_t begin = at_++;
    const char c = peek();
    ++at_;
    if (c != 'u')
        return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos ||
               fail_at("an escape that JSON doesn't have", begin);
    const int first = take_unit();
    if (first < 0)
        return fail_at("\"\\u\" is followed by four hexadecimal digits", begin);
    if (first >= 0xdc00 && first < 0xe000)
        return fail_at("the second half of a surrogate pair, without the first", begin);
    if (first >= 0xd800 && first < 0xdc00) {
        const int second = take('\\') && take('u') ? take_unit() : -1;
        if (second < 0xdc00 || second >= 0xe000)
            return fail_at("the first half of a surrogate pair, without the second", begin);
    }
    return true;
}

int scanner::take_unit()
{
    int unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        const int digit = hex_value(peek());
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

bool scanner::skip_digits()
{
    const std::size_t begin = at_;
    while (is_digit(peek()))
        ++at_;
    return at_ > begin || fail("expected a digit");
}

bool scanner::skip_number()
{
    const std::size_t begin = at_;
    take('-');
    if (take('0')) {
        if (is_digit(peek()))
            return fail_at("a number with a leading zero", begin);
    } else if (!skip_digits()) {
        return false;
    }
    bool integer = true;
    if (take('.')) {
        integer = false;
        if (!skip_digits())
            return false;
    }
    if (take('e') || take('E')) {
        integer = false;
        if (!take('+'))
            take('-');
        if (!skip_digits())
            return false;
    }
    double number = 0;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    // Too small a number is zero, too large a one can't be said. An integer this large is as much out of range.
    if (result.ec == std::errc::result_out_of_range &&
        (integer || !(std::abs(std::strtod(std::string(digits).c_str(), nullptr)) < 1)))
        return fail_at("a number that is too large", begin);
    return true;
}

problem scanner::check_all()
{
    if (!skip_value())
        return found_;
    skip_space();
    if (at_ < text_.size())
        return {"something follows the value", at_};
    return {};
}

void scanner::enter(std::size_t ordinal)
{
    skip_space();
    const bool object = peek() == '{';
    ++at_;
    for (;; --ordinal) {
        if (object)
            skip_name();
        skip_space();
        if (ordinal == 0)
            return;
        skip_value();
        skip_space();
        take(',');
    }
}

} // namespace

problem find_problem(std::string_view text, unsigned max_depth)
{
    if (text.find_first_not_of(" \t\n\r") == std::string_view::npos)
        return {"the text is empty", 0};
    return scanner(text, max_depth).check_all();
}

std::size_t find_value(std::string_view text, std::span<const std::size_t> ordinals)
{
    scanner walk(text, ~0u);
    walk.skip_space();
    for (const std::size_t ordinal : ordinals)
        walk.enter(ordinal);
    return walk.at();
}

std::string large_integers_as_real(std::string_view text)
{
    std::string changed;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        if (text[at] == '"') { // strings stay as they are
            for (++at; at < text.size() && text[at] != '"'; ++at)
                at += text[at] == '\\';
            at = std::min(at + 1, text.size());
            changed += text.substr(begin, at - begin);
            continue;
        }
        while (at < text.size() && std::string_view("+-.eE0123456789").find(text[at]) != std::string_view::npos)
            ++at;
        if (at == begin) {
            changed += text[at++];
            continue;
        }
        const std::string_view number = text.substr(begin, at - begin);
        changed += number;
        std::uint64_t fits;
        std::int64_t fits_signed;
        const auto overflows = [&](auto& to) {
            return std::from_chars(number.data(), number.data() + number.size(), to).ec ==
                   std::errc::result_out_of_range;
        };
        if (number.find_first_of(".eE") == std::string_view::npos &&
            (number[0] == '-' ? overflows(fits_signed) : overflows(fits)))
            changed += ".0";
    }
    return changed;
}

} // namespace simul::json::detail
