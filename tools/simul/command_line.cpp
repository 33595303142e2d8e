// SPDX-License-Identifier: MIT
#include "command_line.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <numeric>
#include <utility>

namespace cli {

namespace {

template <class Number> bool read_number(std::string_view text, Number& to)
{
    const char* const end = text.data() + text.size();
    const auto [behind, failure] = std::from_chars(text.data(), end, to);
    return failure == std::errc() && behind == end;
}

/// A number and its unit: "2.5" and "ms" of "2.5ms".
std::pair<std::optional<double>, std::string_view> split_unit(std::string_view text)
{
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    if (!read_number(text.substr(0, digits), number))
        return {std::nullopt, {}};
    return {number, text.substr(digits)};
}

std::chrono::nanoseconds read_duration(std::string_view text)
{
    struct unit {
        std::string_view name;
        double ns;
    };
    constexpr unit units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}};
    const auto [number, name] = split_unit(text);
    const auto known = std::ranges::find(units, name, &unit::name);
    if (!number || known == std::end(units) || *number * known->ns > 1e18)
        throw usage_error("a time such as 30s, 250ms or 2m");
    return std::chrono::nanoseconds(static_cast<std::int64_t>(*number * known->ns));
}

std::size_t read_byte_count(std::string_view text)
{
    const auto [number, name] = split_unit(text);
    constexpr std::string_view units = "KMGT";
    const std::size_t unit = name.empty() ? 0 : units.find(name.front()) + 1;
    const bool known = name.empty() || (unit > 0 && (name.size() == 1 || name.substr(1) == "iB"));
    const double bytes = number.value_or(-1) * static_cast<double>(std::size_t{1} << (10 * unit));
    if (!known || bytes < 0 || bytes > 1e18)
        throw usage_error("a number of bytes such as 500K or 64M");
    return static_cast<std::size_t>(bytes);
}

/// "genres, powers or titles"
std::string listed(const std::vector<std::string>& words)
{
    const auto last = words.end() - 1;
    return words.size() == 1 ? *last : fmt::format("{} or {}", fmt::join(words.begin(), last, ", "), *last);
}

/// How many letters have to be changed, added or left out.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
        }
    }
    return row.back();
}

} // namespace

option_names::option_names(std::initializer_list<std::string_view> parts)
{
    for (const std::string_view part : parts)
        (part.starts_with("--") ? long_name : part.starts_with('-') ? short_name : takes) = part;
}

// ---- declaring

void command_line::add(option_names names, std::string help, std::function<void(std::string_view)> assign,
                       std::vector<std::string> choices)
{
    options_.push_back({std::move(names), std::move(help), std::move(choices), std::move(assign)});
}

void command_line::option(option_names names, bool& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view) { to = true; });
}

void command_line::option(option_names names, std::string& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) { to = value; });
}

void command_line::option(option_names names, std::optional<std::string>& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) { to = value; });
}

void command_line::option(option_names names, std::vector<std::string>& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) { to.emplace_back(value); });
}

void command_line::option(option_names names, int& to, std::string help, int least, int most)
{
    add(std::move(names), std::move(help), [&to, least, most](std::string_view value) {
        int number = 0;
        if (!read_number(value, number) || number < least || number > most)
            throw usage_error(fmt::format("a number from {} to {}", least, most));
        to = number;
    });
}

void command_line::option(option_names names, std::chrono::nanoseconds& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) { to = read_duration(value); });
}

void command_line::option(option_names names, byte_count& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) { to.value = read_byte_count(value); });
}

void command_line::option(option_names names, double& to, std::string help)
{
    add(std::move(names), std::move(help), [&to](std::string_view value) {
        if (!read_number(value, to))
            throw usage_error("a number");
    });
}

void command_line::choice(option_names names, std::string& to, std::vector<std::string> choices, std::string help)
{
    const auto assign = [&to, choices](std::string_view value) {
        if (std::ranges::find(choices, value) == choices.end())
            throw usage_error(listed(choices));
        to = value;
    };
    add(std::move(names), std::move(help), assign, choices);
}

void command_line::option(option_names names, std::function<void(std::string_view)> assign, std::string help)
{
    add(std::move(names), std::move(help), std::move(assign));
}

void command_line::argument(std::string name, std::string& to, std::vector<std::string> words)
{
    positionals_.push_back({std::move(name), std::move(words), [&to](std::string_view value) { to = value; }, false, false});
}

void command_line::argument(std::string name, std::optional<std::string>& to)
{
    positionals_.push_back({std::move(name), {}, [&to](std::string_view value) { to = value; }, true, false});
}

void command_line::rest(std::string name, std::vector<std::string>& to, std::vector<std::string> words)
{
    positionals_.push_back({std::move(name), std::move(words), [&to](std::string_view value) { to.emplace_back(value); }, true, true});
}

// ---- reading

