// SPDX-License-Identifier: MIT
#include <simul/http/answer.hpp>

#include <string>
#include <utility>

namespace simul::http {
namespace {

std::string status_text(int status)
{
    const std::string_view reason = reason_of(status);
    return reason.empty() ? std::to_string(status) : std::to_string(status) + ' ' + std::string(reason);
}

http::response with_text(http::response made)
{
    if (made.content().is_none() && is_client_error(made.status()))
        made.content() = text(status_text(made.status()) + '\n');
    return made;
}

} // namespace

answer::answer(int status, http::content body, http::headers fields)
    : answer(http::response(status, std::move(body), std::move(fields)))
{
}

answer::answer(http::response whole)
    : error(std::errc::operation_canceled, "answered with " + status_text(whole.status())),
      response_(std::make_shared<const http::response>(with_text(std::move(whole))))
{
}

response redirect(std::string_view to, int status)
{
    response made(status);
    made.headers().add("Location", to);
    return made;
}

} // namespace simul::http
