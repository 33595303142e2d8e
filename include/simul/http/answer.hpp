// SPDX-License-Identifier: MIT
//
// answer: a response as an exception, for code deep inside of a handler that knows what to say.
//
//     if (!may_read(user, page))
//         throw simul::http::answer(403, "members only");
//     throw simul::http::answer(simul::http::redirect("/login"));
#pragma once

#include <simul/base/error.hpp>
#include <simul/http/content.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/response.hpp>
#include <simul/http/status.hpp>

#include <memory>
#include <string_view>

namespace simul::http {

/// What a `server` makes of it is the response in it; nobody is told of an error.
class answer : public error {
public:
    /// Without a body it says its status: "403 Forbidden".
    explicit answer(int status, http::content body = {}, http::headers fields = {});
    explicit answer(http::response whole);

    int status() const noexcept { return response_->status(); }
    const http::response& response() const noexcept { return *response_; }

private:
    std::shared_ptr<const http::response> response_; // exceptions are copied
};

/// Says that the thing is to be found at `to`, by GET unless the status is another (307 and 308 keep the method).
/// *Throws:* `error` when `to` can't stand in a field.
response redirect(std::string_view to, int status = status::see_other);

} // namespace simul::http
