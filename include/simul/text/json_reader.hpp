// SPDX-License-Identifier: MIT
//
// How JSON becomes a T: part of simul/text/json.hpp, which is what to include. The parser leaves a tape, values one after the
// other in 64-bit words; `tape_at` is a place on it. A `json::value` is read by the same templates, through `value_at`.
#pragma once

#include <simul/base/describe.hpp>
#include <simul/text/json_value.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

namespace simul::json {

/// What to do about fields of a struct that the JSON doesn't have.
enum class missing : std::uint8_t {
    refuse, ///< except where the field is an optional or a unique_ptr
    keep,   ///< the field keeps what its type gives it at first
};
/// What to do about a name that an object has twice.
enum class duplicates : std::uint8_t { refuse, last_wins };

struct options {
    std::size_t max_size = 64 << 20;
    unsigned max_depth = 256; ///< 1024 at most
    json::missing missing = json::missing::refuse;
    json::duplicates duplicates = json::duplicates::refuse;
};

namespace detail {

/// What was parsed, as simdjson leaves it (doc/tape.md there): in the upper byte of a word is what it is.
struct tape {
    const std::uint64_t* words;
    const char* strings;
    std::string_view text;
    const json::options* options;
};

/// A value on the tape.
class tape_at {
public:
    tape_at(const tape& all, std::size_t index) noexcept : tape_(&all), index_(index) {}

    const json::options& options() const noexcept { return *tape_->options; }
    bool is_null() const noexcept { return tag() == 'n'; }
    bool get(bool& to) const noexcept
    {
        to = tag() == 't';
        return to || tag() == 'f';
    }
    bool get(std::int64_t& to) const noexcept
    {
        to = static_cast<std::int64_t>(number());
        return tag() == 'l';
    }
    bool get(std::uint64_t& to) const noexcept
    {
        to = number();
        return tag() == 'u' || (tag() == 'l' && static_cast<std::int64_t>(to) >= 0);
    }
    bool get(double& to) const noexcept
    {
        switch (tag()) {
        case 'd':
            to = std::bit_cast<double>(number());
            return true;
        case 'l':
            to = static_cast<double>(static_cast<std::int64_t>(number()));
            return true;
        case 'u':
            to = static_cast<double>(number());
            return true;
        default:
            return false;
        }
    }
    bool get(std::string_view& to) const noexcept
    {
        if (tag() != '"')
            return false;
        to = text_at(index_);
        return true;
    }
    void get(value& to) const;

    bool is_array() const noexcept { return tag() == '['; }
    bool is_object() const noexcept { return tag() == '{'; }
    /// Of the elements or members, if there are less than 16 million.
    std::size_t count() const noexcept { return (tape_->words[index_] >> 32) & 0xff'ffff; }
    /// `fn(tape_at)`
    template <class Fn> void for_each_element(Fn&& fn) const
    {
        const std::size_t end = after(index_) - 1;
        for (std::size_t at = index_ + 1; at < end; at = after(at))
            fn(tape_at(*tape_, at));
    }
    /// `fn(name, tape_at)`
    template <class Fn> void for_each_member(Fn&& fn) const
    {
        const std::size_t end = after(index_) - 1;
        for (std::size_t at = index_ + 1; at < end; at = after(at + 1))
            fn(text_at(at), tape_at(*tape_, at + 1));
    }

    /// "expected `what`, got ..."
    [[noreturn]] void expected(std::string_view what) const;
    /// `what` of this value.
    [[noreturn]] void refuse(std::string_view what) const;

private:
    static constexpr std::uint64_t payload_bits = 0x00ff'ffff'ffff'ffff;

    char tag() const noexcept { return static_cast<char>(tape_->words[index_] >> 56); }
    /// Of what is a number. Another thing has a word behind it, too, which means nothing here.
    std::uint64_t number() const noexcept { return tape_->words[index_ + 1]; }
    std::string_view text_at(std::size_t index) const noexcept
    {
        const char* const place = tape_->strings + (tape_->words[index] & payload_bits);
        std::uint32_t size;
        std::memcpy(&size, place, sizeof size);
        return {place + sizeof size, size};
    }
    /// Where the value behind the one at `index` is.
    std::size_t after(std::size_t index) const noexcept
    {
        const std::uint64_t word = tape_->words[index];
        switch (static_cast<char>(word >> 56)) {
        case '[':
        case '{':
            return word & 0xffff'ffff;
        case 'l':
        case 'u':
        case 'd':
            return index + 2;
        default:
            return index + 1;
        }
    }
    std::string path_to(std::vector<std::size_t>& ordinals) const;

    const tape* tape_;
    std::size_t index_;
};

/// A value inside of another.
class value_at {
public:
    value_at(const value& whole, const value& at, const options& options) noexcept
        : whole_(&whole), at_(&at), options_(&options)
    {
    }

