// SPDX-License-Identifier: MIT
//
// redis_value: what Redis answers, of any shape; and how it becomes a type of yours.
//
//     simul::db::redis_value any = co_await r.command("XRANGE", "events", "-", "+");
//     any.items()[0].items()[0].as<std::string>();                      // the id of the first entry
//
//     auto fields = any.as<std::vector<std::pair<std::string, std::vector<std::string>>>>();
//
// What `as` gives: bool, numbers, strings, optional (empty for null), the standard containers, maps, pair, tuple,
// array, `result` (for what may be an error), aggregates by the names of their members (of a hash), and redis_value
// itself. The two versions of the protocol say the same in different shapes (a map, or an array of names and values);
// either becomes what is asked for. Numbers are read from strings too: Redis keeps them so.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/describe.hpp>
#include <simul/base/error.hpp>
#include <simul/base/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace simul::db {

namespace detail {
struct redis_reader;
}

/// The server said no: "redis HSET: WRONGTYPE Operation against a key holding the wrong kind of value".
class redis_error : public error {
public:
    /// `reply` is what the server said.
    redis_error(std::string_view operation, std::string reply)
        : error(std::errc::invalid_argument, "redis " + std::string(operation) + ": " + reply), reply_(std::move(reply))
    {
    }

    /// Its first word: "WRONGTYPE", "NOSCRIPT", "OOM"; "ERR" for most.
    std::string_view code() const noexcept { return std::string_view(reply_).substr(0, reply_.find(' ')); }
    const std::string& reply() const noexcept { return reply_; }

private:
    std::string reply_;
};

class redis_value {
public:
    enum class kind : std::uint8_t {
        null,
        boolean,
        integer,
        real,
        big_number, ///< as text
        status,     ///< a word from the server: "OK"
        string,     ///< bytes, also those said to be of some format ("verbatim")
        error,
        array,
        set,
        map,  ///< its items are keys and values in turn
        push, ///< unasked, such as a message
    };

    /// Null.
    redis_value() = default;
    explicit redis_value(bool value) : kind_(kind::boolean), held_(value) {}
    explicit redis_value(std::int64_t value) : kind_(kind::integer), held_(value) {}
    explicit redis_value(double value) : kind_(kind::real), held_(value) {}
    /// `of` is one of the kinds that are text.
    redis_value(kind of, std::string text) : kind_(of), held_(std::move(text)) {}
    /// `of` is one of the kinds that have items.
    redis_value(kind of, std::vector<redis_value> items) : kind_(of), held_(std::move(items)) {}

    kind type() const noexcept { return kind_; }
    bool is_null() const noexcept { return kind_ == kind::null; }
    bool is_error() const noexcept { return kind_ == kind::error; }

    /// Of strings, statuses, big numbers and errors; else empty.
    std::string_view text() const noexcept
    {
        const auto* const held = std::get_if<std::string>(&held_);
        return held ? std::string_view(*held) : std::string_view();
    }
    /// Of arrays, sets, maps and pushes; else none.
    const std::vector<redis_value>& items() const noexcept;
    std::vector<redis_value>& items() noexcept
    {
        return const_cast<std::vector<redis_value>&>(std::as_const(*this).items());
    }

    /// As a T. *Throws:* `redis_error` for an error; `error` for what doesn't fit: "redis: expected an integer, got the
    /// string "abc"".
    template <class T> T as() const&;
    template <class T> T as() &&;

    /// For messages: "the string "abc"", "an array of 3".
    std::string describe() const;

    friend bool operator==(const redis_value&, const redis_value&) = default;

private:
    friend detail::redis_reader;

    kind kind_ = kind::null;
    std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<redis_value>> held_;
};

namespace detail {

/// How a value becomes a T; the operation is for messages.
struct redis_reader {
    std::string_view operation;

    template <class T> T read(redis_value&& from) const;
    /// The same; also where T could hold it, an error is thrown, unless T is a `result`.
    template <class T> T read_reply(redis_value&& from) const
    {
        if (!is_result<T> && from.is_error())
            raise(std::move(from));
        return read<T>(std::move(from));
    }

private:
    using kind = redis_value::kind;

    template <class T> static constexpr bool is_optional = false;
    template <class T> static constexpr bool is_result = false;
    template <class T> static constexpr bool is_pair = false;
    template <class T> static constexpr bool is_array = false;

    [[noreturn]] void expected(std::string_view what, const redis_value& got) const;
    [[noreturn]] void raise(redis_value&& error) const;

    bool read_bool(const redis_value& from) const;
    std::int64_t read_integer(const redis_value& from) const;
    std::uint64_t read_unsigned(const redis_value& from) const;
    double read_real(const redis_value& from) const;
    std::string read_string(redis_value&& from) const;
    std::vector<redis_value>& items_of(redis_value& from, std::string_view what) const;
    /// Whether the items are pairs themselves, not keys and values in turn.
    static bool holds_pairs(const redis_value& from) noexcept;

