// SPDX-License-Identifier: MIT
#include "intake.hpp"

#include "envelope.hpp"
#include "scripts.hpp"
#include "unacked.hpp"

#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>
#include <utility>

namespace simul::cluster::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_at_once = 256;
constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

/// A watch asks again so often, to find out that the server is gone when nothing else tells.
constexpr duration watch_time = 10s;
constexpr duration watch_patience = 15s;
/// When the server says no.
constexpr duration refusal_pause = 1s;
constexpr duration first_backoff = 50ms;
/// For a server that may be gone.
constexpr duration closing_patience = 2s;

void let_end(std::vector<future<>>& tasks) noexcept
{
    for (future<>& each : tasks) {
        each.cancel();
        each.detach();
    }
    tasks.clear();
}

task<> cancel_and_wait(std::vector<future<>> tasks)
{
    for (future<>& each : tasks)
        each.cancel();
    if (!tasks.empty())
        co_await wait(tasks);
}

/// It will be there, or is the one it should be, before long.
bool passes(const db::redis_error& refusal) noexcept
{
    const std::string_view code = refusal.code();
    return code == "LOADING" || code == "MASTERDOWN" || code == "UNBLOCKED";
}

bool is_unknown_command(const db::redis_error& refusal) noexcept
{
    return refusal.reply().starts_with("ERR unknown command");
}

} // namespace

intake::intake(shared_link from, duration visibility_timeout)
    : link_(std::move(from)), timeout_(visibility_timeout), name_(detail::new_id())
{
}

// ---- what is asked of it

task<> intake::consume(std::vector<std::string> queues, std::size_t prefetch)
{
    prefetch_ = prefetch;
    loop& home = loop::current();
    for (std::string& each : queues) {
        if (std::ranges::find(sources_, each, &source::queue) != sources_.end())
            continue;
        source& made = sources_.emplace_back(each, entry_tail(each));
        for (std::size_t i = 0; i < priority_steps.size(); ++i) {
            made.lists[i] = link_->names.list(each, priority_steps[i]);
            made.watches.push_back(home.launch(watch(shared_from_this(), made.lists[i])));
            made.watches.back().rename("redis watch of " + each);
        }
    }
    if (tasks_.empty() && !sources_.empty()) {
        tasks_.push_back(home.launch(take(shared_from_this())));
        tasks_.push_back(home.launch(keep(shared_from_this())));
        tasks_.push_back(home.launch(sweep(shared_from_this())));
    }
    room_.set();
    co_await say_what_is_here();
}

void intake::stop_consuming(std::string_view queue) noexcept
{
    std::erase_if(sources_, [queue](source& each) {
        if (!queue.empty() && each.queue != queue)
            return false;
        let_end(each.watches);
        return true;
    });
}

task<detail::delivery> intake::next()
{
    auto got = co_await ready_.get();
    if (const auto* const problem = std::get_if<std::exception_ptr>(&got))
        std::rethrow_exception(*problem);
    auto& made = std::get<detail::delivery>(got);
    if (const auto at = held_.find(made.tag); at != held_.end())
        at->second.given_out = true;
    co_return std::move(made);
}

void intake::let_go(const std::string& tag)
{
    held_.erase(tag);
    room_.set();
}

void intake::report(std::exception_ptr problem)
{
    if (!ready_.is_shut_down())
        ready_.try_put(std::move(problem));
}

// ---- taking

task<> intake::take(std::shared_ptr<intake> self)
{
    while (!closing_) {
        std::exception_ptr refused;
        bool more = true;
        try {
            more = !has_room() || co_await take_some();
        } catch (const db::redis_error&) {
            refused = std::current_exception();
        }
        if (refused) {
            report(std::move(refused));
            co_await sleep(refusal_pause);
        } else if (!has_room()) {
            room_.clear();
            co_await room_.wait();
        } else if (!more && !closing_) {
            pushed_.clear();
            idle_.set();
            co_await pushed_.wait();
            idle_.clear();
        }
    }
}

