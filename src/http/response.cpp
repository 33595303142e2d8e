// SPDX-License-Identifier: MIT
#include <simul/http/response.hpp>

#include <simul/http/media_type.hpp>
#include <simul/text/charset.hpp>

namespace simul::http {

std::string response::text() const
{
    return to_utf8(body(), charset_of(content_.type()));
}

void response::refuse_json(const simul::json::error& because) const
{
    if (url_.empty())
        throw because;
    throw simul::json::error(url_ + ": " + because.what(), because.line(), because.column(), because.path());
}

response& response::raise_for_status() &
{
    if (ok())
        return *this;
    std::string what = method_.empty() ? std::string("HTTP") : method_ + ' ' + url_;
    what += ": " + std::to_string(status_);
    if (!reason().empty())
        what.append(" ").append(reason());
    throw status_error(std::move(what), status_);
}

void response::set_origin(std::string method, std::string url, std::vector<hop> history) noexcept
{
    method_ = std::move(method);
    url_ = std::move(url);
    history_ = std::move(history);
}

} // namespace simul::http