    template <class T> T read_number(const redis_value& from) const;
    template <class Pair> Pair read_pair(redis_value&& first, redis_value&& second) const;
    template <class T> T read_container(redis_value&& from) const;
    template <class T> T read_tuple(redis_value&& from) const;
    template <class T> T read_fields(redis_value&& from) const;
};

template <class T> inline constexpr bool redis_reader::is_optional<std::optional<T>> = true;
template <class T> inline constexpr bool redis_reader::is_result<result<T>> = true;
template <class A, class B> inline constexpr bool redis_reader::is_pair<std::pair<A, B>> = true;
template <class T, std::size_t N> inline constexpr bool redis_reader::is_array<std::array<T, N>> = true;

template <class T> T redis_reader::read_number(const redis_value& from) const
{
    if constexpr (std::is_floating_point_v<T>) {
        return static_cast<T>(read_real(from));
    } else {
        const auto wide = [&] {
            if constexpr (std::is_signed_v<T>)
                return read_integer(from);
            else
                return read_unsigned(from);
        }();
        if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max())
            expected("an integer that fits", from);
        return static_cast<T>(wide);
    }
}

template <class Pair> Pair redis_reader::read_pair(redis_value&& first, redis_value&& second) const
{
    return Pair(read<std::remove_const_t<typename Pair::first_type>>(std::move(first)),
                read<typename Pair::second_type>(std::move(second)));
}

template <class T> T redis_reader::read_container(redis_value&& from) const
{
    using item = typename T::value_type;
    std::vector<redis_value>& items = items_of(from, "an array");
    T made;
    if constexpr (requires { made.reserve(items.size()); })
        made.reserve(items.size());
    const auto add = [&](item&& one) {
        if constexpr (requires { made.push_back(std::move(one)); })
            made.push_back(std::move(one));
        else
            made.insert(std::move(one));
    };
    if constexpr (is_pair<item>) {
        if (!holds_pairs(from)) {
            if (items.size() % 2 != 0)
                expected("names and values", from);
            for (std::size_t i = 0; i < items.size(); i += 2)
                add(read_pair<item>(std::move(items[i]), std::move(items[i + 1])));
            return made;
        }
        for (redis_value& each : items) {
            std::vector<redis_value>& both = items_of(each, "a pair");
            if (both.size() != 2)
                expected("a pair", each);
            add(read_pair<item>(std::move(both[0]), std::move(both[1])));
        }
    } else {
        for (redis_value& each : items)
            add(read<item>(std::move(each)));
    }
    return made;
}

template <class T> T redis_reader::read_tuple(redis_value&& from) const
{
    constexpr std::size_t size = std::tuple_size_v<T>;
    std::vector<redis_value>& items = items_of(from, "an array");
    if (items.size() != size)
        expected("an array of " + std::to_string(size), from);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return T{read<std::tuple_element_t<I, T>>(std::move(items[I]))...};
    }(std::make_index_sequence<size>());
}

template <class T> T redis_reader::read_fields(redis_value&& from) const
{
    std::vector<redis_value>& items = items_of(from, "names and values");
    if (items.size() % 2 != 0)
        expected("names and values", from);
    T made{};
    for_each_field(made, [&](std::string_view name, auto& field) {
        using type = std::remove_reference_t<decltype(field)>;
        for (std::size_t i = 0; i < items.size(); i += 2) {
            if (items[i].text() != name)
                continue;
            field = read<type>(std::move(items[i + 1]));
            return;
        }
        if constexpr (!is_optional<type>)
            expected("a field \"" + std::string(name) + '"', from);
    });
    return made;
}

template <class T> T redis_reader::read(redis_value&& from) const
{
    if constexpr (std::is_same_v<T, redis_value>) {
        return std::move(from);
    } else if constexpr (is_result<T>) {
        using inner = std::remove_cvref_t<decltype(std::declval<T&>().value())>;
        try {
            return T::success(read<inner>(std::move(from)));
        } catch (const error&) {
            return T::failure(std::current_exception());
        }
    } else {
        if (from.is_error())
            raise(std::move(from));
        if constexpr (std::is_void_v<T>)
            return;
        else if constexpr (is_optional<T>)
            return from.is_null() ? T() : T(read<typename T::value_type>(std::move(from)));
        else if constexpr (std::is_same_v<T, bool>)
            return read_bool(from);
        else if constexpr (std::is_arithmetic_v<T>)
            return read_number<T>(from);
        else if constexpr (std::is_same_v<T, std::string>)
            return read_string(std::move(from));
        else if constexpr (simul::detail::tuple_like<T>)
            return read_tuple<T>(std::move(from));
        else if constexpr (requires { typename T::value_type; })
            return read_container<T>(std::move(from));
        else {
            static_assert(has_fields<T>,
                          "simul: a reply can't become this type; see simul/db/redis_value.hpp for those it can");
            return read_fields<T>(std::move(from));
        }
    }
}

} // namespace detail

template <class T> T redis_value::as() const&
{
    return redis_value(*this).as<T>();
}

template <class T> T redis_value::as() &&
{
    return detail::redis_reader{""}.read<T>(std::move(*this));
}

} // namespace simul::db
