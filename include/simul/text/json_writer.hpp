// SPDX-License-Identifier: MIT
//
// How a T becomes JSON: part of simul/text/json.hpp, which is what to include.
#pragma once

#include <simul/text/json_reader.hpp>

#include <charconv>
#include <cstring>
#include <string>

namespace simul::json {

struct dump_options {
    unsigned indent = 0; ///< spaces a level, at most 16; 0: all in one line
};

namespace detail {

class writer {
public:
    explicit writer(const dump_options& options) : indent_(options.indent < 16 ? options.indent : 16) {}

    void put(char c)
    {
        *room(1) = c;
        ++at_;
    }
    void put(std::string_view plain)
    {
        std::memcpy(room(plain.size()), plain.data(), plain.size());
        at_ += plain.size();
    }
    template <std::integral T> void integer(T number)
    {
        char* const begin = room(24);
        at_ += static_cast<std::size_t>(std::to_chars(begin, begin + 24, number).ptr - begin);
    }
    void real(double number);
    void real(float number);
    void text(std::string_view text);
    void any(const value& value);

    // begin('['), before() each element, end(']')
    void begin(char bracket);
    void before()
    {
        if (!first_)
            put(',');
        first_ = false;
        if (indent_ > 0)
            new_line();
    }
    void name(std::string_view name)
    {
        before();
        text(name);
        put(':');
        if (indent_ > 0)
            put(' ');
    }
    void end(char bracket);

    std::string take()
    {
        out_.resize(at_);
        return std::move(out_);
    }

private:
    /// As deep as can be read: 1024, and in there something empty.
    static constexpr unsigned deepest = 1025;

    char* room(std::size_t size)
    {
        if (out_.size() - at_ < size)
            grow(size);
        return out_.data() + at_;
    }
    void grow(std::size_t size);
    void new_line();
    template <class T> void shortest(T number);

    std::string out_; // filled up to at_
    std::size_t at_ = 0;
    unsigned indent_;
    unsigned depth_ = 0;
    bool first_ = true;
};

template <class T>
concept range_like = requires(const T& range) { range.begin() != range.end(); };

template <class T> void write(writer& out, const T& from);

template <class T> void write_map(writer& out, const T& from)
{
    out.begin('{');
    for (const auto& [name, each] : from) {
        if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(name)>>)
            out.name(std::to_string(name));
        else
            out.name(name);
        write(out, each);
    }
    out.end('}');
}

template <class T> void write(writer& out, const T& from)
{
    if constexpr (std::is_same_v<T, value>) {
        out.any(from);
    } else if constexpr (std::is_same_v<T, bool>) {
        out.put(std::string_view(from ? "true" : "false"));
    } else if constexpr (std::is_null_pointer_v<T>) {
        out.put(std::string_view("null"));
    } else if constexpr (std::is_enum_v<T>) {
        write(out, static_cast<std::underlying_type_t<T>>(from));
    } else if constexpr (std::is_integral_v<T>) {
        out.integer(from);
    } else if constexpr (std::is_same_v<T, float>) {
        out.real(from);
    } else if constexpr (std::is_floating_point_v<T>) {
        out.real(static_cast<double>(from));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        out.text(from);
    } else if constexpr (described<T>) {
        out.begin('{');
        for_each_field(from, [&](std::string_view name, const auto& field) {
            out.name(name);
            write(out, field);
        });
        out.end('}');
    } else if constexpr (is_nullable<T>) {
        if (from)
            write(out, *from);
        else
            out.put(std::string_view("null"));
    } else if constexpr (std::is_same_v<T, object>) {
        out.begin('{');
        for (const member& each : from) {
            out.name(each.name);
            out.any(each.value);
        }
        out.end('}');
    } else if constexpr (map_like<T>) {
        write_map(out, from);
    } else if constexpr (range_like<T> || std::is_array_v<T>) {
        out.begin('[');
        for (const auto& each : from) {
            out.before();
            write(
                out,
                static_cast<
                    const std::remove_cvref_t<typename std::iterator_traits<decltype(std::begin(from))>::value_type>&>(
                    each));
        }
        out.end(']');
    } else if constexpr (tuple_like<T>) {
        out.begin('[');
        std::apply([&](const auto&... fields) { ((out.before(), write(out, fields)), ...); }, from);
        out.end(']');
    } else if constexpr (has_fields<T>) {
        out.begin('{');
        for_each_field(from, [&](std::string_view name, const auto& field) {
            out.name(name);
            write(out, field);
        });
        out.end('}');
    } else {
        static_assert(!std::is_same_v<T, T>, "simul: this type can't be written as JSON: give it a simul_describe "
                                             "(simul/base/describe.hpp)");
    }
}

} // namespace detail
} // namespace simul::json