    const json::options& options() const noexcept { return *options_; }
    bool is_null() const noexcept { return at_->is_null(); }
    bool get(bool& to) const noexcept;
    bool get(std::int64_t& to) const noexcept;
    bool get(std::uint64_t& to) const noexcept;
    bool get(double& to) const noexcept;
    bool get(std::string_view& to) const noexcept;
    void get(value& to) const { to = *at_; }

    bool is_array() const noexcept { return at_->kind() == kind::array; }
    bool is_object() const noexcept { return at_->kind() == kind::object; }
    std::size_t count() const noexcept { return at_->size(); }
    template <class Fn> void for_each_element(Fn&& fn) const
    {
        for (const value& each : at_->elements())
            fn(value_at(*whole_, each, *options_));
    }
    template <class Fn> void for_each_member(Fn&& fn) const
    {
        for (const member& each : at_->members())
            fn(std::string_view(each.name), value_at(*whole_, each.value, *options_));
    }

    [[noreturn]] void expected(std::string_view what) const;
    [[noreturn]] void refuse(std::string_view what) const;

private:
    const value* whole_;
    const value* at_;
    const json::options* options_;
};

template <class T>
concept string_like = requires(T& text, std::string_view view) { text.assign(view); } &&
                      !std::is_same_v<T, std::string_view> && std::is_same_v<typename T::value_type, char>;
template <class T> inline constexpr bool is_nullable = false;
template <class T> inline constexpr bool is_nullable<std::optional<T>> = true;
template <class T> inline constexpr bool is_nullable<std::unique_ptr<T>> = true;
template <class T>
concept map_like = requires(T& map) {
    typename T::mapped_type;
    map.clear();
    map.begin()->second;
};
template <class T>
concept set_like = !map_like<T> && requires(T& set, typename T::key_type key) { set.insert(std::move(key)); };
template <class T>
concept list_like = requires(T& list, typename T::value_type element) {
    list.clear();
    list.push_back(std::move(element));
};
template <class T>
concept tuple_like = requires { typename std::tuple_size<T>::type; };

template <class T, class Source> void read(const Source& in, T& to);

[[noreturn]] void refuse_more_fields();
std::string out_of_range(double lowest, double highest);
std::string out_of_range(std::int64_t lowest, std::uint64_t highest);
std::string has_no(std::string_view name);
std::string has_twice(std::string_view name);
std::string of_size(std::size_t size);

template <class T, class Source> void read_integer(const Source& in, T& to)
{
    using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    wide number = 0;
    if (!in.get(number) || static_cast<wide>(static_cast<T>(number)) != number)
        in.expected(
            out_of_range(std::int64_t{std::numeric_limits<T>::min()}, std::uint64_t{std::numeric_limits<T>::max()}));
    to = static_cast<T>(number);
}

template <class T, class Source> void read_real(const Source& in, T& to)
{
    double number = 0;
    if (!in.get(number))
        in.expected("a number");
    to = static_cast<T>(number);
    if constexpr (sizeof(T) < sizeof(double))
        if (!(to >= std::numeric_limits<T>::lowest() && to <= std::numeric_limits<T>::max()))
            in.expected(out_of_range(double{std::numeric_limits<T>::lowest()}, double{std::numeric_limits<T>::max()}));
}

template <class T, class Source> void read_map(const Source& in, T& to)
{
    using key = typename T::key_type;
    if (!in.is_object())
        in.expected("an object");
    to.clear();
    in.for_each_member([&](std::string_view name, const Source& each) {
        key read_key{};
        if constexpr (std::is_integral_v<key>) {
            const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), read_key);
            if (problem != std::errc() || end != name.data() + name.size())
                each.refuse("its name is no integer that fits");
        } else {
            read_key = key(name);
        }
        const auto [place, added] = to.try_emplace(std::move(read_key));
        if (!added && in.options().duplicates == duplicates::refuse)
            in.refuse(has_twice(name));
        if (!added)
            place->second = {};
        read(each, place->second);
    });
}

template <class T, class Source> void read_list(const Source& in, T& to)
{
    if (!in.is_array())
        in.expected("an array");
    to.clear();
    if constexpr (requires { to.reserve(std::size_t{}); })
        to.reserve(in.count());
    in.for_each_element([&](const Source& each) {
        if constexpr (set_like<T>) {
            typename T::key_type element{};
            read(each, element);
            to.insert(std::move(element));
        } else if constexpr (std::is_same_v<decltype(to.back()), typename T::value_type&>) {
            to.emplace_back();
            read(each, to.back());
        } else { // vector<bool>
            typename T::value_type element{};
            read(each, element);
            to.push_back(element);
        }
    });
}

/// Where every element has its place: `fields(fn)` calls fn with each.
template <class Source, class Fields> void read_places(const Source& in, std::size_t size, Fields&& fields)
{
    if (!in.is_array() || in.count() != size)
        in.expected(of_size(size));
    std::size_t wanted = 0;
    fields([&](auto& field) {
        std::size_t number = 0;
        // TODO(perf): walks to each place from the start; tuples are short.
        in.for_each_element([&](const Source& each) {
            if (number++ == wanted)
                read(each, field);
        });
        ++wanted;
    });
}

template <class T, class Source> void read_fields(const Source& in, T& to)
{
    constexpr std::size_t most = 256;
    if (!in.is_object())
        in.expected("an object");
    std::array<bool, most> seen{};
    in.for_each_member([&](std::string_view name, const Source& each) {
        std::size_t number = 0;
        // Inline, so that names are compared with constants.
        for_each_field(to, [&](std::string_view field_name, auto& field) __attribute__((always_inline)) {
            const std::size_t mine = number++;
            if (field_name != name)
                return;
            if (mine >= most)
                refuse_more_fields();
            if (seen[mine] && in.options().duplicates == duplicates::refuse)
                in.refuse(has_twice(name));
            seen[mine] = true;
            read(each, field);
        });
    });
    std::size_t number = 0;
    for_each_field(to, [&](std::string_view field_name, auto& field) {
        if (!seen[number++] && !is_nullable<std::remove_reference_t<decltype(field)>> &&
            in.options().missing == missing::refuse)
            in.refuse(has_no(field_name));
    });
}

template <class T, class Source> void read(const Source& in, T& to)
{
    if constexpr (std::is_same_v<T, value>) {
        in.get(to);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!in.get(to))
            in.expected("true or false");
    } else if constexpr (std::is_enum_v<T>) {
        std::underlying_type_t<T> number;
        read(in, number);
        to = static_cast<T>(number);
    } else if constexpr (std::is_integral_v<T>) {
        read_integer(in, to);
    } else if constexpr (std::is_floating_point_v<T>) {
        read_real(in, to);
    } else if constexpr (string_like<T>) {
        std::string_view text;
        if (!in.get(text))
            in.expected("a string");
        to.assign(text);
    } else if constexpr (described<T>) {
        read_fields(in, to);
    } else if constexpr (is_nullable<T>) {
        if (in.is_null()) {
            to.reset();
        } else if constexpr (requires { to.emplace(); }) {
            read(in, to.emplace());
        } else {
            to = std::make_unique<typename T::element_type>();
            read(in, *to);
        }
    } else if constexpr (map_like<T>) {
        read_map(in, to);
    } else if constexpr (set_like<T> || list_like<T>) {
        read_list(in, to);
    } else if constexpr (std::is_array_v<T>) {
        read_places(in, std::extent_v<T>, [&](auto&& fn) {
            for (auto& element : to)
                fn(element);
        });
    } else if constexpr (tuple_like<T>) {
        read_places(in, std::tuple_size_v<T>,
                    [&](auto&& fn) { std::apply([&](auto&... fields) { (fn(fields), ...); }, to); });
    } else if constexpr (has_fields<T>) {
        read_fields(in, to);
    } else {
        static_assert(!std::is_same_v<T, T>, "simul: JSON can't be read into this type: give it a simul_describe "
                                             "(simul/base/describe.hpp)");
    }
}

} // namespace detail

template <class T> T value::as() const
{
    static constexpr options defaults;
    T result{};
    detail::read(detail::value_at(*this, *this, defaults), result);
    return result;
}

} // namespace simul::json