/// False: that was all there is.
task<bool> intake::take_some()
{
    const std::size_t wanted = std::min(prefetch_ - held_.size(), most_at_once);
    std::vector<taken> all = co_await claim(places_in_order(), new_tags(wanted));
    std::size_t bytes = 0;
    for (const taken& each : all)
        bytes += each.envelope.size();
    const bool more = all.size() == wanted || bytes >= bytes_at_once;
    co_await accept(std::move(all));
    co_return more;
}

/// What is urgent first; among queues, in turn.
std::vector<intake::place> intake::places_in_order()
{
    std::vector<place> made;
    ++turn_;
    for (std::size_t step = 0; step < priority_steps.size(); ++step) {
        for (std::size_t i = 0; i < sources_.size(); ++i) {
            const source& each = sources_[(turn_ + i) % sources_.size()];
            made.push_back({each.lists[step], each.queue, each.tail});
        }
    }
    return made;
}

std::vector<std::string> intake::new_tags(std::size_t count)
{
    std::vector<std::string> made;
    made.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
        made.push_back(name_ + ':' + std::to_string(++last_tag_));
    return made;
}

task<std::vector<intake::taken>> intake::claim(std::vector<place> places, std::vector<std::string> tags)
{
    std::vector<std::string> keys = {link_->names.index(), link_->names.unacked()};
    std::vector<std::string> tails;
    for (const place& each : places) {
        keys.push_back(each.key);
        tails.push_back(each.tail);
    }
    try {
        auto reply = co_await link_->client.script(claim_script(), keys, bytes_at_once, tails, tags)
                         .as<std::vector<std::pair<std::size_t, std::string>>>();
        std::vector<taken> made;
        made.reserve(reply.size());
        for (std::size_t i = 0; i < reply.size(); ++i)
            made.push_back({std::move(tags[i]), places.at(reply[i].first - 1).queue, std::move(reply[i].second)});
        co_return made;
    } catch (const db::connection_lost&) {
        lost_.set();
    } catch (const timeout_error&) {
        lost_.set();
    }
    co_return co_await claimed_after_all(places, std::move(tags));
}

/// The reply was lost, but perhaps not the claim: what it took has these tags.
task<std::vector<intake::taken>> intake::claimed_after_all(const std::vector<place>& places,
                                                           std::vector<std::string> tags)
{
    auto entries = co_await insist_for_ever([this, &tags]() -> task<std::vector<std::optional<std::string>>> {
        return link_->client.command("HMGET", link_->names.unacked(), tags)
            .idempotent()
            .as<std::vector<std::optional<std::string>>>();
    });
    std::vector<taken> made;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!entries[i])
            continue;
        const std::string_view entry = *entries[i];
        const auto from = std::ranges::find_if(places, [&](const place& each) { return entry.ends_with(each.tail); });
        if (from != places.end())
            made.push_back(
                {std::move(tags[i]), from->queue, std::string(entry.substr(1, entry.size() - 1 - from->tail.size()))});
    }
    co_return made;
}

task<> intake::accept(std::vector<taken> all)
{
    std::vector<taken> garbage;
    for (taken& each : all) {
        try {
            detail::delivery made = make_delivery(each);
            held_.emplace(each.tag, holding{++last_number_});
            ready_.try_put(std::move(made));
        } catch (const error&) {
            garbage.push_back(std::move(each));
        }
    }
    for (taken& each : garbage)
        co_await bury_garbage(link_, std::move(each.tag), std::move(each.queue), std::move(each.envelope));
}

detail::delivery intake::make_delivery(const taken& from) const
{
    envelope read = read_envelope(from.envelope);
    return {.content = std::move(read.content), .queue = from.queue, .tag = from.tag, .redelivered = read.redelivered};
}

// ---- waiting

