// SPDX-License-Identifier: MIT
//
// Media types: what the field Content-Type says.
//
//     auto type = simul::http::media_type::try_parse(R"(Text/HTML; charset="UTF-8")");
//     type->essence;                                  // "text/html"
//     type->parameter("charset");                     // "UTF-8", in an optional
//     simul::http::type_of_file("page.html");         // "text/html"
#pragma once

#include <simul/text/url.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace simul::http {

struct media_type {
    std::string essence;          ///< "text/html", in lower case
    simul::parameters parameters; ///< in their order, names in lower case; of equal names the first

    /// What a Content-Type says; an empty optional when it begins with no "type/subtype". What is no parameter is
    /// passed over, as browsers do.
    static std::optional<media_type> try_parse(std::string_view text);

    /// "text"
    std::string_view type() const noexcept;
    /// "html"
    std::string_view subtype() const noexcept;
    /// Views live as long as the media type.
    std::optional<std::string_view> parameter(std::string_view name) const noexcept;

    /// application/json, text/json, and all that end in "+json".
    bool is_json() const noexcept;

    friend bool operator==(const media_type&, const media_type&) = default;
};

/// As it is sent: "text/html; charset=UTF-8". *Throws:* `error` when a part of it can't be.
std::string to_string(const media_type& of);

/// What the extension in a file's name says, whatever its case; "application/octet-stream" when it says nothing.
std::string_view type_of_file(std::string_view path) noexcept;

/// Which of the types `offered` a client would like best, as its field Accept says: of equals the first, which it is
/// also when there is no such field. None when the client wants none of them.
std::optional<std::string_view> preferred_type(std::optional<std::string_view> accept,
                                               std::initializer_list<std::string_view> offered);

/// The name of the encoding that a Content-Type's charset means: "windows-1252" for "text/html; charset=latin1".
/// "UTF-8" when it has none, or one that nobody knows.
std::string_view charset_of(std::string_view content_type);

} // namespace simul::http
