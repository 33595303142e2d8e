// SPDX-License-Identifier: MIT
#include "unacked.hpp"

#include "envelope.hpp"
#include "scripts.hpp"

#include <simul/task/this_task.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace simul::cluster::redis {
namespace {

constexpr std::size_t renewed_at_once = 1000;
constexpr std::size_t restored_at_once = 10; // each may be large
constexpr std::chrono::seconds begins_kept =
    std::chrono::hours(24); // of messages that somebody else answers for in the end

struct move {
    std::string tag;
    std::string list;
    std::string envelope;
    std::string_view push;
    double silence = 0; ///< seconds
};

task<bool> carry_out(shared_link at, move wanted)
{
    return insist_for_ever([at = std::move(at), wanted = std::move(wanted)]() -> task<bool> {
        return at->client
            .script(move_script(), {at->names.index(), at->names.unacked(), wanted.list}, wanted.tag, wanted.envelope,
                    wanted.push, wanted.silence)
            .idempotent()
            .as<bool>();
    });
}

task<std::optional<entry>> look_up(shared_link at, std::string tag)
{
    const auto text = co_await insist_for_ever([at, tag]() -> task<std::optional<std::string>> {
        return at->client.command("HGET", at->names.unacked(), tag).idempotent().as<std::optional<std::string>>();
    });
    if (!text)
        co_return std::nullopt;
    co_return read_entry(*text);
}

/// The queues that get what is sent there.
task<std::vector<std::string>> queues_of(shared_link at, address to)
{
    if (to.exchange.empty())
        co_return {std::move(to.routing_key)};
    const auto bindings = co_await at->client.command("SMEMBERS", at->names.bindings(to.exchange))
                              .idempotent()
                              .as<std::vector<std::string>>();
    std::vector<std::string> found;
    for (const std::string& each : bindings)
        if (const std::string_view queue = bound_queue(each, to.routing_key); !queue.empty())
            found.emplace_back(queue);
    co_return found;
}

/// False: it is left to Python's workers, as what was sent by a pattern, or to several queues.
task<bool> restore(shared_link at, std::string tag, entry found, duration timeout)
{
    const std::vector<std::string> queues = co_await queues_of(at, found.sent_to);
    if (queues.size() != 1)
        co_return false;
    const int priority = found.priority();
    co_await carry_out(at, {.tag = std::move(tag),
                            .list = at->names.list(queues.front(), priority),
                            .envelope = begun_before(std::move(found.envelope)),
                            .push = "RPUSH",
                            .silence = std::chrono::duration<double>(timeout).count()});
    co_return true;
}

struct overdue {
    std::optional<duration> next;                           ///< until then there is none
    std::vector<std::pair<std::string, std::string>> found; ///< tags and entries
};

task<overdue> look_for_overdue(link& at, duration timeout, std::size_t passed_over)
{
    const double seconds = std::chrono::duration<double>(timeout).count();
    auto reply =
        co_await at.client
            .script(overdue_script(), {at.names.index(), at.names.unacked()}, seconds, passed_over, restored_at_once)
            .as<std::vector<db::redis_value>>();
    overdue made;
    if (!reply.front().text().empty())
        made.next = to_duration(std::chrono::duration<double>(std::move(reply.front()).as<double>()));
    for (std::size_t i = 1; i + 1 < reply.size(); i += 2)
        made.found.emplace_back(std::move(reply[i]).as<std::string>(), std::move(reply[i + 1]).as<std::string>());
    co_return made;
}

} // namespace

task<> forget(shared_link from, std::string tag, std::string begins)
{
    return insist_for_ever([from = std::move(from), tag = std::move(tag), begins = std::move(begins)]() -> task<> {
        // In this order, so that what is left of it when only the first is done is swept up.
        db::redis_pipeline all = from->client.pipeline();
        all.command("HDEL", from->names.unacked(), tag).command("ZREM", from->names.index(), tag);
        if (!begins.empty())
            all.command("DEL", begins);
        co_await all.idempotent().run();
    });
}

task<std::int64_t> count_begin(shared_link at, std::string begins)
{
    return insist_for_ever([at = std::move(at), begins = std::move(begins)]() -> task<std::int64_t> {
        const auto [count, kept] = co_await at->client.pipeline()
                                       .command("INCR", begins)
                                       .command("EXPIRE", begins, begins_kept.count())
                                       .idempotent()
                                       .as<std::int64_t, bool>();
        co_return count;
    });
}

task<> give_back(shared_link to, std::string tag, begun state)
{
    std::optional<entry> found = co_await look_up(to, tag);
    if (!found)
        co_return;
    const int priority = found->priority();
    co_await carry_out(
        to, {.tag = std::move(tag),
             .list = to->names.list(found->sent_to.routing_key, priority),
             .envelope = state == begun::maybe ? begun_before(std::move(found->envelope)) : json::dump(found->envelope),
             .push = "RPUSH"});
}

task<> bury(shared_link to, std::string tag, std::string queue, std::string reason)
{
    std::optional<entry> found = co_await look_up(to, tag);
    if (!found)
        co_return;
    co_await carry_out(to, {.tag = std::move(tag),
                            .list = to->names.dead(queue),
                            .envelope = buried(std::move(found->envelope), reason),
                            .push = "LPUSH"});
}

task<> bury_garbage(shared_link to, std::string tag, std::string queue, std::string text)
{
    std::string dead = to->names.dead(queue);
    co_await carry_out(std::move(to),
                       {.tag = std::move(tag), .list = std::move(dead), .envelope = std::move(text), .push = "LPUSH"});
}

task<std::vector<std::string>> renew(shared_link at, std::vector<std::string> tags)
{
    std::vector<std::string> gone;
    for (std::size_t first = 0; first < tags.size(); first += renewed_at_once) {
        const auto from = tags.begin() + static_cast<std::ptrdiff_t>(first);
        const std::vector<std::string> some(
            from, from + static_cast<std::ptrdiff_t>(std::min(renewed_at_once, tags.size() - first)));
        const auto lost = co_await insist_for_ever([at, &some]() -> task<std::vector<std::string>> {
            return at->client.script(renew_script(), {at->names.index(), at->names.unacked()}, some)
                .idempotent()
                .as<std::vector<std::string>>();
        });
        gone.insert(gone.end(), lost.begin(), lost.end());
    }
    co_return gone;
}

task<duration> restore_overdue(shared_link at, duration timeout)
{
    for (std::size_t passed_over = 0;;) {
        const time_point asked = now();
        overdue all = co_await look_for_overdue(*at, timeout, passed_over);
        // After a time without a server nobody has had a chance to say anything: first, let them.
        if (now() - asked > timeout / 4)
            co_return timeout / 2;
        for (auto& [tag, text] : all.found) {
            std::optional<entry> readable;
            try {
                readable = read_entry(text);
            } catch (const error&) {
            }
            if (!readable)
                co_await bury_garbage(at, std::move(tag), {}, std::move(text));
            else if (!co_await restore(at, std::move(tag), std::move(*readable), timeout))
                ++passed_over;
        }
        if (all.found.size() < restored_at_once)
            co_return std::min(timeout / 4, all.next.value_or(duration::max()));
    }
}

} // namespace simul::cluster::redis
