// SPDX-License-Identifier: MIT
//
// Any JSON, as a value: part of simul/text/json.hpp, which is what to include.
#pragma once

#include <simul/base/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace simul::json {

/// Text that is no JSON, or JSON that isn't what was asked for: "line 3, column 12: $.items[3].name: expected a string, got a
/// number". Also what can't be said in JSON.
class error : public simul::error {
public:
    error(std::string what, std::size_t line, std::size_t column, std::string path)
        : simul::error(std::errc::bad_message, std::move(what)), path_(std::move(path)), line_(line), column_(column)
    {
    }

    std::size_t line() const noexcept { return line_; }        ///< from 1; 0 when it wasn't read from a text
    std::size_t column() const noexcept { return column_; }    ///< from 1, in bytes
    const std::string& path() const noexcept { return path_; } ///< "$.items[3].name"; empty when the text is no JSON

private:
    std::string path_;
    std::size_t line_, column_;
};

/// What a value is. Numbers are kept as they were written: without "." and "e" as integers, signed if that has room for them.
enum class kind : std::uint8_t { null, boolean, integer, unsigned_integer, real, string, array, object };

class value;
struct member;
namespace detail {
class tape_at;
class value_at;
class writer;
} // namespace detail

using array = std::vector<value>;

/// Names and values in their order; each name once.
class object {
public:
    object() noexcept;
    /// `{{"name", "jazz"}, {"year", 1959}}`. Of equal names the last counts.
    object(std::initializer_list<member> members);
    object(const object& other);
    object(object&& other) noexcept;
    object& operator=(const object& other);
    object& operator=(object&& other) noexcept;
    ~object();

    /// Null when there is none. Looks at one after the other.
    const value* find(std::string_view name) const noexcept;
    value* find(std::string_view name) noexcept;
    /// Adds a null when there is none.
    value& operator[](std::string_view name);
    bool erase(std::string_view name);

    std::size_t size() const noexcept;
    bool empty() const noexcept { return size() == 0; }
    const member* begin() const noexcept;
    const member* end() const noexcept;
    member* begin() noexcept;
    member* end() noexcept;

    /// Whatever the order.
    friend bool operator==(const object& a, const object& b);

private:
    friend class detail::tape_at;

    const member* find_duplicate() const;
    void keep_last_of_duplicates();

    std::vector<member> members_;
};

/// Null, a boolean, a number, a string, an array or an object.
class value {
public:
    value() noexcept = default;
    value(std::nullptr_t) noexcept {}
    value(bool boolean) noexcept : held_(boolean) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    value(T number) noexcept
    {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t)) {
            if (number > static_cast<std::uint64_t>(INT64_MAX)) {
                held_ = static_cast<std::uint64_t>(number);
                return;
            }
        }
        held_ = static_cast<std::int64_t>(number);
    }
    template <std::floating_point T> value(T number) noexcept : held_(static_cast<double>(number)) {}
    value(std::string text) noexcept : held_(std::move(text)) {}
    value(std::string_view text) : held_(std::string(text)) {}
    value(const char* text) : held_(std::string(text)) {}
    value(array elements) noexcept;
    value(object members) noexcept;
    value(const void*) = delete; // a pointer is no boolean

    value(const value& other);
    value(value&& other) noexcept;
    value& operator=(const value& other);
    value& operator=(value&& other) noexcept;
    ~value();

    json::kind kind() const noexcept { return static_cast<json::kind>(held_.index()); }
    bool is_null() const noexcept { return kind() == kind::null; }

    /// The value as a T: all that `parse<T>` gives. *Throws:* `error` that says what inside of this value doesn't fit.
    template <class T> T as() const;

    /// The string. *Throws:* `error` when it is something else; so do the next ones.
    const std::string& string() const;
    const array& elements() const;
    array& elements();
    const object& members() const;
    object& members();

    /// Elements, or members; 0 of what has none.
    std::size_t size() const noexcept;

    /// The member of this name; null when this is no object or has none.
    const value* find(std::string_view name) const noexcept;
    /// *Throws:* `error` when there is none.
    const value& operator[](std::string_view name) const;
    const value& operator[](std::size_t index) const;
    /// Adds a null when there is none; makes null an object.
    value& operator[](std::string_view name);
    value& operator[](std::size_t index);
    // So that a literal 0 is an index, and no null pointer.
    const value& operator[](int index) const { return (*this)[static_cast<std::size_t>(index)]; }
    value& operator[](int index) { return (*this)[static_cast<std::size_t>(index)]; }
    const value& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
    value& operator[](const char* name) { return (*this)[std::string_view(name)]; }

    /// 1 and 1.0 differ: they are written differently.
    friend bool operator==(const value& a, const value& b);

private:
    friend class detail::tape_at;
    friend class detail::value_at;
    friend class detail::writer;

    // In the order of `kind`.
    std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, array, object> held_;
};

struct member {
    std::string name;
    json::value value;

    friend bool operator==(const member& a, const member& b) { return a.name == b.name && a.value == b.value; }
};

} // namespace simul::json
