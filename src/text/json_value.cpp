// SPDX-License-Identifier: MIT
#include "ascii.hpp"
#include "json_words.hpp"
#include "utf8.hpp"

#include <simul/text/json.hpp>

#include <algorithm>

namespace simul::json {

object::object() noexcept = default;
object::object(const object& other) = default;
object::object(object&& other) noexcept = default;
object& object::operator=(const object& other) = default;
object& object::operator=(object&& other) noexcept = default;
object::~object() = default;

object::object(std::initializer_list<member> members) : members_(members)
{
    if (find_duplicate())
        keep_last_of_duplicates();
}

const value* object::find(std::string_view name) const noexcept
{
    const auto found = std::ranges::find(members_, name, &member::name);
    return found == members_.end() ? nullptr : &found->value;
}

value* object::find(std::string_view name) noexcept
{
    return const_cast<value*>(std::as_const(*this).find(name));
}

value& object::operator[](std::string_view name)
{
    if (value* const found = find(name))
        return *found;
    return members_.emplace_back(member{std::string(name), {}}).value;
}

bool object::erase(std::string_view name)
{
    return std::erase_if(members_, [&](const member& each) { return each.name == name; }) > 0;
}

std::size_t object::size() const noexcept
{
    return members_.size();
}
const member* object::begin() const noexcept
{
    return members_.data();
}
const member* object::end() const noexcept
{
    return members_.data() + members_.size();
}
member* object::begin() noexcept
{
    return members_.data();
}
member* object::end() noexcept
{
    return members_.data() + members_.size();
}

namespace {

std::vector<const member*> by_name(const std::vector<member>& members)
{
    std::vector<const member*> sorted(members.size());
    std::ranges::transform(members, sorted.begin(), [](const member& each) { return &each; });
    std::ranges::sort(sorted, [](const member* a, const member* b) {
        const int order = a->name.compare(b->name);
        return order != 0 ? order < 0 : a < b; // of one array
    });
    return sorted;
}

bool same_name(const member* a, const member* b)
{
    return a->name == b->name;
}

} // namespace

/// One whose name stands before already; null when there is none.
const member* object::find_duplicate() const
{
    constexpr std::size_t few = 12;
    if (members_.size() > few) {
        const auto sorted = by_name(members_);
        const auto found = std::ranges::adjacent_find(sorted, same_name);
        return found == sorted.end() ? nullptr : *found;
    }
    for (auto each = members_.begin(); each != members_.end(); ++each)
        for (auto before = members_.begin(); before != each; ++before)
            if (before->name == each->name)
                return &*each;
    return nullptr;
}

void object::keep_last_of_duplicates()
{
    const auto sorted = by_name(members_);
    std::vector<bool> overridden(members_.size());
    for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
        overridden[static_cast<std::size_t>(sorted[i] - members_.data())] = same_name(sorted[i], sorted[i + 1]);
    std::size_t number = 0;
    std::erase_if(members_, [&](const member&) { return overridden[number++]; });
}

bool operator==(const object& a, const object& b)
{
    if (a.size() != b.size())
        return false;
    return a.members_ == b.members_ ||
           std::ranges::equal(
               by_name(a.members_), by_name(b.members_), {}, [](const member* each) -> const member& { return *each; },
               [](const member* each) -> const member& { return *each; });
}

value::value(array elements) noexcept : held_(std::move(elements))
{
}
value::value(object members) noexcept : held_(std::move(members))
{
}
value::value(const value& other) = default;
value::value(value&& other) noexcept = default;
value& value::operator=(const value& other) = default;
value& value::operator=(value&& other) noexcept = default;
value::~value() = default;

bool operator==(const value& a, const value& b)
{
    return a.held_ == b.held_;
}

namespace {

[[noreturn]] void refuse(std::string path, std::string what)
{
    throw error("JSON: " + path + ": " + std::move(what), 0, 0, path);
}

template <class T, class Value> auto& get_or_refuse(Value* held, const value& of, const char* what)
{
    if (auto* const got = std::get_if<T>(held))
        return *got;
    refuse("$", std::string("expected ") + what + ", got " + detail::in_words(of));
}

} // namespace

const std::string& value::string() const
{
    return get_or_refuse<std::string>(&held_, *this, "a string");
}
const array& value::elements() const
{
    return get_or_refuse<array>(&held_, *this, "an array");
}
array& value::elements()
{
    return get_or_refuse<array>(&held_, *this, "an array");
}
const object& value::members() const
{
    return get_or_refuse<object>(&held_, *this, "an object");
}
object& value::members()
{
    return get_or_refuse<object>(&held_, *this, "an object");
}

std::size_t value::size() const noexcept
{
    if (const auto* const elements = std::get_if<array>(&held_))
        return elements->size();
    const auto* const members = std::get_if<object>(&held_);
    return members ? members->size() : 0;
}

const value* value::find(std::string_view name) const noexcept
{
    const auto* const members = std::get_if<object>(&held_);
    return members ? members->find(name) : nullptr;
}

const value& value::operator[](std::string_view name) const
{
    if (const value* const found = members().find(name))
        return *found;
    refuse("$", detail::has_no(name));
}

const value& value::operator[](std::size_t index) const
{
    const array& all = elements();
    if (index < all.size())
        return all[index];
    refuse("$", "expected more than " + std::to_string(index) + " elements, got " + detail::in_words(*this));
}

value& value::operator[](std::string_view name)
{
    if (is_null())
        held_.emplace<object>();
    return members()[name];
}

value& value::operator[](std::size_t index)
{
    return const_cast<value&>(std::as_const(*this)[index]);
}

namespace detail {

namespace {

/// Input is shown in errors, but no more of it than tells what it is.
std::string shown(std::string_view text)
{
    std::size_t most = 40;
    if (text.size() <= most)
        return std::string(text);
    while ((text[most] & 0xc0) == 0x80) // not in the middle of a character
        --most;
    return std::string(text.substr(0, most)) + "...";
}

bool is_plain_name(std::string_view name)
{
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return c == '_' || simul::detail::is_digit(c) || simul::detail::is_alpha(c);
    });
}

std::string quoted(std::string_view text)
{
    return simul::detail::find_invalid_utf8(text) == std::string_view::npos ? dump(shown(text)) : "\"...\"";
}

} // namespace

