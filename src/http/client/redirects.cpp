// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include <simul/http/status.hpp>

#include <fmt/format.h>
#include <utility>

namespace simul::http::detail {

namespace {

bool is_followed(int status) noexcept
{
    return status == status::moved_permanently || status == status::found || status == status::see_other ||
           status == status::temporary_redirect || status == status::permanent_redirect;
}

/// As browsers do: a POST that was moved is asked for, and so is everything that "see other" answers.
bool becomes_get(int status, method of) noexcept
{
    if (status == status::see_other)
        return of != method::get && of != method::head;
    return (status == status::moved_permanently || status == status::found) && of == method::post;
}

} // namespace

/// Where the answer leads; none, when it is the user's. *Throws:* `redirect_error` for what isn't followed.
std::optional<url> transfer::next_place() const
{
    const int most = with_.redirects.value_or(core_->options.redirects);
    if (!is_followed(head_.status) || most == 0)
        return std::nullopt;
    const auto location = head_.fields.get("Location");
    if (!location)
        return std::nullopt;
    if (redirects_left_ == 0)
        throw redirect_error(request_.says(fmt::format("more than {} redirects", most)));
    auto next = request_.at.try_join(*location);
    if (!next)
        throw redirect_error(request_.says("redirects to what is no URL: " + std::string(location->substr(0, 200))));
    if (next->scheme() != "http" && next->scheme() != "https")
        throw redirect_error(request_.says(fmt::format("redirects to {}, which is not of http", next->href())));
    if (next->scheme() == "http" && request_.at.scheme() == "https")
        throw redirect_error(
            request_.says(fmt::format("redirects from https to {}, which anybody can read on the way", next->href())));
    if (!can_send_again() && !becomes_get(head_.status, request_.known))
        throw redirect_error(
            request_.says(fmt::format("redirects to {}, but the content can't be sent again", next->href())));
    if (next->fragment().empty() && !request_.at.fragment().empty())
        next = next->with_fragment(request_.at.fragment());
    return next->without_credentials(); // they are somebody else's words
}

void transfer::go_to(url next)
{
    history_.push_back({head_.status, request_.at.href()});
    --redirects_left_;
    elsewhere_ = elsewhere_ || next.origin() != request_.at.origin();
    const bool becomes = becomes_get(head_.status, request_.known);
    http::content kept = becomes ? http::content() : std::move(request_.content);
    std::string name = becomes ? "GET" : std::move(request_.method_name);
    became_get_ = became_get_ || becomes;
    const bool expects = request_.expect_continue && !becomes;
    request_ = asked(std::move(name), std::move(next));
    request_.content = std::move(kept);
    request_.expect_continue = expects;
}

} // namespace simul::http::detail
