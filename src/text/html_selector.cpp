// SPDX-License-Identifier: MIT
#include "html_selector.hpp"

#include "ascii.hpp"
#include "utf8.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <charconv>

namespace simul::html::detail {

using namespace simul::detail;

namespace {

bool is_space(char c)
{
    return white_space.find(c) != std::string_view::npos;
}

std::string in_lower_case(std::string text)
{
    for (char& c : text)
        c = lower(c);
    return text;
}

} // namespace

bool has_word(std::string_view words, std::string_view word) noexcept
{
    if (word.empty() || word.find_first_of(white_space) != std::string_view::npos)
        return false;
    for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || is_space(words[at - 1])) && (end == words.size() || is_space(words[end])))
            return true;
    }
    return false;
}

class selector_parser {
public:
    selector_parser(std::string_view text, const tree& of) : text_(text), tree_(of) {}

    std::vector<selector::complex> parse()
    {
        std::vector<selector::complex> alternatives;
        do {
            skip_space();
            alternatives.push_back(parse_complex());
        } while (take(','));
        if (at_ < text_.size())
            fail("this can't stand here");
        return alternatives;
    }

private:
    using test = selector::test;
    using condition = selector::condition;

    static constexpr std::size_t most_parts = 64;

    [[noreturn]] void fail(std::string_view what) const
    {
        constexpr std::size_t most = 100;
        throw error(std::errc::invalid_argument, "selector \"" + std::string(text_.substr(0, most)) +
                                                     (text_.size() > most ? "...\"" : "\"") + ", character " +
                                                     std::to_string(at_ + 1) + ": " + std::string(what));
    }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool take(char c)
    {
        const bool there = at_ < text_.size() && text_[at_] == c;
        at_ += there;
        return there;
    }
    bool skip_space()
    {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_space(text_[at_]))
            ++at_;
        return at_ > begin;
    }

    selector::complex parse_complex()
    {
        selector::complex parts;
        parts.push_back(parse_compound(0));
        for (;;) {
            const bool spaced = skip_space();
            char combinator = peek();
            if (combinator == '>' || combinator == '+' || combinator == '~') {
                ++at_;
                skip_space();
            } else if (spaced && combinator != '\0' && combinator != ',') {
                combinator = ' ';
            } else {
                return parts;
            }
            if (parts.size() == most_parts)
                fail("it has more than 64 parts");
            parts.push_back(parse_compound(combinator));
        }
    }

    selector::compound parse_compound(char combinator)
    {
        selector::compound compound;
        compound.combinator = combinator;
        const std::size_t begin = at_;
        if (!take('*') && begins_identifier())
            compound.conditions.push_back(parse_name());
        while (is_simple(peek()))
            compound.conditions.push_back(parse_simple());
        if (at_ == begin)
            fail(at_ < text_.size() ? "expected a tag, \"#\", \".\", \"[\" or \":\"" : "expected more, got the end");
        return compound;
    }

    static bool is_simple(char c) { return c == '#' || c == '.' || c == '[' || c == ':'; }

    condition parse_name()
    {
        // HTML's names are lower-case, some of SVG's are not.
        const std::string name = parse_identifier();
        std::uint32_t number = tree_.find_name(in_lower_case(name));
        if (number == 0)
            number = tree_.find_name(name);
        condition made{.kind = number > 0 ? test::name : test::none, .name = {}, .value = {}};
        made.number = number;
        return made;
    }

    condition parse_simple()
    {
        if (take('#'))
            return {.kind = test::equals, .name = "id", .value = parse_identifier()};
        if (take('.'))
            return {.kind = test::word, .name = "class", .value = parse_identifier()};
        if (take('['))
            return parse_attribute();
        ++at_;
        return parse_pseudo_class();
    }

    condition parse_attribute()
    {
        skip_space();
        condition made{.kind = test::has, .name = in_lower_case(parse_identifier()), .value = {}};
        skip_space();
        if (take(']'))
            return made;
        constexpr std::pair<char, test> operators[] = {
            {'~', test::word}, {'|', test::dash}, {'^', test::begins}, {'$', test::ends}, {'*', test::contains}};
        made.kind = test::equals;
        for (const auto& [sign, kind] : operators)
            if (take(sign))
                made.kind = kind;
        if (!take('='))
            fail("expected \"]\", \"=\", \"~=\", \"|=\", \"^=\", \"$=\" or \"*=\"");
        skip_space();
        made.value = peek() == '"' || peek() == '\'' ? parse_string() : parse_identifier();
        skip_space();
        if (!take(']'))
            fail("expected \"]\"");
        return made;
    }

    condition parse_pseudo_class()
    {
        const std::size_t begin = at_;
        const std::string name = in_lower_case(parse_identifier());
        if (name == "first-child")
            return {.kind = test::nth, .name = {}, .value = {}, .offset = 1};
        if (name == "last-child")
            return {.kind = test::last, .name = {}, .value = {}};
        if (name == "nth-child" && take('('))
            return parse_nth();
        if (name == "not" && take('(')) {
            skip_space();
            condition inner;
            if (begins_identifier())
                inner = parse_name();
            else if (is_simple(peek()) && text_.substr(at_, 5) != ":not(")
                inner = parse_simple();
            else
                fail("expected one tag, class, id, attribute or other pseudo-class");
            inner.negated = true;
            skip_space();
            if (!take(')'))
                fail("expected \")\"");
            return inner;
        }
        at_ = begin;
        fail("this is none of :first-child, :last-child, :nth-child(...) and :not(...)");
    }

    /// "odd", "even", "3", "2n+1", "-n + 3".
    condition parse_nth()
    {
        condition made{.kind = test::nth, .name = {}, .value = {}};
        skip_space();
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != ')')
            ++at_;
        std::string formula;
        for (const char c : text_.substr(begin, at_ - begin))
            if (!is_space(c))
                formula += c;
        formula = in_lower_case(std::move(formula));
        if (!take(')'))
            fail("expected \")\"");

        if (formula == "odd")
            formula = "2n+1";
        else if (formula == "even")
            formula = "2n";
        const std::size_t n = formula.find('n');
        const std::string step = n == std::string::npos ? "0" : formula.substr(0, n);
        const std::string offset = n == std::string::npos ? formula : formula.substr(n + 1);
        const bool stepped = step.empty() || step == "+" || step == "-";
        if (stepped)
            made.step = step == "-" ? -1 : 1;
        if ((!stepped && !parse_number(step, made.step)) || (!offset.empty() && !parse_number(offset, made.offset)) ||
            formula.empty() || (n != std::string::npos && !offset.empty() && is_digit(offset[0]))) {
            at_ = begin;
            fail("expected a formula such as 2n+1, odd or 3");
        }
        return made;
    }

    static bool parse_number(std::string_view text, int& to)
    {
        if (text.starts_with('+') && text.size() > 1 && is_digit(text[1]))
            text.remove_prefix(1);
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), to);
        return problem == std::errc() && end == text.data() + text.size() && to > -1'000'000'000 && to < 1'000'000'000;
    }

    static bool continues_identifier(char c)
    {
        return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80 || c == '\\';
    }
    bool begins_identifier() const
    {
        const char c = peek() == '-' ? peek(1) : peek();
        return at_ < text_.size() && continues_identifier(c) && !is_digit(c);
    }

    std::string parse_identifier()
    {
        if (!begins_identifier())
            fail("expected a name");
        std::string name;
        while (at_ < text_.size() && continues_identifier(text_[at_])) {
            if (text_[at_] == '\\')
                parse_escape(name);
            else
                name += text_[at_++];
        }
        return name;
    }

    std::string parse_string()
    {
        const std::size_t begin = at_;
        const char quote = text_[at_++];
        std::string string;
        while (at_ < text_.size() && text_[at_] != quote) {
            if (text_[at_] == '\\')
                parse_escape(string);
            else
                string += text_[at_++];
        }
        if (!take(quote)) {
            at_ = begin;
            fail("a string has no end");
        }
        return string;
    }

    /// "\:" is ":", and "\3a " is it too.
    void parse_escape(std::string& to)
    {
        ++at_;
        if (at_ == text_.size())
            fail("nothing follows the backslash");
        std::uint32_t character = 0;
        int digits = 0;
        for (; digits < 6 && hex_value(peek()) >= 0; ++digits, ++at_)
            character = character * 16 + static_cast<std::uint32_t>(hex_value(peek()));
        if (digits == 0) {
            to += text_[at_++];
            return;
        }
        const bool exists = character > 0 && character < 0x110000 && (character < 0xd800 || character > 0xdfff);
        append_utf8(to, exists ? character : 0xfffd);
        if (is_space(peek()) && at_ < text_.size())
            ++at_;
    }

    std::string_view text_;
    const tree& tree_;
    std::size_t at_ = 0;
};

