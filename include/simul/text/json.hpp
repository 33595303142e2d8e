// SPDX-License-Identifier: MIT
//
// JSON, as your types or as a value of any shape.
//
//     struct song { std::string title; std::optional<int> year; std::vector<std::string> tags; };
//
//     auto songs = simul::json::parse<std::vector<song>>(text);
//     std::string again = simul::json::dump(songs, {.indent = 2});
//
//     simul::json::value any = simul::json::parse(text);
//     any[0]["tags"][1].as<std::string>();
//     simul::json::dump(simul::json::object{{"title", "So What"}, {"year", 1959}});
//
// What types: bool, numbers, enums, strings, the standard containers, optional, unique_ptr, pair, tuple, array, aggregates by
// the names of their members, and classes with a `simul_describe` (simul/base/describe.hpp).
//
// Strict: what is no JSON by RFC 8259, to the last byte, is an `error` that tells line, column and what is wrong. What doesn't
// fit is one that also tells the path: "line 3, column 12: $.items[3].name: expected a string, got a number".
//
// simdjson reads, at a GB/s; it is seen in one .cpp only, so that this header compiles fast.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/text/json_reader.hpp>
#include <simul/text/json_value.hpp>
#include <simul/text/json_writer.hpp>

#include <memory>
#include <string>

namespace simul::json {

namespace detail {

/// A text, parsed.
class parsed {
public:
    /// `room` bytes behind the text may be read, though they mean nothing. *Throws:* `error` for what is no JSON.
    parsed(bytes_view text, std::size_t room, const options& options);
    ~parsed();
    parsed(const parsed&) = delete;
    parsed& operator=(const parsed&) = delete;

    tape_at root() const noexcept { return {tape_, 1}; }

private:
    struct parser;

    std::unique_ptr<parser> parser_;
    tape tape_;
};

} // namespace detail

/// The T that `text` says. *Throws:* `error` when it is no JSON, or doesn't fit.
template <class T = value, std::convertible_to<bytes_view> Text> T parse(const Text& text, const options& options = {})
{
    std::size_t room = 0; // saves a copy
    if constexpr (std::is_same_v<Text, bytes>)
        room = text.capacity() - text.size();
    const detail::parsed parsed(text, room, options);
    T result{};
    detail::read(parsed.root(), result);
    return result;
}

/// `value` as JSON, in UTF-8. *Throws:* `error` for numbers that are not finite, and for text that is no UTF-8.
template <class T> std::string dump(const T& value, const dump_options& options = {})
{
    detail::writer out(options);
    detail::write(out, value);
    return out.take();
}

} // namespace simul::json