std::string in_words(const value& value)
{
    switch (value.kind()) {
    case kind::null:
    case kind::boolean:
        return dump(value);
    case kind::string:
        return "the string " + quoted(value.string());
    case kind::array:
        return "an array of " + std::to_string(value.size());
    case kind::object:
        return "an object";
    default:
        return "the number " + dump(value);
    }
}

void append_name(std::string& path, std::string_view name)
{
    if (is_plain_name(name))
        path.append(".").append(shown(name));
    else
        path.append("[").append(quoted(name)).append("]");
}

void append_index(std::string& path, std::size_t index)
{
    path.append("[").append(std::to_string(index)).append("]");
}

std::string has_no(std::string_view name)
{
    return "it has no " + quoted(name);
}

std::string has_twice(std::string_view name)
{
    return "it has " + quoted(name) + " twice";
}

std::string of_size(std::size_t size)
{
    return "an array of " + std::to_string(size);
}

std::string out_of_range(std::int64_t lowest, std::uint64_t highest)
{
    return "a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest);
}

std::string out_of_range(double lowest, double highest)
{
    return "a number from " + dump(lowest) + " to " + dump(highest);
}

void refuse_more_fields()
{
    throw error("JSON: a type has more than 256 fields", 0, 0, {});
}

bool value_at::get(bool& to) const noexcept
{
    const auto* const held = std::get_if<bool>(&at_->held_);
    to = held && *held;
    return held != nullptr;
}

bool value_at::get(std::int64_t& to) const noexcept
{
    const auto* const held = std::get_if<std::int64_t>(&at_->held_);
    to = held ? *held : 0;
    return held != nullptr;
}

bool value_at::get(std::uint64_t& to) const noexcept
{
    if (const auto* const held = std::get_if<std::uint64_t>(&at_->held_)) {
        to = *held;
        return true;
    }
    std::int64_t number = 0;
    const bool fits = get(number) && number >= 0;
    to = static_cast<std::uint64_t>(number);
    return fits;
}

bool value_at::get(double& to) const noexcept
{
    if (const auto* const held = std::get_if<double>(&at_->held_))
        to = *held;
    else if (const auto* const signed_one = std::get_if<std::int64_t>(&at_->held_))
        to = static_cast<double>(*signed_one);
    else if (const auto* const unsigned_one = std::get_if<std::uint64_t>(&at_->held_))
        to = static_cast<double>(*unsigned_one);
    else
        return false;
    return true;
}

bool value_at::get(std::string_view& to) const noexcept
{
    const auto* const held = std::get_if<std::string>(&at_->held_);
    if (held)
        to = *held;
    return held != nullptr;
}

namespace {

/// Appends the way from `outer` to `wanted`, if it is in there.
bool find_path(const value& outer, const value* wanted, std::string& path)
{
    if (&outer == wanted)
        return true;
    const std::size_t size = path.size();
    const auto is_in = [&](const value& inner) {
        if (find_path(inner, wanted, path))
            return true;
        path.resize(size);
        return false;
    };
    if (outer.kind() == kind::array) {
        for (std::size_t i = 0; i < outer.size(); ++i) {
            append_index(path, i);
            if (is_in(outer.elements()[i]))
                return true;
        }
    } else if (outer.kind() == kind::object) {
        for (const member& each : outer.members()) {
            append_name(path, each.name);
            if (is_in(each.value))
                return true;
        }
    }
    return false;
}

} // namespace

void value_at::refuse(std::string_view what) const
{
    std::string path = "$";
    find_path(*whole_, at_, path);
    json::refuse(std::move(path), std::string(what));
}

void value_at::expected(std::string_view what) const
{
    refuse(std::string("expected ").append(what).append(", got ").append(in_words(*at_)));
}

} // namespace detail
} // namespace simul::json
