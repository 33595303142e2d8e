// SPDX-License-Identifier: MIT
//
// content: what a message carries, and of which type it is. The same for what a client sends and a server answers.
//
//     co_await web.post("/orders", simul::http::json(order));
//     co_return simul::http::html("<h1>Thank you</h1>");
//     co_return simul::http::file("report.pdf");
//     co_return simul::http::pieces(rows_of(table), "text/csv");     // an async_generator<bytes>, sent while it yields
//
// Plain text is content as it is: `co_return "hello"`.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/task/async_generator.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>
#include <simul/text/url.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace simul::http {

/// Content while it is being sent.
class content_reader {
public:
    content_reader() noexcept = default;
    content_reader(const content_reader&) = delete;
    content_reader& operator=(const content_reader&) = delete;
    virtual ~content_reader() = default;

    /// How much will come, if that is known.
    virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
    /// It goes on for as long as somebody listens: a server that is stopped calls `end_early` then, also within `next`,
    /// which it cancels; and then goes on to the end.
    virtual bool is_endless() const noexcept { return false; }
    virtual void end_early() noexcept {}
    /// Empty: the end.
    virtual task<bytes> next() = 0;
    /// Called at the end, also when it comes early.
    virtual task<> close() = 0;
};

/// Content that comes piece by piece. For kinds that aren't here: derive, and give it to a `content`.
class content_source {
public:
    content_source() noexcept = default;
    content_source(const content_source&) = delete;
    content_source& operator=(const content_source&) = delete;
    virtual ~content_source() = default;

    /// Once for each message that it is sent in; several may be under way at once.
    virtual task<std::unique_ptr<content_reader>> open() = 0;
    /// Whether it may be opened again, for a client that has to send it to somebody else.
    virtual bool is_repeatable() const noexcept = 0;
    /// What it is called, for who sends it in a form: "games.pgn". Empty: it is no file.
    virtual std::string filename() const { return {}; }
};

class content {
public:
    /// Nothing, of no type.
    content() noexcept = default;
    /// Plain text, in UTF-8.
    content(std::string text);
    content(std::string_view text);
    content(const char* text) : content(std::string_view(text)) {}
    /// Data of a media type; of none, when that is empty.
    content(bytes data, std::string_view type) : data_(std::move(data)) { set_type(type); }
    /// *Throws:* `error` for a null pointer.
    content(std::shared_ptr<content_source> source, std::string_view type);

    /// "text/html; charset=utf-8"
    const std::string& type() const noexcept { return type_ ? *type_ : no_type(); }
    void set_type(std::string_view type);

    /// Empty, and of no type: there is no content, rather than one of no bytes.
    bool is_none() const noexcept { return !source_ && data_.empty() && !type_; }
    /// The data at hand; nothing when it comes from a source.
    const bytes& data() const noexcept { return data_; }
    bytes take_data() noexcept { return std::exchange(data_, {}); }
    /// Null when the data is at hand. A copy of a content shares it.
    const std::shared_ptr<content_source>& source() const noexcept { return source_; }

private:
    static const std::string& no_type() noexcept;

    bytes data_;
    std::shared_ptr<content_source> source_;
    std::shared_ptr<const std::string> type_; ///< null: none. A usual one is nobody's, and takes no memory
};

/// text/plain
content text(std::string text);
/// text/html
content html(std::string text);
content data(bytes data, std::string_view type = "application/octet-stream");
/// As a browser sends a form without files.
content form(const parameters& fields);

/// *Throws:* as `json::dump`.
template <class T> content json(const T& value)
{
    return {json::dump(value), "application/json"};
}

/// What a file has in it, read while it is sent. Its type follows from its name, unless given.
/// It is opened when it is sent; what goes wrong then breaks off the message.
content file(std::string path, std::string type = {});

namespace detail {

std::unique_ptr<content_reader> read_pieces(async_generator<bytes> pieces);

/// Calls for the pieces each time it is opened.
template <class Fn> class called_source final : public content_source {
public:
    explicit called_source(Fn fn) : fn_(std::move(fn)) {}

    task<std::unique_ptr<content_reader>> open() override { co_return read_pieces(fn_()); }
    bool is_repeatable() const noexcept override { return true; }

private:
    Fn fn_;
};

} // namespace detail

/// What a generator yields, sent as it comes. It can be sent once.
content pieces(async_generator<bytes> pieces, std::string type = "application/octet-stream");
/// What the generators that `fn` returns yield: one for each time it is sent.
template <class Fn>
    requires std::same_as<std::invoke_result_t<Fn&>, async_generator<bytes>>
content pieces(Fn fn, std::string type = "application/octet-stream")
{
    simul::detail::refuse_null(fn);
    return {std::make_shared<detail::called_source<Fn>>(std::move(fn)), std::move(type)};
}

} // namespace simul::http