const command_line::option_info& command_line::find_long(std::string_view name) const
{
    const auto found =
        std::ranges::find(options_, name, [](const option_info& each) { return std::string_view(each.names.long_name); });
    if (found != options_.end())
        return *found;
    std::vector<std::string_view> known;
    for (const option_info& each : options_)
        if (!each.help.empty())
            known.push_back(each.names.long_name);
    const std::string_view meant = nearest(name, known);
    throw usage_error(meant.empty() ? fmt::format("there is no option {}", name)
                                    : fmt::format("there is no option {}; did you mean {}?", name, meant));
}

const command_line::option_info& command_line::find_short(char name) const
{
    for (const option_info& each : options_)
        if (each.names.short_name.ends_with(name) && each.names.short_name.size() == 2)
            return each;
    throw usage_error(fmt::format("there is no option -{}", name));
}

void command_line::assign(const option_info& to, std::string_view shown, std::string_view value)
{
    try {
        to.assign(value);
    } catch (const usage_error& expected) {
        throw usage_error(fmt::format("{} takes {}, not \"{}\"", shown, expected.what(), value));
    }
}

void command_line::parse(const std::vector<std::string>& arguments) const
{
    std::vector<std::string> positional;
    bool options_ended = false;
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        const std::string_view text = *at;
        const auto following = [&](const option_info& of, std::string_view shown) -> std::string_view {
            if (at + 1 == arguments.end())
                throw usage_error(fmt::format("{} takes a value: {} {}", shown, shown, of.names.takes));
            return *++at;
        };
        if (options_ended || text.size() < 2 || !text.starts_with('-')) {
            positional.emplace_back(text);
        } else if (text == "--") {
            options_ended = true;
        } else if (text.starts_with("--")) {
            const std::size_t equals = text.find('=');
            const std::string_view name = text.substr(0, equals);
            const option_info& found = find_long(name);
            const bool has_value = equals != std::string_view::npos;
            if (found.names.takes.empty() && has_value)
                throw usage_error(fmt::format("{} takes no value", name));
            assign(found, name,
                   has_value ? text.substr(equals + 1)
                             : found.names.takes.empty() ? std::string_view() : following(found, name));
        } else {
            for (std::size_t letter = 1; letter < text.size(); ++letter) {
                const option_info& found = find_short(text[letter]);
                const std::string_view behind = text.substr(letter + 1);
                if (found.names.takes.empty()) {
                    assign(found, found.names.short_name, {});
                    continue;
                }
                assign(found, found.names.short_name,
                       behind.empty() ? following(found, found.names.short_name) : behind);
                break;
            }
        }
    }
    assign_positionals(positional);
}

void command_line::assign_positionals(const std::vector<std::string>& given) const
{
    auto declared = positionals_.begin();
    for (const std::string& each : given) {
        if (declared == positionals_.end())
            throw usage_error(fmt::format("one argument too many: \"{}\"", each));
        if (const auto& words = declared->words; !words.empty() && std::ranges::find(words, each) == words.end())
            throw usage_error(fmt::format("{} is {}, not \"{}\"", declared->name, listed(words), each));
        declared->assign(each);
        if (!declared->repeated)
            ++declared;
    }
    if (declared != positionals_.end() && !declared->optional)
        throw usage_error(fmt::format("{} is missing", declared->name));
}

// ---- explaining

std::vector<command_line::option_info> command_line::options() const
{
    std::vector<option_info> told;
    std::ranges::copy_if(options_, std::back_inserter(told), [](const option_info& each) { return !each.help.empty(); });
    return told;
}

std::vector<std::string> command_line::words() const
{
    std::vector<std::string> all;
    for (const positional& each : positionals_)
        all.insert(all.end(), each.words.begin(), each.words.end());
    return all;
}

std::string command_line::synopsis() const
{
    std::string text = options().empty() ? "" : "[OPTIONS]";
    for (const positional& each : positionals_) {
        text += text.empty() ? "" : " ";
        const std::string name = each.name + (each.repeated ? "..." : "");
        text += each.optional ? "[" + name + "]" : name;
    }
    return text;
}

std::string command_line::options_text() const
{
    std::string text;
    for (const auto& [names, help, choices, assign] : options()) {
        std::string line = names.short_name.empty() ? "      " : fmt::format("  {}", names.short_name);
        if (!names.long_name.empty())
            line += (names.short_name.empty() ? "" : ", ") + names.long_name;
        if (!names.takes.empty())
            line += " " + names.takes;
        // The help stands in a column of its own, below names that reach into it.
        constexpr std::size_t column = 30;
        if (line.size() + 2 > column)
            text += line + "\n" + std::string(column, ' ');
        else
            text += line + std::string(column - line.size(), ' ');
        text += help + "\n";
    }
    return text;
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& known)
{
    std::string_view best;
    std::size_t least = std::max<std::size_t>(text.size() / 3, 1) + 1; // more than that is another word
    for (const std::string_view each : known) {
        if (const std::size_t now = distance(text, each); !each.empty() && now < least) {
            least = now;
            best = each;
        }
    }
    return best;
}

} // namespace cli
