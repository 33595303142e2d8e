// SPDX-License-Identifier: MIT
#include <simul/http/response.hpp>

#include "link.hpp"

#include <simul/http/media_type.hpp>
#include <simul/text/charset.hpp>
#include <simul/text/html.hpp>
#include <simul/text/url.hpp>

namespace simul::http {

response::response(const response& other)
    : status_(other.status_),
      fields_(other.fields_),
      content_(other.content_),
      rare_(other.rare_ ? std::make_unique<rare>(*other.rare_) : nullptr)
{
}

response& response::operator=(const response& other)
{
    return *this = response(other);
}

response::rare& response::rare_parts()
{
    if (!rare_)
        rare_ = std::make_unique<rare>();
    return *rare_;
}

const response::rare& response::told() const noexcept
{
    static const rare nothing;
    return rare_ ? *rare_ : nothing;
}

void response::set_reason(std::string_view reason)
{
    if (rare_ || reason != reason_of(status_))
        rare_parts().reason = reason;
}

void response::set_origin(std::string method, std::string url, std::vector<hop> history)
{
    rare& parts = rare_parts();
    parts.method = std::move(method);
    parts.url = std::move(url);
    parts.history = std::move(history);
}

std::string response::text() const
{
    return to_utf8(body(), charset_of(content_.type()));
}

simul::html::document response::html() const
{
    const auto type = media_type::try_parse(content_.type());
    return simul::html::parse(body(), {.charset = type ? type->parameter("charset").value_or("") : ""});
}

std::optional<std::string> response::link(std::string_view relation) const
{
    const auto here = simul::url::try_parse(url());
    for (const std::string_view field : fields_.get_all("Link"))
        if (const auto target = detail::link_target(field, relation)) {
            const auto whole = here ? here->try_join(*target) : simul::url::try_parse(*target);
            return whole ? std::optional(std::string(whole->href())) : std::nullopt;
        }
    return std::nullopt;
}

void response::refuse_json(const simul::json::error& because) const
{
    if (url().empty())
        throw because;
    throw simul::json::error(url() + ": " + because.what(), because.line(), because.column(), because.path());
}

response& response::raise_for_status() &
{
    if (ok())
        return *this;
    std::string what = told().method.empty() ? std::string("HTTP") : told().method + ' ' + url();
    what += ": " + std::to_string(status_);
    if (!reason().empty())
        what.append(" ").append(reason());
    throw status_error(std::move(what), status_);
}

} // namespace simul::http
