// SPDX-License-Identifier: MIT
#include <simul/db/redis.hpp>

#include "core.hpp"
#include "subscriber.hpp"

#include <utility>

namespace simul::db {

using detail::redis_connection;
using detail::redis_core;
using detail::redis_subscriber;

task<redis> redis::connect(std::string url, redis_options options)
{
    const detail::shared_settings to = detail::read_settings(url, std::move(options));
    co_return redis(std::make_shared<redis_core>(to, co_await redis_connection::open(to)));
}

redis& redis::operator=(redis&& other) noexcept
{
    std::swap(core_, other.core_);
    return *this;
}

redis::~redis()
{
    if (core_)
        core_->end();
}

task<redis> redis::session()
{
    const detail::shared_settings to = core().settings;
    co_return redis(std::make_shared<redis_core>(redis_core::session{}, to, co_await redis_connection::open(to)));
}

task<redis_subscription> redis::subscribe_to(std::vector<std::string> channels, std::vector<std::string> patterns)
{
    const detail::shared_settings to = core().settings;
    redis_subscription made(redis_subscriber::start(to, co_await redis_connection::open(to)));
    co_await made.add(std::move(channels));
    co_await made.add_patterns(std::move(patterns));
    co_return made;
}

std::vector<std::string> redis::set_arguments(redis_set_options options)
{
    std::vector<std::string> made;
    if (options.expires != duration::zero()) {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(options.expires).count();
        made = {"PX", std::to_string(ms)};
    }
    if (options.when != redis_when::always)
        made.emplace_back(options.when == redis_when::absent ? "NX" : "XX");
    return made;
}

task<bool> redis::done(redis_command command)
{
    const redis_value reply = co_await std::move(command);
    co_return !reply.is_null();
}

task<bool> redis::expire(std::string_view key, duration after)
{
    return command("PEXPIRE", key, std::chrono::ceil<std::chrono::milliseconds>(after).count()).as<bool>();
}

task<> redis::close()
{
    if (core().pool)
        core_->pool->end();
    co_await core_->line->close();
}

// ---- subscriptions

redis_subscription& redis_subscription::operator=(redis_subscription&& other) noexcept
{
    std::swap(core_, other.core_);
    return *this;
}

redis_subscription::~redis_subscription()
{
    if (core_)
        core_->end();
}

task<> redis_subscription::add(std::vector<std::string> channels)
{
    return core_->apply(redis_subscriber::change::add, redis_subscriber::names::of_channels, std::move(channels));
}

task<> redis_subscription::add_patterns(std::vector<std::string> patterns)
{
    return core_->apply(redis_subscriber::change::add, redis_subscriber::names::patterns, std::move(patterns));
}

task<> redis_subscription::remove(std::vector<std::string> channels)
{
    return core_->apply(redis_subscriber::change::remove, redis_subscriber::names::of_channels, std::move(channels));
}

task<> redis_subscription::remove_patterns(std::vector<std::string> patterns)
{
    return core_->apply(redis_subscriber::change::remove, redis_subscriber::names::patterns, std::move(patterns));
}

task<std::optional<redis_message>> redis_subscription::next()
{
    return core_->next();
}

task<> redis_subscription::close()
{
    core_->end();
    co_return;
}

} // namespace simul::db
