// SPDX-License-Identifier: MIT
//
// request: what a handler of a `server` is asked for.
//
//     site.post("/user/{id:int}/notes", [](simul::http::request& asked) -> simul::task<simul::http::response> {
//         const int user = asked.param<int>("id");
//         auto words = co_await asked.json<note>();                      // or 413, 415, 400
//         const int most = asked.query<int>("most").value_or(10);
//         co_return simul::http::json(save(user, words, most));
//     });
//
// It lives until the response is sent, so what a response streams may refer to it. The body is read when it is asked for;
// what nobody reads is dropped.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>
#include <simul/http/headers.hpp>
#include <simul/http/method.hpp>
#include <simul/io/address.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>
#include <simul/text/url.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::http {
namespace detail {

/// Where a request came from: a connection of whatever version of HTTP.
class request_source {
public:
    /// Waits for more of the body and puts it behind `to`. False: that was all. *Throws:* `answer` with 413 beyond `limit`,
    /// with 400 or 408 for what can't be understood or doesn't come.
    virtual task<bool> read_body(bytes& to, std::uint64_t limit) = 0;
    virtual std::optional<std::uint64_t> body_size() const noexcept = 0;
    virtual const address& peer() = 0;
    virtual bool is_encrypted() const noexcept = 0;

protected:
    request_source() noexcept = default;
    request_source(const request_source&) = delete;
    ~request_source() = default;
};

class request_maker;
class piece_decoder;

// A text as a number: all of it, in decimal; nothing when it is none, or doesn't fit.
std::optional<std::int64_t> signed_number(std::string_view text) noexcept;
std::optional<std::uint64_t> unsigned_number(std::string_view text) noexcept;
std::optional<double> real_number(std::string_view text) noexcept;

template <class T> std::optional<T> text_as(std::string_view text)
{
    if constexpr (std::constructible_from<T, std::string_view>) {
        return T(text);
    } else if constexpr (std::floating_point<T>) {
        if (const auto number = real_number(text))
            return static_cast<T>(*number);
    } else {
        static_assert(std::integral<T> && !std::same_as<T, bool>, "simul: a parameter is a number or a text");
        if constexpr (std::is_signed_v<T>) {
            if (const auto number = signed_number(text); number && std::in_range<T>(*number))
                return static_cast<T>(*number);
        } else {
            if (const auto number = unsigned_number(text); number && std::in_range<T>(*number))
                return static_cast<T>(*number);
        }
    }
    return std::nullopt;
}

} // namespace detail

class request {
public:
    static constexpr std::uint64_t default_body_limit = std::uint64_t{1} << 20;
    static constexpr std::uint64_t no_limit = ~std::uint64_t{0};

    // ---- what is asked for. *Lifetime:* of all views, the request.

    http::method method() const noexcept { return method_; }
    /// Also of a method that is `other`: "PROPFIND".
    std::string_view method_name() const noexcept
    {
        return method_ == http::method::other ? std::string_view(other_method_) : to_string(method_);
    }
    /// As it came: "/a%20page?q=1"; "*" of an OPTIONS for the server itself.
    std::string_view target() const noexcept { return target_; }
    /// "/a page": decoded, once. It has no NUL, and no "." or ".." between two slashes: such requests are refused.
    std::string_view path() const noexcept { return {path_data_, path_size_}; }
    /// "q=1", as it came.
    std::string_view query() const noexcept { return query_; }
    /// Its names and values, decoded.
    const parameters& query_parameters() const;
    /// The first value of that name.
    std::optional<std::string_view> query(std::string_view name) const;
    /// The same as a number. *Throws:* `answer` with 400 for what is none, or too large.
    template <class T> std::optional<T> query(std::string_view name) const
    {
        const auto text = query(name);
        if (!text)
            return std::nullopt;
        if (auto value = detail::text_as<T>(*text))
            return value;
        refuse_query(name);
    }
    /// Whom it was sent to: "example.org:8080", as the client says it. Don't make URLs of it.
    std::string_view host() const noexcept { return host_; }

    /// "/user/{id}": the pattern of the route that it has gone to; empty when there was none.
    std::string_view route() const noexcept { return route_; }
    /// What stands in the path at the route's `{name}`, decoded. *Throws:* `invalid_state` when the route has none such.
    std::string_view param(std::string_view name) const;
    /// The same as a number. *Throws:* `answer` with 404 for what is none, or too large: there is nothing at that path.
    template <class T> T param(std::string_view name) const
    {
        if (auto value = detail::text_as<T>(param(name)))
            return *std::move(value);
        refuse_param();
    }

