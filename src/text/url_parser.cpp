// SPDX-License-Identifier: MIT
//
// The parser of the URL Standard: its states, as functions.
#include "host.hpp"
#include "percent.hpp"

#include <simul/text/url.hpp>

#include <algorithm>
#include <string>

namespace simul {

using namespace detail;

namespace {

struct special_scheme {
    std::string_view name;
    std::uint16_t port;
};
constexpr special_scheme special_schemes[] = {{"https", 443}, {"http", 80}, {"wss", 443},
                                              {"ws", 80},     {"ftp", 21},  {"file", 0}};

constexpr const char* too_long = "it is longer than 1 MiB";

const special_scheme* find_special(std::string_view scheme)
{
    const auto* const found = std::ranges::find(special_schemes, scheme, &special_scheme::name);
    return found == std::end(special_schemes) ? nullptr : found;
}

constexpr bool is_tab_or_newline(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/// "C:", or what old programs write for it, "C|".
constexpr bool is_drive_letter(std::string_view text)
{
    return text.size() == 2 && is_alpha(text[0]) && (text[1] == ':' || text[1] == '|');
}
constexpr bool starts_with_drive_letter(std::string_view text)
{
    return text.size() >= 2 && is_drive_letter(text.substr(0, 2)) &&
           (text.size() == 2 || std::string_view("/\\?#").find(text[2]) != std::string_view::npos);
}

/// How many dots a segment of a path is, where "%2e" is one; 0 when it is anything else.
int count_dots(std::string_view segment)
{
    int dots = 0;
    while (!segment.empty()) {
        if (segment[0] == '.')
            segment.remove_prefix(1);
        else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] | 0x20) == 'e')
            segment.remove_prefix(3);
        else
            return 0;
        if (++dots > 2)
            return 0;
    }
    return dots;
}

} // namespace

/// What a URL consists of, while it is put together. A path that isn't opaque is "/" and a segment, any number of times.
struct url::parts {
    std::string scheme, username, password;
    std::optional<std::string> host;
    std::optional<std::uint16_t> port; // none when it is the scheme's
    std::string path;
    std::optional<std::string> query, fragment;
    bool opaque = false;
};

/// The states of the standard's parser, as functions: each takes from `rest_` what is its own. What they return is null, or what
/// is wrong.
class url::parser {
public:
    parser(std::string_view text, const url* base) : rest_(text), base_(base) {}

    const char* parse();
    parts out;

private:
    const char* parse_scheme();
    const char* parse_after_scheme();
    const char* parse_without_scheme();
    const char* parse_relative();
    const char* parse_authority();
    const char* parse_host_and_port(std::string_view text);
    const char* parse_file();
    const char* parse_file_host();
    void parse_path_start();
    void parse_path();
    void parse_opaque_path();
    void parse_query_and_fragment();

    void take_authority(const url& from);
    void take_path_and_query(const url& from);
    void shorten_path();

    bool at_slash() const { return rest_.starts_with('/') || (special_ && rest_.starts_with('\\')); }
    void skip_slashes()
    {
        while (rest_.starts_with('/') || rest_.starts_with('\\'))
            rest_.remove_prefix(1);
    }
    /// What comes before the first of `ends`, taken.
    std::string_view take_until(std::string_view ends)
    {
        const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view rest_;
    const url* base_;
    std::string without_newlines_;
    bool special_ = false;
    bool file_ = false;
    std::uint16_t default_port_ = 0;
};

const char* url::parser::parse()
{
    if (rest_.size() > longest)
        return too_long;
    while (!rest_.empty() && static_cast<unsigned char>(rest_.front()) <= 0x20)
        rest_.remove_prefix(1);
    while (!rest_.empty() && static_cast<unsigned char>(rest_.back()) <= 0x20)
        rest_.remove_suffix(1);
    if (std::ranges::any_of(rest_, is_tab_or_newline)) {
        without_newlines_ = rest_;
        std::erase_if(without_newlines_, is_tab_or_newline);
        rest_ = without_newlines_;
    }
    return parse_scheme();
}

const char* url::parser::parse_scheme()
{
    const auto belongs = [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest_, belongs) - rest_.begin());
    const bool given = end < rest_.size() && rest_[end] == ':' && is_alpha(rest_[0]);
    if (given) {
        for (const char c : rest_.substr(0, end))
            out.scheme += lower(c);
        rest_.remove_prefix(end + 1);
    } else if (!base_) {
        return "it has no scheme, such as \"https:\"";
    } else {
        out.scheme = base_->scheme();
    }
    if (const special_scheme* const known = find_special(out.scheme)) {
        special_ = true;
        file_ = known->name == "file";
        default_port_ = known->port;
    }
    return given ? parse_after_scheme() : parse_without_scheme();
}

