// SPDX-License-Identifier: MIT
//
// router: which handler a request goes to. A `server` is one; others are mounted into it.
//
//     simul::http::router notes;
//     notes.get("/", list_notes);                     // GET and HEAD
//     notes.get("/{id:int}", show_note);
//     notes.delete_("/{id:int}", drop_note);
//     notes.use(members_only);
//     site.mount("/notes", std::move(notes));         // GET /notes/7
//
// A pattern's parts between slashes are texts, `{name}` for any one that isn't empty, `{name:int}` for a decimal number, and
// at the end `{name...}` for all that is left, slashes too. Where several patterns fit, at each part a text goes before a
// number, that before `{name}`, and `{name...}` is last; the order of adding makes no difference.
//
// Handlers are functions of `request&` that return a response, or what converts to one (a text, `http::json(...)`), or a
// task of it. A lookup takes some ten nanoseconds for each part.
#pragma once

#include <simul/detail/refuse_null.hpp>
#include <simul/http/answer.hpp>
#include <simul/http/request.hpp>
#include <simul/http/response.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::http {

class next;

namespace detail {

class handler {
public:
    virtual ~handler() = default;
    virtual task<response> answer(request& asked) = 0;
};

class middleware {
public:
    virtual ~middleware() = default;
    virtual task<response> answer(request& asked, next rest) = 0;
};

class routes;
class service;

template <class R> inline constexpr bool is_response_task = false;
template <class T> inline constexpr bool is_response_task<task<T>> = std::convertible_to<T, response>;
template <class R>
concept answering = std::convertible_to<R, response> || is_response_task<R>;

} // namespace detail

template <class Fn>
concept request_handler = std::invocable<Fn&, request&> && detail::answering<std::invoke_result_t<Fn&, request&>>;

/// What stands behind a middleware: `co_return co_await rest(asked)`. May be called again, or not at all. An `answer` that is
/// thrown there is given back as the response that it is.
class next {
public:
    task<response> operator()(request& asked) const { return respond(*this, asked); }

private:
    friend detail::routes;
    friend detail::service;
    next(std::span<detail::middleware* const> around, detail::handler& innermost) noexcept
        : around_(around), innermost_(&innermost)
    {
    }

    static task<response> respond(next from, request& asked);
    task<response> call(request& asked) const
    {
        if (around_.empty())
            return innermost_->answer(asked);
        return around_.front()->answer(asked, next(around_.subspan(1), *innermost_));
    }

    std::span<detail::middleware* const> around_;
    detail::handler* innermost_;
};

template <class Fn>
concept request_middleware = std::invocable<Fn&, request&, next> && detail::answering<std::invoke_result_t<Fn&, request&, next>>;

namespace detail {

/// `made` as a task, or the response that it is.
template <class Returned> task<response> as_response(Returned made)
{
    if constexpr (is_response_task<Returned>)
        co_return co_await std::move(made);
    else
        co_return std::move(made);
}

template <class Fn> class handler_of final : public handler {
public:
    explicit handler_of(Fn fn) : fn_(std::move(fn)) {}
    task<response> answer(request& asked) override
    {
        if constexpr (std::same_as<std::invoke_result_t<Fn&, request&>, task<response>>)
            return fn_(asked);
        else
            return as_response(fn_(asked));
    }

private:
    Fn fn_;
};

template <class Fn> class middleware_of final : public middleware {
public:
    explicit middleware_of(Fn fn) : fn_(std::move(fn)) {}
    task<response> answer(request& asked, next rest) override
    {
        if constexpr (std::same_as<std::invoke_result_t<Fn&, request&, next>, task<response>>)
            return fn_(asked, rest);
        else
            return as_response(fn_(asked, rest));
    }

private:
    Fn fn_;
};

} // namespace detail

/// Routes are added before it serves. *Lifetime:* handlers live as long as the router, or the one that it was mounted into.
/// *Threads:* with `.threads`, they are called from several at once.
class router {
public:
    router();
    router(router&& other) noexcept;
    router& operator=(router&& other) noexcept;
    ~router();

    // All *throw* `error` for a pattern that is none, and `invalid_state` when that method has a handler there, or when the
    // router serves already.

    /// HEAD, too, unless it has a handler of its own; the body is left out then.
    template <request_handler Fn> void get(std::string_view pattern, Fn fn) { route("GET", pattern, std::move(fn)); }
    template <request_handler Fn> void head(std::string_view pattern, Fn fn) { route("HEAD", pattern, std::move(fn)); }
    template <request_handler Fn> void post(std::string_view pattern, Fn fn) { route("POST", pattern, std::move(fn)); }
    template <request_handler Fn> void put(std::string_view pattern, Fn fn) { route("PUT", pattern, std::move(fn)); }
    template <request_handler Fn> void patch(std::string_view pattern, Fn fn) { route("PATCH", pattern, std::move(fn)); }
    template <request_handler Fn> void delete_(std::string_view pattern, Fn fn) { route("DELETE", pattern, std::move(fn)); }
    /// For methods that have no handler of their own there.
    template <request_handler Fn> void any(std::string_view pattern, Fn fn) { route({}, pattern, std::move(fn)); }
    /// For any method: "PROPFIND".
    template <request_handler Fn> void route(std::string_view method, std::string_view pattern, Fn fn)
    {
        simul::detail::refuse_null(fn);
        add(method, pattern, std::make_unique<detail::handler_of<Fn>>(std::move(fn)));
    }

    /// Puts `fn(request, next)` around all that is answered here, 404 and 405 too, and around what is mounted. The first is the
    /// outermost.
    template <request_middleware Fn> void use(Fn fn)
    {
        simul::detail::refuse_null(fn);
        add(std::make_unique<detail::middleware_of<Fn>>(std::move(fn)));
    }

    /// All that `sub` has, below `prefix`, with its middleware around it: also around what isn't found there.
    void mount(std::string_view prefix, router sub);

protected:
    detail::routes& table() noexcept { return *routes_; }

private:
    void add(std::string_view method, std::string_view pattern, std::unique_ptr<detail::handler> made);
    void add(std::unique_ptr<detail::middleware> made);

    std::unique_ptr<detail::routes> routes_;
};

} // namespace simul::http
