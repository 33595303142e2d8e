// SPDX-License-Identifier: MIT
//
// Commands for Redis: part of simul/db/redis.hpp, which is what to include. One, many at once, or many as one:
//
//     auto fields = co_await r.command("HGETALL", "h").as<std::map<std::string, std::string>>();
//     auto [n, name] = co_await r.pipeline().command("INCR", "n").command("GET", "name").as<int, std::string>();
//     co_await r.transaction().command("LPUSH", "jobs", job).command("INCR", "count").run();
//
// Arguments are text, bytes, numbers, and pairs, containers and maps of these, whose items become an argument each.
// They are written down when the command is made, so nothing has to outlive that but the client.
#pragma once

#include <simul/db/redis_value.hpp>
#include <simul/task/future.hpp>
#include <simul/task/task.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::db {

class redis;

/// A Lua script. A value, to be kept: what it is known by is computed when it is made.
class redis_script {
public:
    explicit redis_script(std::string text);

    const std::string& text() const noexcept { return *text_; }
    /// What the server knows it by.
    const std::string& sha() const noexcept { return sha_; }

private:
    friend redis;

    std::shared_ptr<const std::string> text_;
    std::string sha_;
};

namespace detail {

class redis_core;

// How arguments are written (src/db/redis/resp/writer.cpp).
void write_count(bytes& to, std::size_t arguments);
void write_argument(bytes& to, bytes_view text);
void write_argument(bytes& to, std::int64_t number);
void write_argument(bytes& to, std::uint64_t number);
void write_argument(bytes& to, double number);

template <class T> inline constexpr bool is_pair = false;
template <class A, class B> inline constexpr bool is_pair<std::pair<A, B>> = true;

template <class T>
concept redis_text = std::convertible_to<const T&, bytes_view>;
template <class T>
concept redis_number = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

template <class T> std::size_t count_arguments(const T& given)
{
    if constexpr (redis_text<T> || redis_number<T>) {
        return 1;
    } else if constexpr (is_pair<T>) {
        return count_arguments(given.first) + count_arguments(given.second);
    } else {
        static_assert(std::ranges::input_range<const T>, "simul: an argument for Redis is text, a number, or a pair or "
                                                         "a container of these; for a bool, say which word");
        std::size_t all = 0;
        for (const auto& each : given)
            all += count_arguments(each);
        return all;
    }
}

template <class T> void write_arguments(bytes& to, const T& given)
{
    if constexpr (redis_text<T>) {
        write_argument(to, bytes_view(given));
    } else if constexpr (std::floating_point<T>) {
        write_argument(to, static_cast<double>(given));
    } else if constexpr (redis_number<T>) {
        write_argument(to, static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(given));
    } else if constexpr (is_pair<T>) {
        write_arguments(to, given.first);
        write_arguments(to, given.second);
    } else {
        for (const auto& each : given)
            write_arguments(to, each);
    }
}

template <class... Args> void write_command(bytes& to, std::string_view name, const Args&... arguments)
{
    write_count(to, (1 + ... + count_arguments(arguments)));
    write_argument(to, name);
    (write_arguments(to, arguments), ...);
}

/// What is to be sent, and how.
struct redis_request {
    std::string name = {}; ///< for messages
    bytes wire = {};
    unsigned replies = 1;                           ///< several come as one value, an array
    bool idempotent = false;                        ///< may be sent again
    bool blocking = false;                          ///< needs a connection of its own
    std::shared_ptr<const std::string> script = {}; ///< to be sent whole where the server doesn't know it
};

/// Queues it; it goes out with whatever else this turn of the loop sends. *Throws:* `closed_error`.
future<redis_value> redis_send(redis_core& client, redis_request request);
/// For what takes more than that: what blocks, and scripts.
task<redis_value> redis_perform(redis_core& client, redis_request request);
/// *Throws:* `error` for what can't be sent among others' commands; says whether it blocks.
bool redis_check(const redis_core& client, std::string_view name, bytes_view wire, bool alone);

template <class T> task<T> redis_read(redis_core& client, redis_request request)
{
    const std::string name = request.name;
    redis_value reply;
    if (request.blocking || request.script)
        reply = co_await redis_perform(client, std::move(request));
    else
        reply = co_await redis_send(client, std::move(request));
    co_return redis_reader{name}.template read_reply<T>(std::move(reply));
}

/// The replies to several; errors are among them.
task<std::vector<redis_value>> redis_settle(redis_core& client, redis_request request);
/// What EXEC says; none: a watched key had changed.
task<std::optional<std::vector<redis_value>>> redis_execute(redis_core& client, redis_request request);
/// *Throws:* the first error, as `redis_error`.
void redis_raise_first(std::string_view name, const std::vector<redis_value>& replies);

template <class... Ts> std::tuple<Ts...> redis_read_each(std::string_view name, std::vector<redis_value>&& replies)
{
    redis_raise_first(name, replies);
    if (replies.size() != sizeof...(Ts))
        throw error(std::errc::invalid_argument, "redis: " + std::to_string(replies.size()) + " commands, but " +
                                                     std::to_string(sizeof...(Ts)) + " types for their replies");
    const redis_reader reader{name};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<Ts...>{reader.read<Ts>(std::move(replies[I]))...};
    }(std::index_sequence_for<Ts...>());
}

