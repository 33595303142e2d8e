// SPDX-License-Identifier: MIT
#include "html_charset.hpp"

#include "ascii.hpp"
#include "charset.hpp"
#include "html_tree.hpp"
#include "utf8.hpp"

#include <simul/base/error.hpp>
#include <simul/text/charset.hpp>

#include <algorithm>

namespace simul::html::detail {

using simul::detail::is_alpha;
using simul::detail::lower;

namespace {

bool begins_with(std::string_view text, std::string_view lower_case)
{
    return text.size() >= lower_case.size() &&
           std::ranges::equal(text.substr(0, lower_case.size()), lower_case, {}, lower);
}

/// The label in "text/html; charset=utf-8", or empty.
std::string_view charset_of_content_type(std::string_view content)
{
    constexpr std::string_view word = "charset";
    for (; !content.empty(); content.remove_prefix(1)) {
        if (!begins_with(content, word))
            continue;
        std::string_view rest = content.substr(word.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(white_space), rest.size()));
        if (!rest.starts_with('='))
            continue;
        rest.remove_prefix(1);
        rest.remove_prefix(std::min(rest.find_first_not_of(white_space), rest.size()));
        if (rest.starts_with('"') || rest.starts_with('\'')) {
            const std::size_t end = rest.find(rest[0], 1);
            return end == std::string_view::npos ? std::string_view() : rest.substr(1, end - 1);
        }
        return rest.substr(0, rest.find_first_of(" \t\n\f\r;"));
    }
    return {};
}

/// The standard's prescan of the beginning for a <meta> that tells the encoding.
class prescan {
public:
    explicit prescan(std::string_view text) : text_(text.substr(0, 1024)) {}

    std::string_view find_charset()
    {
        while (!text_.empty()) {
            if (text_.starts_with("<!--")) {
                skip_behind("-->", 2);
            } else if (begins_with(text_, "<meta") && text_.size() > 5 && is_space_or_slash(text_[5])) {
                text_.remove_prefix(5);
                if (const std::string_view found = read_meta(); !found.empty())
                    return found;
            } else if (text_.size() > 1 && text_[0] == '<' &&
                       (is_alpha(text_[1]) || (text_[1] == '/' && is_alpha(at(2))))) {
                text_.remove_prefix(std::min(text_.find_first_of(" \t\n\f\r>"), text_.size()));
                for (std::string_view name, value; read_attribute(name, value);)
                    ;
            } else if (text_.size() > 1 && text_[0] == '<' && (text_[1] == '!' || text_[1] == '/' || text_[1] == '?')) {
                skip_behind(">", 0);
            } else {
                text_.remove_prefix(1);
            }
        }
        return {};
    }

private:
    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
    static bool is_space_or_slash(char c) { return c == '/' || white_space.find(c) != std::string_view::npos; }
    void skip_behind(std::string_view mark, std::size_t from)
    {
        const std::size_t found = text_.find(mark, from);
        text_.remove_prefix(found == std::string_view::npos ? text_.size() : found + mark.size());
    }

    std::string_view read_meta()
    {
        std::string_view name, value, charset, content;
        bool got_pragma = false;
        while (read_attribute(name, value)) {
            if (begins_with(name, "http-equiv") && name.size() == 10)
                got_pragma = got_pragma || (begins_with(value, "content-type") && value.size() == 12);
            else if (begins_with(name, "content") && name.size() == 7)
                content = content.empty() ? charset_of_content_type(value) : content;
            else if (begins_with(name, "charset") && name.size() == 7)
                charset = charset.empty() ? value : charset;
        }
        const std::string_view found = charset_name(!charset.empty() ? charset
                                                    : got_pragma     ? content
                                                                     : std::string_view());
        return found.starts_with("UTF-16") ? "UTF-8" : found; // who can read this is no UTF-16
    }

    /// False at the end of the tag.
    bool read_attribute(std::string_view& name, std::string_view& value)
    {
        while (!text_.empty() && is_space_or_slash(text_[0]))
            text_.remove_prefix(1);
        if (text_.empty() || text_[0] == '>')
            return false;
        name = text_.substr(0, text_.find_first_of(" \t\n\f\r/>=", 1));
        text_.remove_prefix(name.size());
        value = {};
        const std::size_t sign = text_.find_first_not_of(white_space);
        if (sign == std::string_view::npos || text_[sign] != '=')
            return true;
        text_.remove_prefix(sign + 1);
        text_.remove_prefix(std::min(text_.find_first_not_of(white_space), text_.size()));
        const char quote = at(0);
        if (quote == '"' || quote == '\'') {
            const std::size_t end = text_.find(quote, 1);
            value = text_.substr(1, end == std::string_view::npos ? end : end - 1);
            text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
        } else {
            value = text_.substr(0, text_.find_first_of(" \t\n\f\r>"));
            text_.remove_prefix(value.size());
        }
        return true;
    }

    std::string_view text_;
};

std::string_view charset_of(std::string_view text, std::string_view told)
{
    if (const std::string_view known = charset_name(told); !known.empty())
        return known;
    if (const std::string_view found = prescan(text).find_charset(); !found.empty())
        return found;
    return is_utf8(text) ? "UTF-8" : "windows-1252";
}

} // namespace

void decode(bytes_view given, const options& options, decoded& to)
{
    if (given.size() > options.max_size)
        throw error(std::errc::message_size, "parse HTML: it has " + std::to_string(given.size()) +
                                                 " bytes, more than the " + std::to_string(options.max_size) +
                                                 " of options::max_size");
    to.text = given;
    const std::string_view marked = simul::detail::take_byte_order_mark(to.text);
    to.charset = marked.empty() ? charset_of(to.text, options.charset) : marked;
    if (to.charset == "UTF-8" && is_utf8(to.text))
        return;
    if (!simul::detail::append_as_utf8(to.converted, to.text, to.charset)) {
        to.charset = "windows-1252"; // this system can't read what it should be
        simul::detail::append_as_utf8(to.converted, to.text, to.charset);
    }
    to.text = to.converted;
}

} // namespace simul::html::detail