const char* url::parser::parse_after_scheme()
{
    if (file_)
        return parse_file();
    if (special_) {
        if (base_ && base_->scheme() == out.scheme && !rest_.starts_with("//"))
            return parse_relative();
        skip_slashes();
        return parse_authority();
    }
    if (rest_.starts_with("//")) {
        rest_.remove_prefix(2);
        return parse_authority();
    }
    if (rest_.starts_with('/'))
        parse_path();
    else
        parse_opaque_path();
    parse_query_and_fragment();
    return nullptr;
}

const char* url::parser::parse_without_scheme()
{
    if (base_->has_opaque_path()) {
        if (!rest_.starts_with('#'))
            return "it is relative to a URL that has no hierarchy";
        take_path_and_query(*base_);
        parse_query_and_fragment();
        return nullptr;
    }
    return file_ ? parse_file() : parse_relative();
}

const char* url::parser::parse_relative()
{
    if (at_slash()) {
        if (rest_.size() > 1 && (rest_[1] == '/' || (special_ && rest_[1] == '\\'))) {
            rest_.remove_prefix(2);
            if (special_)
                skip_slashes();
            return parse_authority();
        }
        take_authority(*base_);
        parse_path();
    } else {
        take_authority(*base_);
        take_path_and_query(*base_);
        if (!rest_.empty() && rest_[0] != '#') {
            out.query.reset();
            if (rest_[0] != '?') {
                shorten_path();
                parse_path();
            }
        }
    }
    parse_query_and_fragment();
    return nullptr;
}

const char* url::parser::parse_authority()
{
    std::string_view text = take_until(special_ ? "/\\?#" : "/?#");
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = text.substr(0, at);
        text.remove_prefix(at + 1);
        if (text.empty())
            return "it has no host";
        const std::size_t colon = user.find(':');
        append_encoded(out.username, user.substr(0, colon), userinfo_set);
        if (colon != std::string_view::npos)
            append_encoded(out.password, user.substr(colon + 1), userinfo_set);
    }
    if (const char* const problem = parse_host_and_port(text))
        return problem;
    parse_path_start();
    return nullptr;
}

const char* url::parser::parse_host_and_port(std::string_view text)
{
    const std::size_t bracket = text.find('['); // a colon after it is a port's only behind the closing one
    std::size_t colon = text.find(':');
    if (bracket < colon) {
        const std::size_t closed = text.find(']', bracket);
        colon = closed == std::string_view::npos ? closed : text.find(':', closed);
    }
    const std::string_view host = text.substr(0, colon);
    if (host.empty() && (special_ || colon != std::string_view::npos))
        return "it has no host";
    if (const char* const problem = parse_host(host, special_, out.host.emplace()))
        return problem;

    if (colon == std::string_view::npos || colon + 1 == text.size())
        return nullptr;
    std::uint32_t port = 0;
    for (const char c : text.substr(colon + 1)) {
        if (!is_digit(c))
            return "its port is no number";
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > 65535)
            return "its port is larger than 65535";
    }
    if (!special_ || port != default_port_)
        out.port = static_cast<std::uint16_t>(port);
    return nullptr;
}

const char* url::parser::parse_file()
{
    const url* const base = base_ && base_->scheme() == "file" ? base_ : nullptr;
    out.host.emplace();
    if (at_slash()) {
        rest_.remove_prefix(1);
        if (at_slash()) {
            rest_.remove_prefix(1);
            return parse_file_host();
        }
        if (base) {
            out.host = base->host();
            const std::string_view first = base->path().substr(0, 3); // "/C:"
            if (!starts_with_drive_letter(rest_) && first.size() == 3 && is_drive_letter(first.substr(1)) &&
                (base->path().size() == 3 || base->path()[3] == '/'))
                out.path = first;
        }
        parse_path();
    } else if (base) {
        out.host = base->host();
        take_path_and_query(*base);
        if (!rest_.empty() && rest_[0] != '#') {
            out.query.reset();
            if (rest_[0] != '?') {
                if (starts_with_drive_letter(rest_))
                    out.path.clear();
                else
                    shorten_path();
                parse_path();
            }
        }
    } else {
        parse_path();
    }
    parse_query_and_fragment();
    return nullptr;
}

