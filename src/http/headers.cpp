// SPDX-License-Identifier: MIT
#include "field_syntax.hpp"
#include "scan.hpp"

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>
#include <simul/http/headers.hpp>

#include <algorithm>
#include <utility>

namespace simul::http {

using namespace detail;

namespace {

/// Readable, and not much of it: it may be an attacker's.
std::string shown(std::string_view text)
{
    constexpr std::size_t most = 40;
    constexpr char digits[] = "0123456789abcdef";
    std::string readable = "\"";
    for (const char c : text.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f)
            readable += c;
        else
            ((readable += "\\x") += digits[byte >> 4]) += digits[byte & 15];
    }
    return readable += text.size() > most ? "...\"" : "\"";
}

[[noreturn]] void refuse(std::string_view name, std::string_view reason)
{
    throw error(std::errc::invalid_argument, "header " + shown(name) + ": " + std::string(reason));
}

} // namespace

headers::headers(std::initializer_list<field> fields)
{
    for (const auto& [name, value] : fields)
        add(name, value);
}

std::size_t headers::find(std::string_view name, std::size_t from) const noexcept
{
    while (from < entries_.size() && !same_ignoring_case(field_of(entries_[from]).name, name))
        ++from;
    return from;
}

std::optional<std::string_view> headers::get(std::string_view name) const noexcept
{
    const std::size_t at = find(name);
    if (at == size())
        return {};
    return field_of(entries_[at]).value;
}

std::vector<std::string_view> headers::get_all(std::string_view name) const
{
    std::vector<std::string_view> values;
    for (std::size_t at = find(name); at < size(); at = find(name, at + 1))
        values.push_back(field_of(entries_[at]).value);
    return values;
}

bool headers::contains_member(std::string_view name, std::string_view member) const noexcept
{
    bool found = false;
    for (std::size_t at = find(name); at < size(); at = find(name, at + 1))
        for_each_member(field_of(entries_[at]).value,
                        [&](std::string_view each) { found = found || same_ignoring_case(each, member); });
    return found;
}

void headers::check(std::string_view name, std::string_view value, std::size_t given_up) const
{
    if (name.empty())
        refuse(name, "a header needs a name");
    if (const std::size_t bad = find_token_end(name); bad < name.size())
        refuse(name, "a name has letters, digits and !#$%&'*+-.^_`|~ only, not " + shown(name.substr(bad, 1)));
    if (const std::size_t bad = find_control(value); bad < value.size())
        refuse(name, "a value can't have " + shown(value.substr(bad, 1)));
    if (name.size() > longest_name)
        throw limit_exceeded("header " + shown(name) + ": a name of more than 1024 bytes");
    if (name.size() + value.size() + around_value > most_bytes - (lines_.size() - given_up))
        throw limit_exceeded("header " + shown(name) + ": makes more than 1 MiB of headers");
}

/// For one more field, so that it is added wholly or not at all.
void headers::make_room(std::size_t line_size)
{
    constexpr std::size_t usual_fields = 8, usual_bytes = 256;
    if (entries_.size() == entries_.capacity())
        entries_.reserve(std::max(usual_fields, 2 * entries_.size()));
    if (line_size > lines_.capacity() - lines_.size())
        lines_.reserve(std::max({usual_bytes, 2 * lines_.size(), lines_.size() + line_size}));
}

void headers::add_checked(std::string_view name, std::string_view value, std::string_view line)
{
    const std::size_t size = name.size() + value.size() + around_value;
    if (!has_room(size))
        make_room(size);
    const auto begin = static_cast<std::uint32_t>(lines_.size());
    if (line.size() == size && line[name.size() + 1] == ' ')
        lines_.append(line);
    else
        lines_.append(name).append(": ").append(value).append("\r\n");
    entries_.push_back({begin, static_cast<std::uint32_t>(value.size()), static_cast<std::uint16_t>(name.size())});
}

void headers::add(std::string_view name, std::string_view value)
{
    value = trimmed(value);
    check(name, value, 0);
    if (lines_.empty() || has_room(name.size() + value.size() + around_value))
        return add_checked(name, value, {});
    const std::string kept_name(name), kept_value(value); // they may be views of what moves
    add_checked(kept_name, kept_value, {});
}

void headers::add(const headers& others)
{
    const std::size_t before = lines_.size(), count = others.size();
    if (others.lines_.size() > most_bytes - before)
        throw limit_exceeded("headers: together they are more than 1 MiB");
    entries_.reserve(size() + count);
    lines_.append(others.lines_);
    for (std::size_t i = 0; i < count; ++i) {
        entry added = others.entries_[i];
        added.begin += static_cast<std::uint32_t>(before);
        entries_.push_back(added);
    }
}

void headers::set(std::string_view name, std::string_view value)
{
    const std::size_t at = find(name);
    if (at == size())
        return add(name, value);
    value = trimmed(value);
    check(name, value, line_size(entries_[at]));

    const std::string line = std::string(name).append(": ").append(value).append("\r\n");
    entry& changed = entries_[at];
    const std::size_t old_size = line_size(changed);
    lines_.replace(changed.begin, old_size, line);
    changed.name_size = static_cast<std::uint16_t>(line.size() - value.size() - around_value);
    changed.value_size = static_cast<std::uint32_t>(value.size());
    for (std::size_t i = at + 1; i < size(); ++i)
        entries_[i].begin += static_cast<std::uint32_t>(line.size() - old_size); // modulo 2^32 when it shrinks
    const std::string_view set_name(line.data(), changed.name_size);
    for (std::size_t other = find(set_name, at + 1); other < size(); other = find(set_name, other))
        erase_at(other);
}

void headers::erase_at(std::size_t index) noexcept
{
    const entry gone = entries_[index];
    lines_.erase(gone.begin, line_size(gone));
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
    for (std::size_t i = index; i < size(); ++i)
        entries_[i].begin -= static_cast<std::uint32_t>(line_size(gone));
}

std::size_t headers::erase(std::string_view name) noexcept
{
    const std::size_t before = size();
    const std::size_t at = find(name);
    if (at == before)
        return 0;
    const std::string_view stays = field_of(entries_[at]).name; // until the end, and `name` may be a view of another
    for (std::size_t other = find(stays, at + 1); other < size(); other = find(stays, other))
        erase_at(other);
    erase_at(at);
    return before - size();
}

void headers::clear() noexcept
{
    lines_.clear();
    entries_.clear();
}

} // namespace simul::http
