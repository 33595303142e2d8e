// SPDX-License-Identifier: MIT
#include "redis_results.hpp"

#include "redis/feed.hpp"
#include "redis/link.hpp"
#include "redis/saved_group.hpp"
#include "redis/scripts.hpp"

#include <simul/task/timeout.hpp>

#include <chrono>
#include <utility>

namespace simul::cluster::detail {
namespace {

using namespace std::chrono_literals;
using redis::insist_for_ever;
using redis::shared_link;

constexpr duration closing_patience = 5s;

/// As the parts of a chord are kept: [1, id, status, result].
std::string write_part(const outcome& what)
{
    return json::dump(json::array{1, what.id, what.status, what.result});
}
outcome read_part(std::string_view text, const std::string& group)
{
    json::value read = json::parse(text);
    return {.id = read[1].as<std::string>(), .status = read[2].as<std::string>(), .result = std::move(read[3]), .group = group};
}

class redis_results final : public results {
public:
    redis_results(shared_link at, const results_options& options)
        : link_(std::move(at)), feed_(std::make_shared<redis::feed>(link_)),
          seconds_(std::chrono::ceil<std::chrono::seconds>(options.expires).count())
    {
    }
    ~redis_results() override { feed_->end(); }

    task<> store(const request&, const outcome& what) override
    {
        return keep(link_, link_->names.result(what.id), write_outcome(what), seconds_);
    }
    task<std::optional<outcome>> look(std::string id) override;
    task<std::optional<std::vector<outcome>>> join(const request& part, const outcome& what) override
    {
        return add_part(link_, part.group, part.group_index ? std::to_string(*part.group_index) : "+inf", write_part(what),
                        seconds_);
    }
    task<> end_join(std::string group) override;

    const std::string& address() const noexcept override { return address_; }
    task<> expect(std::string id) override { return feed_->expect(std::move(id)); }
    void forget(std::string_view id) noexcept override { feed_->forget(id); }
    task<outcome> next() override { return feed_->next(); }
    task<> begin_join(std::string group, std::size_t parts) override;

    task<> close() override;

private:
    static task<> keep(shared_link at, std::string key, std::string text, std::int64_t seconds);
    static task<std::optional<std::vector<outcome>>> add_part(shared_link at, std::string group, std::string place,
                                                              std::string part, std::int64_t seconds);

    shared_link link_;
    std::shared_ptr<redis::feed> feed_;
    std::int64_t seconds_; ///< to keep them; 0: for ever
    const std::string address_;
};

task<> redis_results::keep(shared_link at, std::string key, std::string text, std::int64_t seconds)
{
    return insist_for_ever([at = std::move(at), key = std::move(key), text = std::move(text), seconds]() -> task<> {
        return at->client.script(redis::store_script(), {key}, text, seconds).idempotent().as<void>();
    });
}

task<std::optional<outcome>> redis_results::look(std::string id)
{
    const auto text = co_await insist_for_ever([this, &id]() { return link_->client.get(link_->names.result(id)); });
    if (!text)
        co_return std::nullopt;
    co_return read_outcome(*text);
}

// ---- chords

task<> redis_results::begin_join(std::string group, std::size_t parts)
{
    return insist_for_ever([at = link_, key = link_->names.group(group, ".s"), parts, seconds = seconds_]() -> task<> {
        if (seconds > 0)
            return at->client.command("SETEX", key, seconds, parts).idempotent().as<void>();
        return at->client.command("SET", key, parts).idempotent().as<void>();
    });
}

task<std::optional<std::vector<outcome>>> redis_results::add_part(shared_link at, std::string group, std::string place,
                                                                  std::string part, std::int64_t seconds)
{
    const redis::keys& names = at->names;
    const auto parts = co_await insist_for_ever([&]() -> task<std::optional<std::vector<std::string>>> {
        return at->client
            .script(redis::join_script(), {names.group(group, ".j"), names.group(group, ".s"), names.group(group, ".t")}, place,
                    part, seconds)
            .idempotent()
            .as<std::optional<std::vector<std::string>>>();
    });
    if (!parts)
        co_return std::nullopt;
    if (auto nested = co_await redis::read_saved_group(at, group))
        co_return nested;
    std::vector<outcome> all;
    all.reserve(parts->size());
    for (const std::string& each : *parts)
        all.push_back(read_part(each, group));
    co_return all;
}

task<> redis_results::end_join(std::string group)
{
    return insist_for_ever([at = link_, group = std::move(group)]() -> task<> {
        return at->client.command("DEL", at->names.group(group, ".j"), at->names.group(group, ".s"), at->names.group(group, ".t"))
            .idempotent()
            .as<void>();
    });
}

// ---- the end

task<> redis_results::close()
{
    co_await feed_->close();
    co_await move_on_after(closing_patience, link_->client.close());
}

} // namespace

task<std::unique_ptr<results>> connect_redis_results(std::string url, results_options options)
{
    shared_link at =
        co_await redis::open_link(std::move(url), {.key_prefix = options.key_prefix, .tls = options.tls});
    co_return std::make_unique<redis_results>(std::move(at), options);
}

} // namespace simul::cluster::detail