selector::selector(std::string_view text, const tree& of) : tree_(&of), alternatives_(selector_parser(text, of).parse())
{
}

bool selector::matches(std::uint32_t element) const
{
    return std::ranges::any_of(
        alternatives_, [&](const complex& each) { return match(each, each.size() - 1, element) == outcome::matches; });
}

bool selector::depends_on_element_alone() const noexcept
{
    const auto alone = [](const condition& each) { return each.kind != test::nth && each.kind != test::last; };
    return std::ranges::all_of(alternatives_, [&](const complex& each) {
        return each.size() == 1 && std::ranges::all_of(each.front().conditions, alone);
    });
}

bool selector::matches(const compound& compound, std::uint32_t element) const
{
    return std::ranges::all_of(compound.conditions,
                               [&](const condition& each) { return matches(each, element) != each.negated; });
}

bool selector::matches(const condition& condition, std::uint32_t element) const
{
    const node& at = tree_->nodes[element];
    switch (condition.kind) {
    case test::name:
        return at.name == condition.number;
    case test::none:
        return false;
    case test::last:
        return tree_->next_element(element) == 0;
    case test::nth: {
        const auto distance = static_cast<std::int64_t>(at.ordinal) - condition.offset;
        return condition.step == 0 ? distance == 0 : distance % condition.step == 0 && distance / condition.step >= 0;
    }
    default:
        break;
    }

    const auto value = tree_->attribute_of(element, condition.name);
    if (!value)
        return false;
    const std::string_view wanted = condition.value;
    switch (condition.kind) {
    case test::has:
        return true;
    case test::equals:
        return *value == wanted;
    case test::word:
        return has_word(*value, wanted);
    case test::dash:
        return value->starts_with(wanted) && (value->size() == wanted.size() || (*value)[wanted.size()] == '-');
    case test::begins:
        return !wanted.empty() && value->starts_with(wanted);
    case test::ends:
        return !wanted.empty() && value->ends_with(wanted);
    default:
        return !wanted.empty() && value->find(wanted) != std::string_view::npos;
    }
}

