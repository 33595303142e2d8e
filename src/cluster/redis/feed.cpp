// SPDX-License-Identifier: MIT
#include "feed.hpp"

#include <simul/cluster/errors.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace simul::cluster::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t looked_up_at_once = 500;
constexpr retry_options reconnecting = {.backoff = 50ms, .longest = 5s};

} // namespace

// ---- who is waited for

task<> feed::expect(std::string id)
{
    if (!subscription_)
        co_await open();
    if (over_)
        throw closed_error("cluster " + link_->name + ": results are closed");
    expected_.insert(id);
    try {
        co_await subscription_->add({link_->names.result(id)});
    } catch (const timeout_error& late) {
        expected_.erase(id);
        throw broker_lost("cluster " + link_->name + ": can't wait for results: " + late.what());
    }
}

task<> feed::open()
{
    const auto alone = co_await opening_.lock();
    for (int failures = 0; !subscription_ && !over_; ++failures) {
        if (failures > 0)
            co_await sleep(simul::detail::full_jitter(reconnecting, failures - 1));
        try {
            subscription_.emplace(co_await link_->client.subscribe());
        } catch (const closed_error&) {
            throw;
        } catch (const db::redis_error&) {
            throw;
        } catch (const error&) { // not there now
        }
    }
    if (over_ || leaving_.valid())
        co_return;
    leaving_ = loop::current().launch(leave_forgotten(shared_from_this()));
    leaving_.rename("redis results");
    open_.set();
}

void feed::forget(std::string_view id) noexcept
{
    std::string which(id);
    if (expected_.erase(which) == 0)
        return;
    forgotten_.push_back(std::move(which));
    some_forgotten_.set();
}

/// What is forgotten while the server is asked goes with the next question.
task<> feed::leave_forgotten(std::shared_ptr<feed> self)
{
    for (;;) {
        co_await some_forgotten_.wait();
        if (over_) // a cancellation comes too late for who has been woken
            co_return;
        some_forgotten_.clear();
        std::vector<std::string> channels;
        for (const std::string& each : std::exchange(forgotten_, {}))
            if (!expected_.contains(each))
                channels.push_back(link_->names.result(each));
        try {
            co_await subscription_->remove(std::move(channels));
        } catch (const closed_error&) {
            co_return;
        } catch (const error&) { // no confirmation in time: it isn't subscribed again, whatever happens
        }
    }
}

// ---- what is told

task<detail::outcome> feed::next()
{
    for (;;) {
        while (!known_.empty()) {
            detail::outcome first = std::move(known_.front());
            known_.pop_front();
            if (expected_.contains(first.id))
                co_return first;
        }
        if (over_)
            throw closed_error("cluster " + link_->name + ": results are closed");
        if (!subscription_)
            co_await open_.wait();
        else if (!unsure_.empty())
            co_await look();
        else
            co_await hear();
    }
}

task<> feed::hear()
{
    try {
        const auto message = co_await subscription_->next();
        if (!message)
            throw closed_error("cluster " + link_->name + ": results are closed");
        add(link_->names.id_of(message->channel), message->payload);
    } catch (const db::connection_lost&) {
        unsure_.assign(expected_.begin(), expected_.end());
    }
}

/// Until the reply has come, all of them stay unsure.
task<> feed::look()
{
    std::erase_if(unsure_, [this](const std::string& each) { return !expected_.contains(each); });
    const std::size_t rest = unsure_.size() - std::min(unsure_.size(), looked_up_at_once);
    const std::vector<std::string> ids(unsure_.begin() + static_cast<std::ptrdiff_t>(rest), unsure_.end());
    if (ids.empty())
        co_return;
    std::vector<std::string> keys;
    for (const std::string& each : ids)
        keys.push_back(link_->names.result(each));
    const auto texts = co_await insist_for_ever([this, &keys]() -> task<std::vector<std::optional<std::string>>> {
        return link_->client.command("MGET", keys).idempotent().as<std::vector<std::optional<std::string>>>();
    });
    unsure_.resize(rest);
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (texts[i])
            add(ids[i], *texts[i]);
}

void feed::add(std::string_view id, std::string_view text)
{
    detail::outcome read;
    try {
        read = detail::read_outcome(text);
    } catch (const error& why) {
        read = detail::failed({}, std::make_exception_ptr(error(
                                      std::errc::bad_message, std::string("its result can't be read: ") + why.what())));
    }
    read.id = id;
    known_.push_back(std::move(read));
}

// ---- the end

task<> feed::close()
{
    if (subscription_)
        co_await subscription_->close();
    end();
}

void feed::end() noexcept
{
    over_ = true;
    open_.set();
    subscription_.reset();
    if (leaving_.valid()) {
        leaving_.cancel();
        leaving_.detach();
    }
}

} // namespace simul::cluster::redis
