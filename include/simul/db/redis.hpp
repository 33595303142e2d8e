// SPDX-License-Identifier: MIT
//
// redis: a client for Redis, 5 and later, and what speaks its protocol.
//
//     simul::db::redis r = co_await simul::db::redis::connect("redis://localhost:6379/0");
//     co_await r.set("a", 1);
//     std::optional<std::string> a = co_await r.get("a");
//     auto fields = co_await r.command("HGETALL", "h").as<std::map<std::string, std::string>>();
//
// One connection serves all tasks of the loop: what they ask in one turn goes out in one write, and the replies come
// back in order. So `co_await simul::gather(r.get("a"), r.get("b"))` is one round trip. Commands that wait at the
// server (BLPOP and its like) get connections of their own, from a pool; so does each subscription, and each
// `session`.
//
// When the connection is lost, it is made again, after random and growing waits. Commands that were not sent yet wait
// for it. What was sent and not answered fails with `connection_lost`, for nobody knows whether it was executed;
// unless it was marked `idempotent`, then it is sent again.
//
// A client belongs to the loop that made it. Dropping it ends its connections, and fails what is in flight; `close`
// lets that end first.
#pragma once

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/db/redis_command.hpp>
#include <simul/db/redis_value.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/task.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::db {

namespace detail {
class redis_subscriber;
}

/// The connection ended before the reply came: the command may have been executed, or not. Of a subscription:
/// messages may have been missed.
class connection_lost : public error {
public:
    explicit connection_lost(std::string what) : error(std::errc::connection_reset, std::move(what)) {}
};

struct redis_options {
    std::string username = {}; ///< instead of the URL's, as the next
    std::string password = {};
    std::string client_name = {}; ///< as CLIENT LIST shows it
    int protocol = 3;             ///< RESP; 2 is what older servers speak, and found out by itself

    duration connect_timeout = std::chrono::seconds(10); ///< of an attempt: name, TCP, TLS, greeting
    /// For the reply to a command, or for a connection to send it on; what is late means that the connection is dead.
    /// Commands that block are exempt. 0: none.
    duration command_timeout = std::chrono::seconds(30);
    duration keep_alive = std::chrono::seconds(60);     ///< asks an idle server so often whether it is there; 0: never
    duration backoff = std::chrono::milliseconds(50);   ///< the longest wait before the first attempt to connect again
    duration longest_backoff = std::chrono::seconds(5); ///< ... and before any
    int resends = 3;                                    ///< of an idempotent command
    std::size_t pool = 32;                              ///< connections for commands that block; more wait for one

    std::size_t reply_bytes = std::size_t{512} << 20; ///< of all strings in a reply; a longer one ends the connection
    std::size_t reply_values = std::size_t{16} << 20; ///< in a reply
    std::size_t reply_depth = 64;                     ///< of arrays in a reply

    tls::client_options tls = {}; ///< for rediss://
};

/// When `set` is to do something.
enum class redis_when : std::uint8_t { always, absent, present };

struct redis_set_options {
    duration expires = {}; ///< after so long, in whole milliseconds; 0: never
    redis_when when = redis_when::always;
};

struct redis_message {
    std::string channel;
    std::string payload;
    std::string pattern; ///< by which it came; empty when by the channel's name
};

/// Messages of channels, on a connection of its own.
///
///     auto news = co_await r.subscribe("news", "sports");
///     while (auto message = co_await news.next())
///         print(message->channel, message->payload);
///
/// When the connection is lost, it is made again and subscribes again; then `next` says so once, by a
/// `connection_lost`, and goes on. Dropping it ends it.
class redis_subscription {
public:
    redis_subscription(redis_subscription&&) noexcept = default;
    redis_subscription& operator=(redis_subscription&& other) noexcept;
    ~redis_subscription();

    /// Subscribes to more, or to less, while others wait for messages; returns when the server has done it. A message
    /// that is published after that comes. *Cancel:* it may be subscribed or not. *Throws:* `redis_error`.
    task<> add(std::vector<std::string> channels);
    task<> add_patterns(std::vector<std::string> patterns);
    task<> remove(std::vector<std::string> channels);
    task<> remove_patterns(std::vector<std::string> patterns);

    /// The next message; empty when it was closed. *Cancel:* has taken none. *Throws:* `connection_lost`, see above.
    task<std::optional<redis_message>> next();

    /// Ends it; who waits for a message gets an empty one.
    task<> close();

private:
    friend redis;
    explicit redis_subscription(std::shared_ptr<detail::redis_subscriber> core) noexcept : core_(std::move(core)) {}

    std::shared_ptr<detail::redis_subscriber> core_;
};