/// Awaits a task that it keeps.
template <class T> class kept_await {
public:
    explicit kept_await(task<T> work) noexcept : work_(std::move(work)), awaiter_(std::move(work_).operator co_await())
    {
    }

    bool await_ready() const { return awaiter_.await_ready(); }
    template <class Promise> std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        return awaiter_.await_suspend(frame);
    }
    T await_resume() { return awaiter_.await_resume(); }

private:
    task<T> work_;
    typename task<T>::awaiter awaiter_;
};

} // namespace detail

/// One command. *Cancel:* it may be executed or not; its reply is dropped. One that blocks (BLPOP) is called off at
/// the server: what it was given at that very moment is delivered, and the cancellation comes at the next wait.
/// *Throws:* `redis_error`, `connection_lost`, `timeout_error`; `error` when the reply doesn't fit.
class [[nodiscard("nothing is sent until it is awaited: co_await it")]] redis_command {
public:
    /// The reply as a T: see simul/db/redis_value.hpp.
    template <class T> task<T> as() && { return detail::redis_read<T>(*client_, std::move(request_)); }
    /// As it is: `redis_value v = co_await r.command("PING")`.
    detail::kept_await<redis_value> operator co_await() &&
    {
        return detail::kept_await<redis_value>(std::move(*this).as<redis_value>());
    }

    /// To execute it twice does no harm: it is sent again when the connection was lost before its reply.
    redis_command&& idempotent() &&
    {
        request_.idempotent = true;
        return std::move(*this);
    }

private:
    friend redis;
    redis_command(detail::redis_core& client, detail::redis_request request) noexcept
        : client_(&client), request_(std::move(request))
    {
    }

    detail::redis_core* client_;
    detail::redis_request request_;
};

/// Several commands, sent in one go; others' may be executed between them. *Cancel:* as one command.
class redis_pipeline {
public:
    template <class... Args> redis_pipeline& command(std::string_view name, const Args&... arguments)
    {
        add(name, [&](bytes& to) { detail::write_command(to, name, arguments...); });
        return *this;
    }
    /// As that of a command, for all together.
    redis_pipeline& idempotent() noexcept
    {
        request_.idempotent = true;
        return *this;
    }
    std::size_t size() const noexcept { return request_.replies; }

    // All three send what was added, and leave it empty.

    /// All replies. *Throws:* the first error among them, when all have come.
    task<std::vector<redis_value>> run();
    /// All replies; errors are values.
    task<std::vector<redis_value>> settle();
    /// All replies as these types. *Throws:* as `run`.
    template <class... Ts> task<std::tuple<Ts...>> as()
    {
        return [](detail::redis_core& client, detail::redis_request request) -> task<std::tuple<Ts...>> {
            co_return detail::redis_read_each<Ts...>("pipeline",
                                                     co_await detail::redis_settle(client, std::move(request)));
        }(*client_, take());
    }

private:
    friend redis;
    friend class redis_transaction;
    explicit redis_pipeline(detail::redis_core& client) noexcept : client_(&client) { request_.replies = 0; }

    template <class Write> void add(std::string_view name, Write write)
    {
        const std::size_t before = request_.wire.size();
        write(request_.wire);
        check(name, before);
        ++request_.replies;
    }
    void check(std::string_view name, std::size_t before);
    detail::redis_request take();

    detail::redis_core* client_;
    detail::redis_request request_;
};

/// Several commands, executed as one (MULTI, EXEC): all or, when one of them is no command, none.
class redis_transaction {
public:
    template <class... Args> redis_transaction& command(std::string_view name, const Args&... arguments)
    {
        commands_.command(name, arguments...);
        return *this;
    }
    std::size_t size() const noexcept { return commands_.size(); }

    // As those of a pipeline. Empty: a key that this session watches had changed, and nothing was done.

    task<std::optional<std::vector<redis_value>>> run();
    task<std::optional<std::vector<redis_value>>> settle();
    template <class... Ts> task<std::optional<std::tuple<Ts...>>> as()
    {
        return [](detail::redis_core& client, detail::redis_request request) -> task<std::optional<std::tuple<Ts...>>> {
            auto replies = co_await detail::redis_execute(client, std::move(request));
            if (!replies)
                co_return std::nullopt;
            co_return detail::redis_read_each<Ts...>("transaction", std::move(*replies));
        }(*commands_.client_, take());
    }

private:
    friend redis;
    explicit redis_transaction(detail::redis_core& client) noexcept : commands_(client) {}

    detail::redis_request take();

    redis_pipeline commands_;
};

} // namespace simul::db