    http::headers& headers() noexcept { return fields_; }
    const http::headers& headers() const noexcept { return fields_; }
    /// Of the first cookie of that name.
    std::optional<std::string> cookie(std::string_view name) const;

    /// The other end of the connection, which may be a proxy's.
    const address& peer() const { return source_.peer(); }
    /// It came over TLS.
    bool is_encrypted() const noexcept { return source_.is_encrypted(); }

    // ---- the body, decoded where it comes as gzip, deflate, br or zstd. All *throw* `answer`: 413 when it is larger than the
    // limit, before or after decoding, 400 when it is malformed or breaks off, 408 when it comes too slowly, 415 for a coding
    // that nobody knows. Nothing is sent to a client that asked whether to go on (100-continue) before the first read.

    /// At most so much is taken; one MiB unless said otherwise, by this or in the server's options.
    void limit_body(std::uint64_t most) noexcept { body_limit_ = most; }
    /// Gives it as it comes, for who stores it or passes it on. Before the first read.
    void leave_coded() noexcept { decodes_ = false; }
    /// How large it says to be, as it comes; none when that isn't said.
    std::optional<std::uint64_t> body_size() const noexcept { return source_.body_size(); }
    /// All of it, kept here: asked for again, it is there. May be moved from.
    task<bytes&> body();
    /// The next piece, for who takes them as they come; empty: the end.
    task<bytes> read_some();
    /// The body as JSON. *Throws:* `answer` with 415 when the Content-Type says that it is something else, and with 400 that
    /// tells what doesn't fit.
    template <class T = simul::json::value> task<T> json()
    {
        check_json();
        const bytes& text = co_await body();
        try {
            co_return simul::json::parse<T>(text);
        } catch (const simul::json::error& failure) {
            refuse_json(failure);
        }
    }
    /// The body as a form without files; for one with files, see `form_reader`. *Throws:* `answer` with 415 when it is
    /// something else.
    task<parameters> form();

    // ---- for middleware: what it knows of a request, by type

    /// Keeps `value` for those behind: `asked.attach(user{...})`; instead of one of that type that is there.
    template <class T> void attach(T value)
    {
        attach_as(key_of<T>(), std::make_shared<T>(std::move(value)));
    }
    /// Null when there is none.
    template <class T> T* attached() const noexcept { return static_cast<T*>(find_attached(key_of<T>())); }

    request(const request&) = delete;
    request& operator=(const request&) = delete;
    ~request();

private:
    friend detail::request_maker;

    struct parameter {
        std::string_view name, value;
    };
    struct attachment {
        const void* key;
        std::shared_ptr<void> value;
    };
    template <class T> static const void* key_of() noexcept
    {
        static char key = 0; // not const: those could become one
        return &key;
    }

    explicit request(detail::request_source& from) noexcept;

    void begin_body();
    task<bool> read_more(bytes& to);
    task<bool> read_decoded(bytes& to);
    [[noreturn]] void refuse_param() const;
    [[noreturn]] void refuse_query(std::string_view name) const;
    [[noreturn]] void refuse_json(const simul::json::error& because) const;
    void check_json() const;
    void attach_as(const void* key, std::shared_ptr<void> value);
    void* find_attached(const void* key) const noexcept;

    detail::request_source& source_;
    http::method method_ = http::method::get;
    bool decodes_ = true;
    bool body_begun_ = false;
    bool body_whole_ = false; // it is in body_
    std::string other_method_; // of a method that is `other`
    std::string target_;
    std::string decoded_; // path and parameters, where they had to be
    const char* path_data_ = "";
    std::size_t path_size_ = 0;
    std::string_view query_;
    std::string host_;
    std::string_view route_;
    std::vector<parameter> params_;
    http::headers fields_;
    std::uint64_t body_limit_ = default_body_limit;
    bytes body_;
    bytes coded_; // what the decoder has been given
    std::unique_ptr<detail::piece_decoder> decoder_;
    mutable std::optional<parameters> query_parameters_;
    std::vector<attachment> attachments_;
};

} // namespace simul::http
