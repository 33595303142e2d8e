// SPDX-License-Identifier: MIT
//
// For parsers that get their input in any cut: what one makes of it, as text, and that the cut makes no difference. A
// transcriber gets pieces by `arrive` and gives the text by `end`; `most_kept` is how much of the input it had to be shown
// again, at most.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace cuts {

/// Of a parser whose `next` gives an event and how much it has used. Each event is a line, `text_of(parser, event)`.
template <class Parser, class Limits> class transcriber {
public:
    explicit transcriber(const Limits& within) : parser_(within) {}

    void arrive(std::string_view piece)
    {
        kept_ += piece;
        while (!failed_) {
            const auto [what, used] = parser_.next(kept_);
            using event = std::remove_cvref_t<decltype(what)>;
            if (what != event::starved)
                text_ += text_of(parser_, what) + '\n';
            kept_.erase(0, used);
            if (what == event::starved)
                break;
            failed_ = what == event::failed;
        }
        most_kept_ = std::max(most_kept_, failed_ ? 0 : kept_.size());
    }
    const std::string& end() const noexcept { return text_; }
    std::size_t most_kept() const noexcept { return most_kept_; }

private:
    Parser parser_;
    std::string kept_;
    std::string text_;
    std::size_t most_kept_ = 0;
    bool failed_ = false;
};

template <class Transcriber, class How> std::string transcript(std::string_view input, const How& how)
{
    Transcriber whole(how);
    whole.arrive(input);
    return whole.end();
}

/// For every way to cut the input in two, and byte by byte, which keeps no more than `may_keep`.
template <class Transcriber, class How>
void expect_same(std::string_view input, const std::string& expected, const How& how, std::size_t may_keep)
{
    for (std::size_t at = 1; at < input.size(); ++at) {
        Transcriber cut(how);
        cut.arrive(input.substr(0, at));
        cut.arrive(input.substr(at));
        ASSERT_EQ(cut.end(), expected) << "cut at " << at << " of " << input;
    }
    Transcriber octets(how);
    for (const char c : input)
        octets.arrive({&c, 1});
    ASSERT_EQ(octets.end(), expected) << "byte by byte: " << input;
    EXPECT_LE(octets.most_kept(), may_keep);
}

} // namespace cuts