/// Whether `element` is meant by the parts up to `last`. From right to left; it goes one level deeper for each part.
selector::outcome selector::match(const complex& complex, std::size_t last, std::uint32_t element) const
{
    const compound& part = complex[last];
    if (!matches(part, element))
        return outcome::fails;
    if (last == 0)
        return outcome::matches;

    const auto parent_of = [&](std::uint32_t of) { return tree_->nodes[of].parent; }; // 0: the document
    const auto previous_of = [&](std::uint32_t of) { return tree_->nodes[of].previous; };
    switch (part.combinator) {
    case '>': {
        const std::uint32_t parent = parent_of(element);
        if (parent == 0)
            return outcome::nothing_helps;
        const outcome result = match(complex, last - 1, parent);
        return result == outcome::no_sibling_helps ? outcome::fails : result;
    }
    case ' ':
        for (std::uint32_t outer = parent_of(element); outer != 0; outer = parent_of(outer)) {
            const outcome result = match(complex, last - 1, outer);
            if (result == outcome::matches || result == outcome::nothing_helps)
                return result;
        }
        return outcome::nothing_helps;
    case '+': {
        const std::uint32_t before = previous_of(element);
        return before == element ? outcome::no_sibling_helps : match(complex, last - 1, before);
    }
    default:
        for (std::uint32_t at = element, before = previous_of(at); before != at;
             at = before, before = previous_of(at)) {
            const outcome result = match(complex, last - 1, before);
            if (result != outcome::fails)
                return result;
        }
        return outcome::no_sibling_helps;
    }
}

} // namespace simul::html::detail