const char* url::parser::parse_file_host()
{
    const std::string_view before = rest_;
    const std::string_view host = take_until("/\\?#");
    if (is_drive_letter(host)) { // no host, but the beginning of the path
        rest_ = before;
        parse_path();
        parse_query_and_fragment();
        return nullptr;
    }
    if (!host.empty()) {
        if (const char* const problem = parse_host(host, true, *out.host))
            return problem;
        if (*out.host == "localhost")
            out.host->clear();
    }
    parse_path_start();
    return nullptr;
}

void url::parser::parse_path_start()
{
    if (special_ || at_slash())
        parse_path();
    parse_query_and_fragment();
}

/// Segments, of which the first may come with its slash or without.
void url::parser::parse_path()
{
    if (at_slash())
        rest_.remove_prefix(1);
    for (bool more = true; more;) {
        const std::string_view segment = take_until(special_ ? "/\\?#" : "/?#");
        more = at_slash();
        if (more)
            rest_.remove_prefix(1);

        const int dots = count_dots(segment);
        if (dots == 2)
            shorten_path();
        if (dots == 0) {
            const bool drive = file_ && out.path.empty() && is_drive_letter(segment);
            out.path += '/';
            append_encoded(out.path, segment, path_set);
            if (drive)
                out.path.back() = ':';
        } else if (!more) {
            out.path += '/';
        }
    }
}

void url::parser::parse_opaque_path()
{
    out.opaque = true;
    append_encoded(out.path, take_until("?#"), control_set);
    if (!rest_.empty() && out.path.ends_with(' ')) // it would be cut off without what follows
        out.path.replace(out.path.size() - 1, 1, "%20");
}

void url::parser::parse_query_and_fragment()
{
    if (rest_.starts_with('?')) {
        rest_.remove_prefix(1);
        append_encoded(out.query.emplace(), take_until("#"), special_ ? special_query_set : query_set);
    }
    if (rest_.starts_with('#'))
        append_encoded(out.fragment.emplace(), rest_.substr(1), fragment_set);
}

void url::parser::take_authority(const url& from)
{
    out.username = from.username();
    out.password = from.password();
    if (from.has_authority())
        out.host = from.host();
    if (from.port_end_ > from.host_end_)
        out.port = from.port_;
}

void url::parser::take_path_and_query(const url& from)
{
    out.opaque = from.has_opaque_path();
    out.path = from.path();
    out.query = from.given_query();
}

void url::parser::shorten_path()
{
    if (out.path.empty() || (file_ && out.path.size() == 3 && is_drive_letter(std::string_view(out.path).substr(1))))
        return;
    out.path.resize(out.path.rfind('/'));
}

url::url(const parts& from)
{
    const auto here = [&] { return static_cast<std::uint32_t>(href_.size()); };
    href_ = from.scheme;
    scheme_end_ = here();
    href_ += ':';
    if (from.host)
        href_ += "//";
    user_begin_ = here();
    href_ += from.username;
    user_end_ = here();
    if (!from.password.empty())
        (href_ += ':') += from.password;
    if (here() > user_begin_)
        href_ += '@';
    host_begin_ = here();
    if (from.host)
        href_ += *from.host;
    host_end_ = here();
    if (from.port)
        (href_ += ':') += std::to_string(*from.port);
    port_end_ = here();
    if (!from.host && !from.opaque && from.path.starts_with("//"))
        href_ += "/."; // or the path would begin with a host
    path_begin_ = here();
    href_ += from.path;
    path_end_ = here();
    if (from.query)
        (href_ += '?') += *from.query;
    query_end_ = here();
    if (from.fragment)
        (href_ += '#') += *from.fragment;

    const special_scheme* const known = find_special(from.scheme);
    port_ = from.port ? *from.port : known ? known->port : std::uint16_t{0};
}

const char* url::attempt(std::string_view text, const url* base, std::optional<url>& made)
{
    const bool beside =
        base && text.starts_with('/') && !text.starts_with("//") && base->user_begin_ == base->host_begin_;
    made = url();
    if (beside ? made->take_plain(std::string(base->part(0, base->port_end_)).append(text)) : made->take_plain(text))
        return nullptr;
    parser parser(text, base);
    if (const char* const problem = parser.parse())
        return problem;
    made = url(parser.out);
    return made->href_.size() > longest ? too_long : nullptr;
}

bool url::is_special() const noexcept
{
    return find_special(scheme()) != nullptr;
}

} // namespace simul
