// SPDX-License-Identifier: MIT
#include "netrc.hpp"

#include "field_syntax.hpp"

#include <simul/base/error.hpp>
#include <simul/http/request_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace simul::http::detail {

namespace {

constexpr std::string_view space = " \t\r\n";

/// The words of a file: "quoted" ones may have spaces, and a backslash in them is for what follows it.
class words {
public:
    words(std::string_view text, std::string_view name) : text_(text), name_(name) {}

    std::optional<std::string> next()
    {
        skip_to_word();
        if (at_ == text_.size())
            return std::nullopt;
        return text_[at_] == '"' ? quoted() : plain();
    }
    /// That has to be there.
    std::string value()
    {
        auto word = next();
        if (!word)
            refuse("a word without its value");
        return *std::move(word);
    }
    /// A macro is the lines up to an empty one.
    void skip_macro()
    {
        const std::size_t end = std::min(text_.find("\n\n", at_), text_.find("\n\r\n", at_));
        at_ = std::min(end, text_.size());
    }

    [[noreturn]] void refuse(const char* why) const
    {
        const auto line = std::ranges::count(text_.substr(0, at_), '\n') + 1;
        throw error(std::errc::invalid_argument, std::string(name_) + ":" + std::to_string(line) + ": " + why);
    }

private:
    void skip_to_word()
    {
        for (;;) {
            at_ = std::min(text_.find_first_not_of(space, at_), text_.size());
            if (at_ == text_.size() || text_[at_] != '#')
                return;
            at_ = std::min(text_.find('\n', at_), text_.size());
        }
    }
    std::string plain()
    {
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of(space, at_), text_.size());
        return std::string(text_.substr(begin, at_ - begin));
    }
    std::string quoted()
    {
        std::string word;
        for (std::size_t at = at_ + 1; at < text_.size() && text_[at] != '\n'; ++at) {
            if (text_[at] == '"') {
                at_ = at + 1;
                return word;
            }
            if (text_[at] == '\\' && at + 1 < text_.size())
                ++at;
            word += text_[at];
        }
        refuse("a quote that doesn't end");
    }

    std::string_view text_, name_;
    std::size_t at_ = 0;
};

std::string path_in_environment()
{
    if (const char* const named = std::getenv("NETRC"); named && *named)
        return named;
    const char* const home = std::getenv("HOME");
    return home && *home ? std::string(home) + "/.netrc" : std::string();
}

} // namespace

netrc netrc::from_environment()
{
    const std::string path = path_in_environment();
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse(text, path);
}

netrc netrc::parse(std::string_view text, std::string_view name)
{
    netrc made;
    words rest(text, name);
    entry* now = nullptr;
    while (const auto word = rest.next()) {
        if (*word == "machine" || *word == "default") {
            now =
                &made.entries_.emplace_back(entry{.machine = *word == "machine" ? lower(rest.value()) : std::string()});
        } else if (*word == "macdef") {
            rest.skip_macro();
        } else if (now && (*word == "login" || *word == "user")) {
            now->login = rest.value();
        } else if (now && *word == "password") {
            now->password = rest.value();
        } else if (now && *word == "account") {
            static_cast<void>(rest.value());
        } else {
            rest.refuse("expected machine, default, login, password, account or macdef");
        }
    }
    return made;
}

std::string netrc::authorization_for(std::string_view host) const
{
    const auto found =
        std::ranges::find_if(entries_, [&](const entry& each) { return each.machine.empty() || each.machine == host; });
    if (found == entries_.end() || found->login.empty())
        return {};
    return basic(found->login, found->password).value;
}

} // namespace simul::http::detail