task<> intake::watch(std::shared_ptr<intake> self, std::string list)
{
    for (int failures = 0;;) {
        co_await idle_.wait();
        std::exception_ptr refused;
        bool lost = false;
        try {
            if (co_await wait_for_push(list)) {
                idle_.clear();
                pushed_.set();
            }
            failures = 0;
        } catch (const db::redis_error& said) {
            if (!passes(said))
                refused = std::current_exception();
            lost = true;
        } catch (const error&) {
            lost = true;
        }
        if (refused) {
            report(std::move(refused));
            co_await sleep(refusal_pause);
        } else if (lost) {
            lost_.set();
            co_await sleep(
                simul::detail::full_jitter({.backoff = first_backoff, .longest = link_->longest_backoff}, failures++));
        }
    }
}

/// False: not for a long time.
task<bool> intake::wait_for_push(std::string list)
{
    const double seconds = std::chrono::duration<double>(watch_time).count();
    const bool asks_old = is_old_; // another watch may find out meanwhile
    const auto move_last = [&] {
        return asks_old ? link_->client.command("BRPOPLPUSH", list, list, seconds)
                        : link_->client.command("BLMOVE", list, list, "RIGHT", "RIGHT", seconds);
    };
    try {
        co_return (co_await timeout(watch_patience, move_last().as<std::optional<std::string>>())).has_value();
    } catch (const db::redis_error& said) {
        if (asks_old || !is_unknown_command(said))
            throw;
        is_old_ = true;
    }
    co_return co_await wait_for_push(std::move(list));
}

// ---- what others know of it

task<> intake::keep(std::shared_ptr<intake> self)
{
    for (;;) {
        if (co_await move_on_after(timeout_ / 3, lost_.wait()))
            ++losses_;
        try {
            co_await say_what_is_here();
            std::vector<std::string> tags;
            for (const auto& [tag, of] : held_)
                tags.push_back(tag);
            co_await renew(link_, std::move(tags));
        } catch (const db::redis_error&) {
            report(std::current_exception());
        }
        lost_.clear();
    }
}

/// Queues, as Python's clients look them up.
task<> intake::say_what_is_here()
{
    std::vector<std::string> queues;
    for (const source& each : sources_)
        queues.push_back(each.queue);
    for (const std::string& each : queues) {
        co_await insist_for_ever([this, &each]() -> task<> {
            return link_->client.command("SADD", link_->names.bindings(each), binding(each, each))
                .idempotent()
                .as<void>();
        });
    }
}

task<> intake::sweep(std::shared_ptr<intake> self)
{
    for (;;) {
        duration pause = timeout_ / 2;
        try {
            pause = co_await restore_overdue(link_, timeout_);
        } catch (const db::redis_error&) {
            report(std::current_exception());
        } catch (const error&) { // lost: those who hold something say so first
        }
        co_await sleep(pause);
    }
}

// ---- the end

task<> intake::close()
{
    std::vector<future<>> watches;
    for (source& each : sources_)
        std::ranges::move(each.watches, std::back_inserter(watches));
    sources_.clear();
    closing_ = true;
    room_.set();
    pushed_.set();
    if (!tasks_.empty()) { // what it is claiming must be given back
        std::span<future<>> taking = std::span(tasks_).first(1);
        co_await wait(taking, until::all_completed, {.timeout = closing_patience});
    }
    co_await cancel_and_wait(std::exchange(tasks_, {}));
    co_await cancel_and_wait(std::move(watches));
    ready_.shutdown(drop_items);
    std::vector<std::pair<std::string, holding>> left(held_.begin(), held_.end());
    held_.clear();
    std::ranges::sort(left, std::ranges::greater(), [](const auto& each) { return each.second.number; });
    // The newest first, so that in the end the oldest is the next one.
    for (auto& [tag, of] : left)
        co_await give_back(link_, std::move(tag), of.given_out ? begun::maybe : begun::no);
}

void intake::end() noexcept
{
    closing_ = true;
    stop_consuming({});
    let_end(tasks_);
}

} // namespace simul::cluster::redis