/// *Lifetime:* outlives what it is awaited for.
class redis {
public:
    /// "redis://user:password@host:6379/0", "rediss://..." for TLS, "unix:///run/redis.sock?db=0". All but the scheme
    /// may be left out. *Throws:* what is wrong with the URL, or kept the first connection from being made.
    static task<redis> connect(std::string url, redis_options options = {});

    redis(redis&&) noexcept = default;
    redis& operator=(redis&& other) noexcept;
    ~redis();

    /// Any command, to be awaited: `command("LPUSH", "l", 1, 2)`. Those that block need not be told from others.
    /// *Throws:* `error` for those that change the connection for everybody; it names what to use instead.
    template <class... Args> redis_command command(std::string_view name, const Args&... arguments)
    {
        detail::redis_request request{.name = std::string(name)};
        detail::write_command(request.wire, name, arguments...);
        request.blocking = detail::redis_check(core(), name, request.wire, true);
        return {core(), std::move(request)};
    }
    redis_pipeline pipeline() { return redis_pipeline(core()); }
    redis_transaction transaction() { return redis_transaction(core()); }

    /// A script by its name, and whole where the server doesn't know it: `script(take, {"jobs"}, 10).as<int>()`.
    template <class... Args>
    redis_command script(const redis_script& wanted, std::initializer_list<std::string_view> keys,
                         const Args&... arguments)
    {
        return script_with(wanted, keys, arguments...);
    }
    template <std::ranges::sized_range Keys, class... Args>
        requires detail::redis_text<std::ranges::range_value_t<Keys>>
    redis_command script(const redis_script& wanted, const Keys& keys, const Args&... arguments)
    {
        return script_with(wanted, keys, arguments...);
    }

    /// A client whose connection is its alone: for WATCH, SELECT, CLIENT. It isn't made again when it is lost.
    task<redis> session();

    template <std::convertible_to<std::string_view>... Channels>
    task<redis_subscription> subscribe(const Channels&... channels)
    {
        return subscribe_to({std::string(std::string_view(channels))...}, {});
    }
    /// To channels whose names match: "news.*".
    template <std::convertible_to<std::string_view>... Patterns>
    task<redis_subscription> psubscribe(const Patterns&... patterns)
    {
        return subscribe_to({}, {std::string(std::string_view(patterns))...});
    }

    // ---- what most programs use most

    template <class T = std::string> task<std::optional<T>> get(std::string_view key)
    {
        return command("GET", key).idempotent().as<std::optional<T>>();
    }
    /// Whether it was set, which depends on `options.when` only.
    template <class Value> task<bool> set(std::string_view key, const Value& value, redis_set_options options = {})
    {
        static_assert(detail::redis_text<Value> || detail::redis_number<Value>,
                      "simul: a value for Redis is text or a number");
        return done(command("SET", key, value, set_arguments(options)));
    }
    /// How many of them there were.
    template <class... Keys> task<std::int64_t> del(const Keys&... keys)
    {
        return command("DEL", keys...).template as<std::int64_t>();
    }
    task<bool> exists(std::string_view key) { return command("EXISTS", key).idempotent().as<bool>(); }
    task<std::int64_t> incr(std::string_view key, std::int64_t by = 1)
    {
        return command("INCRBY", key, by).as<std::int64_t>();
    }
    /// Whether there is such a key.
    task<bool> expire(std::string_view key, duration after);
    /// How many got it.
    task<std::int64_t> publish(std::string_view channel, bytes_view payload)
    {
        return command("PUBLISH", channel, payload).as<std::int64_t>();
    }

    /// Lets what was sent be answered, and ends the connections. Nothing more can be asked.
    task<> close();

private:
    explicit redis(std::shared_ptr<detail::redis_core> core) noexcept : core_(std::move(core)) {}

    template <class Keys, class... Args>
    redis_command script_with(const redis_script& wanted, const Keys& keys, const Args&... arguments)
    {
        detail::redis_request request{.name = "EVALSHA"};
        request.script = wanted.text_;
        detail::write_command(request.wire, "EVALSHA", wanted.sha(), std::size(keys), keys, arguments...);
        return {core(), std::move(request)};
    }
    detail::redis_core& core() const
    {
        if (!core_) [[unlikely]]
            throw closed_error("redis: this client was moved from");
        return *core_;
    }
    task<redis_subscription> subscribe_to(std::vector<std::string> channels, std::vector<std::string> patterns);
    static std::vector<std::string> set_arguments(redis_set_options options);
    static task<bool> done(redis_command command);

    std::shared_ptr<detail::redis_core> core_;
};

} // namespace simul::db
