// SPDX-License-Identifier: MIT
//
// What a parser makes of some input, as text: "POST /a chunked | hello | end X: y | GET /b close | end | closed".
#pragma once

#include "http/h1/parser.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::http::h1 {

struct reading {
    role as = role::server;
    limits within = {};
    std::vector<awaited_response> awaited = {}; // a client's; when they are used up, GETs
};

/// "$" is CRLF.
inline std::string wire(std::string_view text)
{
    std::string made;
    for (const char c : text) {
        if (c == '$')
            made += "\r\n";
        else
            made += c;
    }
    return made;
}

/// Feeds a parser as a connection would: what it hasn't used comes again, with more behind it.
class transcriber {
public:
    explicit transcriber(reading how) : how_(std::move(how)), parser_(how_.as, how_.within) {}

    void arrive(std::string_view more)
    {
        buffered_ += more;
        run();
        most_kept_ = std::max(most_kept_, buffered_.size());
    }
    std::string end()
    {
        parser_.end_input();
        run();
        return text_;
    }

    /// What had to come again, at most.
    std::size_t most_kept() const { return most_kept_; }

private:
    void run()
    {
        while (!over_) {
            if (how_.as == role::client && parser_.is_between_messages() && !awaiting_ && !buffered_.empty()) {
                parser_.expect(asked_ < how_.awaited.size() ? how_.awaited[asked_] : awaited_response());
                ++asked_;
                awaiting_ = true;
            }
            const auto [what, used, piece] = parser_.next(buffered_);
            switch (what) {
            case event::starved:
                buffered_.erase(0, used);
                return;
            case event::head:
                say(describe_head());
                break;
            case event::interim:
                say("interim " + describe_head());
                break;
            case event::body:
                if (piece.empty())
                    say("an empty piece");
                if (!std::exchange(within_body_, true))
                    text_ += " | ";
                text_ += piece;
                break;
            case event::end: {
                std::string ended = "end";
                for (const auto& [name, value] : parser_.trailers())
                    ended.append(" ").append(name).append(": ").append(value);
                say(ended);
                awaiting_ = false;
                break;
            }
            case event::closed:
                say("closed");
                over_ = true;
                break;
            case event::switched:
                say("switched");
                over_ = true;
                break;
            case event::failed:
                say(std::to_string(parser_.failure().status) + " " + parser_.failure().why);
                over_ = true;
                break;
            }
            buffered_.erase(0, used);
        }
        buffered_.clear();
    }

    std::string describe_head()
    {
        const head& of = parser_.head();
        std::string said = how_.as == role::server ? std::string(of.method_name()) + " " + of.target : std::to_string(of.status);
        if (of.body == framing::sized)
            said += " sized " + std::to_string(of.length);
        else if (of.body == framing::chunked)
            said += " chunked";
        else if (of.body == framing::until_close)
            said += " until close";
        if (of.version == version::http_1_0)
            said += of.keep_alive ? " 1.0 keep-alive" : " 1.0";
        else if (!of.keep_alive)
            said += " close";
        if (of.upgrade)
            said += " upgrade";
        if (of.expects != expectation::none)
            said += of.expects == expectation::go_ahead ? " expects 100" : " expects what";
        return said;
    }

    void say(const std::string& what)
    {
        text_ += text_.empty() ? what : " | " + what;
        within_body_ = false;
    }

    reading how_;
    parser parser_;
    std::string buffered_;
    std::string text_;
    std::size_t asked_ = 0;
    std::size_t most_kept_ = 0;
    bool awaiting_ = false;
    bool within_body_ = false;
    bool over_ = false;
};

inline std::string transcript(std::string_view input, const reading& how = {})
{
    transcriber made(how);
    made.arrive(input);
    return made.end();
}

} // namespace simul::http::h1
