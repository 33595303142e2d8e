// SPDX-License-Identifier: MIT
//
// response: an answer, that a server gives or a client got.
//
//     co_return simul::http::response(201, simul::http::json(made), {{"Location", "/orders/7"}});
//
//     auto page = co_await web.get("https://example.org/");
//     page.status();                                 // 200
//     page.headers().get("content-type");            // "text/html", in an optional
//     page.raise_for_status().text();
//
// A handler's answer can also be content alone: `co_return simul::http::json("jazz")`.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>
#include <simul/http/content.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/status.hpp>
#include <simul/text/json.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::html {
class document;
}

namespace simul::http {

/// Somebody answered, but not with what was asked for: "GET https://example.org/nothing: 404 Not Found".
class status_error : public error {
public:
    status_error(std::string what, int status) : error(std::errc::protocol_error, std::move(what)), status_(status) {}

    int status() const noexcept { return status_; }

private:
    int status_;
};

/// One that led to another: a redirect that a client has followed.
struct hop {
    int status = 0;
    std::string url; ///< that was asked for
};

class response {
public:
    /// 200 with nothing in it.
    response() = default;
    explicit response(int status, http::content body = {}, http::headers fields = {})
        : status_(status), fields_(std::move(fields)), content_(std::move(body))
    {
    }
    /// 200 with this.
    template <std::convertible_to<http::content> Body> response(Body&& body) : content_(std::forward<Body>(body)) {}
    response(const response& other);
    response(response&& other) noexcept = default;
    response& operator=(const response& other);
    response& operator=(response&& other) noexcept = default;
    ~response() = default;

    int status() const noexcept { return status_; }
    void set_status(int status) noexcept { status_ = status; }
    /// The phrase behind the status; a client's is as it came.
    std::string_view reason() const noexcept
    {
        return rare_ && !rare_->reason.empty() ? rare_->reason : reason_of(status_);
    }
    void set_reason(std::string_view reason);
    /// Less than 400.
    bool ok() const noexcept { return status_ < 400; }

    http::headers& headers() noexcept { return fields_; }
    const http::headers& headers() const noexcept { return fields_; }
    /// Fields that came behind the body.
    http::headers& trailers() { return rare_parts().trailers; }
    const http::headers& trailers() const noexcept { return told().trailers; }

    http::content& content() noexcept { return content_; }
    const http::content& content() const noexcept { return content_; }
    /// The whole body, as bytes.
    const bytes& body() const noexcept { return content_.data(); }
    /// The body in UTF-8: decoded from the charset that the type names, or a byte order mark tells. What is no character
    /// becomes U+FFFD.
    std::string text() const;
    /// The body as a page: its encoding may also stand in a `<meta>`, which `text` doesn't look at. Needs simul/text/html.hpp.
    simul::html::document html() const;
    /// *Throws:* `json::error` naming the URL.
    template <class T = simul::json::value> T json() const
    {
        try {
            return simul::json::parse<T>(body());
        } catch (const simul::json::error& failure) {
            refuse_json(failure);
        }
    }

    /// The response itself. *Throws:* `status_error` when it is not `ok`.
    response& raise_for_status() &;
    response&& raise_for_status() && { return std::move(raise_for_status()); }

    /// Whose answer it is, after all redirects. Empty for one that no client got.
    const std::string& url() const noexcept { return told().url; }
    /// Where the field Link says that "next" is, or "last", as a whole URL; none when it doesn't.
    std::optional<std::string> link(std::string_view relation) const;
    /// The redirects on the way there.
    const std::vector<hop>& history() const noexcept { return told().history; }

    /// Says where it came from: for clients. `method` is the request's.
    void set_origin(std::string method, std::string url, std::vector<hop> history);

private:
    /// What a server's usual answer hasn't got: apart, for responses are moved a lot.
    struct rare {
        std::string reason;
        http::headers trailers;
        std::string method, url; ///< of the request
        std::vector<hop> history;
    };

    [[noreturn]] void refuse_json(const simul::json::error& because) const;
    rare& rare_parts();
    const rare& told() const noexcept;

    int status_ = status::ok;
    http::headers fields_;
    http::content content_;
    std::unique_ptr<rare> rare_;
};

} // namespace simul::http
