// SPDX-License-Identifier: MIT
//
// What a RESP parser makes of an input, as text; and that it makes no difference how the input is cut.
#pragma once

#include "db/redis/resp/parser.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace simul::db::resp {

inline std::string text_of(const redis_value& value)
{
    using kind = redis_value::kind;
    const auto all = [&](std::string_view name) {
        std::string text(name);
        text += '(';
        for (const redis_value& each : value.items())
            text += (text.back() == '(' ? "" : " ") + text_of(each);
        return text + ')';
    };
    switch (value.type()) {
    case kind::null:
        return "null";
    case kind::boolean:
        return value.as<bool>() ? "true" : "false";
    case kind::integer:
        return std::to_string(value.as<std::int64_t>());
    case kind::real:
        return fmt::format("{}", value.as<double>());
    case kind::big_number:
        return "big " + std::string(value.text());
    case kind::status:
        return "status " + std::string(value.text());
    case kind::string:
        return '"' + std::string(value.text()) + '"';
    case kind::error:
        return "error " + std::string(value.text());
    case kind::array:
        return all("array");
    case kind::set:
        return all("set");
    case kind::map:
        return all("map");
    case kind::push:
        return all("push");
    }
    return "?";
}

/// Gets an input in pieces.
class transcriber {
public:
    explicit transcriber(const limits& within) : parser_(within) {}

    void arrive(std::string_view piece)
    {
        if (failed_)
            return;
        kept_ += piece;
        for (;;) {
            const auto [what, used] = parser_.next(kept_);
            kept_.erase(0, used);
            if (what == event::starved)
                break;
            if (what == event::failed) {
                text_ += std::string("failed: ") + parser_.why() + '\n';
                failed_ = true;
                break;
            }
            text_ += text_of(parser_.value()) + '\n';
        }
        most_kept_ = std::max(most_kept_, failed_ ? 0 : kept_.size());
    }
    const std::string& text() const noexcept { return text_; }
    /// Of the input, after a piece.
    std::size_t most_kept() const noexcept { return most_kept_; }

private:
    parser parser_;
    std::string kept_;
    std::string text_;
    std::size_t most_kept_ = 0;
    bool failed_ = false;
};

inline std::string transcript(std::string_view input, const limits& within = {})
{
    transcriber whole(within);
    whole.arrive(input);
    return whole.text();
}

inline void expect_same_when_cut(std::string_view input, const std::string& expected, const limits& within = {})
{
    for (std::size_t at = 1; at < input.size(); ++at) {
        transcriber cut(within);
        cut.arrive(input.substr(0, at));
        cut.arrive(input.substr(at));
        ASSERT_EQ(cut.text(), expected) << "cut at " << at << " of " << input;
    }
    transcriber bytes(within);
    for (const char c : input)
        bytes.arrive({&c, 1});
    ASSERT_EQ(bytes.text(), expected) << "byte by byte: " << input;
    EXPECT_LE(bytes.most_kept(), parser::longest_line + 1);
}

} // namespace simul::db::resp
