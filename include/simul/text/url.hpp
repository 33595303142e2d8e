// SPDX-License-Identifier: MIT
//
// URLs, by the rules that browsers follow (the WHATWG URL Standard).
//
//     auto page = simul::url::parse("https://Example.org:443/wiki/../a page?q=1#top");
//     page.href();                                     // "https://example.org/a%20page?q=1#top"
//     page.join("../other?x").href();                  // "https://example.org/other?x"
//     page.with_query({{"q", "salt & pepper"}}).query();   // "q=salt+%26+pepper"
//
// What is held is always valid and normalised: scheme and host are lower-case, IDNs are "xn--...", IPv4 addresses have four
// decimal numbers, dots are resolved, default ports are gone. One string and some offsets: accessors cost nothing, and what
// they return lives as long as the url does.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul {

/// Names and values of a query or a form, in their order; a name may come more than once.
using parameters = std::vector<std::pair<std::string, std::string>>;

class url {
public:
    /// Longer ones are refused, before and after normalising.
    static constexpr std::size_t longest = 1 << 20;

    /// *Throws:* `error` that shows the text and says what is wrong with it.
    static url parse(std::string_view text);
    /// The same with an empty optional for what is no URL.
    static std::optional<url> try_parse(std::string_view text);

    /// What `reference`, a link in the document of this URL, points to. *Throws:* `error`, as `parse`.
    url join(std::string_view reference) const;
    std::optional<url> try_join(std::string_view reference) const;

    /// The whole of it.
    const std::string& href() const& noexcept { return href_; }
    std::string href() && noexcept { return std::move(href_); }
    /// "https"
    std::string_view scheme() const noexcept { return part(0, scheme_end_); }
    /// Percent-encoded, as all that follows.
    std::string_view username() const noexcept { return part(user_begin_, user_end_); }
    std::string_view password() const noexcept
    {
        return user_end_ < host_begin_ && href_[user_end_] == ':' ? part(user_end_ + 1, host_begin_ - 1)
                                                                  : std::string_view();
    }
    /// "example.org", "127.0.0.1", "[::1]"; empty when there is none.
    std::string_view host() const noexcept { return part(host_begin_, host_end_); }
    /// The host without the brackets of an IPv6 address: what a resolver takes.
    std::string_view hostname() const noexcept;
    /// Host and port as the Host header has them: the port only when it isn't the scheme's.
    std::string_view authority() const noexcept { return part(host_begin_, port_end_); }
    /// The port to connect to: the given, else the scheme's, else 0.
    std::uint16_t port() const noexcept { return port_; }
    /// "/a%20page"; of URLs like "mailto:me@example.org" all that is between the scheme and the query.
    std::string_view path() const noexcept { return part(path_begin_, path_end_); }
    /// Path and query as a request line has them.
    std::string_view target() const noexcept { return part(path_begin_, query_end_); }
    /// Without "?".
    std::string_view query() const noexcept { return part(path_end_ + (path_end_ < query_end_), query_end_); }
    /// Without "#".
    std::string_view fragment() const noexcept { return part(query_end_ + (query_end_ < size()), size()); }

    /// "https://example.org:8080", or "null" for what has no origin that could equal another: schemes not of the web, files.
    std::string origin() const;
    /// The names and values of the query, decoded.
    parameters query_parameters() const;

    /// http, https, ws, wss, ftp, file: those that must have a host (but for file), and a path.
    bool is_special() const noexcept;
    /// Not hierarchical ("mailto:me@example.org"): nothing but "#fragment" can be joined to it.
    bool has_opaque_path() const noexcept;

    /// The same URL with this query, encoded as a form; with an empty list, without one.
    url with_query(const parameters& query) const;
    /// The same with the query as it is written, percent-encoded where it has to be.
    url with_query(std::string_view query) const;
    url with_query(std::initializer_list<std::pair<std::string_view, std::string_view>> query) const;
    /// The same with these parameters after those it has.
    url plus_query(const parameters& query) const;
    url with_fragment(std::string_view fragment) const;
    url without_fragment() const;
    url without_credentials() const;

    /// By the normalised text.
    friend bool operator==(const url& a, const url& b) noexcept { return a.href_ == b.href_; }
    friend std::strong_ordering operator<=>(const url& a, const url& b) noexcept { return a.href_ <=> b.href_; }

private:
    struct parts;
    class parser;

    url() = default;
    explicit url(const parts& from);

    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(href_.size()); }
    std::string_view part(std::size_t begin, std::size_t end) const noexcept
    {
        return {href_.data() + begin, end - begin};
    }
    bool has_authority() const noexcept { return user_begin_ > scheme_end_ + 1; }
    std::optional<std::string_view> given_query() const noexcept;
    std::optional<std::string_view> given_fragment() const noexcept;
    static const char* attempt(std::string_view text, const url* base, std::optional<url>& made);
    bool take_plain(std::string_view text);
    url with_tail(std::optional<std::string_view> query, std::optional<std::string_view> fragment) const;
    void take_offsets(const url& from, std::uint32_t shift) noexcept;

    //     https://user:password@example.org:8080/path?query#fragment
    //          |  |   |         |          |    |    |     |
    //          |  |   user_end  host_begin |    |    |     query_end
    //          |  user_begin               |    |    path_end
    //          scheme_end           host_end    port_end, path_begin (two further for "/." before "//")
    std::string href_;
    std::uint32_t scheme_end_ = 0, user_begin_ = 0, user_end_ = 0, host_begin_ = 0, host_end_ = 0, port_end_ = 0;
    std::uint32_t path_begin_ = 0, path_end_ = 0, query_end_ = 0;
    std::uint16_t port_ = 0;
};

/// `text` so that it can stand as one piece anywhere in a path, a query or a fragment: all but letters, digits and "-._~" is
/// percent-encoded.
std::string percent_encode(std::string_view text);
/// The bytes that are meant. A "%" that no two hexadecimal digits follow stays as it is.
std::string percent_decode(std::string_view text);

/// "a=1&b=salt+%26+pepper": a query, and the body of a form.
std::string form_encode(const parameters& fields);
std::string form_encode(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
/// What was encoded; "a" is a name without a value, and nothing between two "&" is nothing.
parameters form_decode(std::string_view text);

} // namespace simul
