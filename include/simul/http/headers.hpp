// SPDX-License-Identifier: MIT
//
// headers: the fields of a message, in their order. Names are compared without case; one may come more than once.
//
//     simul::http::headers fields = {{"Accept", "text/html"}, {"User-Agent", "Mozilla/5.0"}};
//     fields.set("accept", "*/*");
//     fields.get("ACCEPT");                          // "*/*", in an optional
//     for (auto [name, value] : fields)
//         fmt::print("{}: {}\n", name, value);
//
// What is held can be sent as it is: a name or a value that could end its line, and so put a field or a second message
// into somebody's mouth, is refused when it is inserted. It is in fact held as it is sent, in one piece of memory:
// sending copies it, and finding a field goes over an array of 12 bytes a field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http {

namespace h1 {
class parser;
}

class headers {
public:
    struct field {
        std::string_view name, value;

        friend bool operator==(const field&, const field&) = default;
    };
    class iterator;

    /// More bytes, as they are sent, are refused.
    static constexpr std::size_t most_bytes = std::size_t{1} << 20;
    /// A name of more bytes is refused.
    static constexpr std::size_t longest_name = 1024;

    headers() noexcept = default;
    /// *Throws:* as `add`.
    headers(std::initializer_list<field> fields);

    /// The value of the first field of that name.
    /// *Lifetime:* views, here and below, until the next change.
    std::optional<std::string_view> get(std::string_view name) const noexcept;
    /// The values of all of them.
    std::vector<std::string_view> get_all(std::string_view name) const;
    bool contains(std::string_view name) const noexcept { return !empty() && find(name) < size(); }
    /// Whether one of them, read as a list ("gzip, br"), has this member, without regard to case.
    bool contains_member(std::string_view name, std::string_view member) const noexcept;

    /// Puts a field behind the others. Spaces and tabs around the value are dropped.
    /// *Throws:* `error` when the name is no token, or the value has a control character other than the tab;
    /// `limit_exceeded`.
    void add(std::string_view name, std::string_view value);
    /// All of `others`, in their order. *Throws:* `limit_exceeded`.
    void add(const headers& others);
    /// The one field of that name is this: where the first was, or behind all. *Throws:* as `add`.
    void set(std::string_view name, std::string_view value);
    /// Drops all fields of that name; says how many they were.
    std::size_t erase(std::string_view name) noexcept;
    void clear() noexcept;

    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    field operator[](std::size_t index) const noexcept { return field_of(entries_[index]); }
    iterator begin() const noexcept;
    iterator end() const noexcept;

    /// All as it is sent: "Accept: */*\r\nUser-Agent: Mozilla/5.0\r\n".
    const std::string& lines() const noexcept { return lines_; }

    /// The same lines: order, and case of names, count.
    friend bool operator==(const headers& a, const headers& b) noexcept { return a.lines_ == b.lines_; }

private:
    friend h1::parser;

    struct entry {
        std::uint32_t begin; // of its line, "name: value\r\n"
        std::uint32_t value_size;
        std::uint16_t name_size;
    };
    static constexpr std::size_t around_value = 4; // ": " and "\r\n"

    field field_of(const entry& of) const noexcept
    {
        const char* const line = lines_.data() + of.begin;
        return {{line, of.name_size}, {line + of.name_size + 2, of.value_size}};
    }
    static std::size_t line_size(const entry& of) noexcept { return of.name_size + of.value_size + around_value; }
    std::size_t find(std::string_view name, std::size_t from = 0) const noexcept;
    void erase_at(std::size_t index) noexcept;
    void check(std::string_view name, std::string_view value, std::size_t given_up) const;
    bool has_room(std::size_t line_size) const noexcept
    {
        return line_size <= lines_.capacity() - lines_.size() && entries_.size() < entries_.capacity();
    }
    void make_room(std::size_t line_size);
    /// Both are known to be good, and no views of what is moved for room. `line` is the whole line when it is "name: value\r\n".
    void add_checked(std::string_view name, std::string_view value, std::string_view line);

    std::string lines_;
    std::vector<entry> entries_; // in the order of their lines, without a gap
};

class headers::iterator {
public:
    using value_type = field;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;

    iterator() noexcept = default;

    field operator*() const noexcept { return (*of_)[index_]; }
    iterator& operator++() noexcept
    {
        ++index_;
        return *this;
    }
    iterator operator++(int) noexcept
    {
        const iterator before = *this;
        ++index_;
        return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.index_ == b.index_; }

private:
    friend headers;
    iterator(const headers* of, std::size_t index) noexcept : of_(of), index_(index) {}

    const headers* of_ = nullptr;
    std::size_t index_ = 0;
};

inline headers::iterator headers::begin() const noexcept
{
    return {this, 0};
}
inline headers::iterator headers::end() const noexcept
{
    return {this, size()};
}

} // namespace simul::http
