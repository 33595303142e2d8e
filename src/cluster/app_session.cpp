// SPDX-License-Identifier: MIT
#include "app_session.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/timeout.hpp>

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <string_view>

namespace simul::cluster::detail {
namespace {

using namespace std::chrono_literals;

constexpr duration time_to_close = 5s; // then connections are cut

task<> all_of(std::vector<task<>> several)
{
    if (several.size() == 1)
        co_await std::move(several.front());
    else
        co_await gather(std::move(several));
}

} // namespace

// ---- its life

task<> app_session::serve()
{
    std::exception_ptr first;
    try {
        co_await with_group([this](simul::group& work) -> task<> {
            work.spawn(connect());
            do
                co_await core_.bell().wait();
            while (read_mail(work) || sending_ > 0);
            work.cancel();
        });
    } catch (const error_group& several) {
        first = several.errors().front();
    }
    const auto closed = [](auto& connection) -> task<> {
        try {
            co_await move_on_after(time_to_close, connection.close());
        } catch (const std::exception&) {
            // It is lost already.
        }
    };
    if (results_)
        co_await closed(*results_);
    if (broker_)
        co_await closed(*broker_);
    if (first)
        std::rethrow_exception(first);
}

void app_session::end(std::vector<note> not_taken, const std::exception_ptr& why) noexcept
{
    for (const note& each : not_taken)
        if (each.is == note::wish::begin)
            open_.insert(&*each.about);
    while (!open_.empty()) {
        order& left = **open_.begin();
        if (left.kind == order_kind::close)
            deliver(left, {});
        else
            abandon(left, why);
    }
}

task<> app_session::connect()
{
    const retry_options waits{.backoff = 50ms, .longest = core_.options().longest_backoff};
    for (int failures = 0; !connected_.is_set(); ++failures) {
        try {
            if (!broker_)
                broker_ = co_await core_.parts().connect();
            if (core_.parts().connect_results)
                results_ = co_await core_.parts().connect_results(*broker_);
            connected_.set();
            break;
        } catch (const error& why) {
            trouble_ = why.what();
            if (why.code() == std::errc::invalid_argument) {
                refused_ = std::current_exception();
                connected_.set();
                co_return;
            }
        }
        if (sending_ == 0) { // nobody waits for it
            wanted_.clear();
            co_await wanted_.wait();
            failures = 0;
        }
        co_await sleep(simul::detail::full_jitter(waits, failures));
    }
    co_await take_outcomes();
}

bool app_session::read_mail(simul::group& work)
{
    app_core::mail mail = core_.take_mail();
    for (note& each : mail.notes) {
        order& about = *each.about;
        if (each.is == note::wish::withdraw) {
            withdraw(about);
            continue;
        }
        open_.insert(&about);
        if (about.kind == order_kind::close)
            continue;
        ++sending_;
        work.spawn(send(std::move(each.about)));
    }
    if (!to_call_back_.empty()) {
        ++sending_;
        work.spawn(call_back(std::exchange(to_call_back_, {})));
    }
    wanted_.set();
    return !mail.is_last;
}

// ---- orders

task<> app_session::send(order_share about)
{
    try {
        co_await timeout(core_.options().publish_timeout, carry_out(*about));
    } catch (const timeout_error&) {
        fail(*about, not_sent(*about));
    } catch (const std::exception&) {
        fail_and_call_back(*about, std::current_exception());
    }
    sent();
}

void app_session::sent()
{
    if (--sending_ == 0)
        core_.bell().set();
}

task<> app_session::carry_out(order& asked)
{
    co_await connected_.wait();
    if (refused_)
        std::rethrow_exception(refused_);
    if (asked.over_) // withdrawn meanwhile
        co_return;
    switch (asked.kind) {
    case order_kind::submit:
    case order_kind::publish:
        co_return co_await submit(asked);
    case order_kind::look:
        co_return co_await look(asked);
    case order_kind::revoke:
        co_await tell_workers({asked.what.signature.string()});
        co_return deliver(asked, {});
    case order_kind::close:
        break;
    }
}

task<> app_session::submit(order& asked)
{
    const bool publishes = asked.kind == order_kind::publish;
    if (!publishes && !results_)
        throw error(std::errc::invalid_argument,
                    fmt::format("cluster {}: {}: no results are kept: publish() the job, or give the app the URL of a place for "
                                "them",
                                core_.name(), asked.what.name));
    order_messages jobs = write_order(asked.what, core_, results_ ? results_->address() : std::string());
    if (!publishes) {
        co_await expect(wait_for(asked, jobs.ends, std::move(jobs.watched)));
        for (std::string& each : jobs.given)
            co_await look_for(std::move(each));
    }
    for (const expansion::join& each : jobs.joins) {
        if (!results_)
            throw error(std::errc::invalid_argument,
                        fmt::format("cluster {}: {}: a chord needs a place where results are kept", core_.name(), asked.what.name));
        co_await results_->begin_join(each.group, each.parts);
    }
    if (asked.over_)
        co_return;
    std::vector<task<>> published;
    published.reserve(jobs.messages.size());
    for (auto& [queue, what] : jobs.messages)
        published.push_back(broker_->publish(queue, std::move(what)));
    co_await all_of(std::move(published));
    if (publishes)
        deliver(asked, {json::value(jobs.id)});
    else if (jobs.ends.empty())
        deliver(asked, {});
}

std::vector<std::string> app_session::wait_for(order& asked, std::vector<std::string> ends, std::vector<std::string> others)
{
    asked.missing_ = ends.size();
    asked.results_.resize(ends.size());
    asked.ids_ = std::move(ends);
    asked.ids_.insert(asked.ids_.end(), std::move_iterator(others.begin()), std::move_iterator(others.end()));
    std::vector<std::string> fresh;
    for (std::size_t i = 0; i < asked.ids_.size(); ++i) {
        const std::string& id = asked.ids_[i];
        if (!waiting_.contains(id))
            fresh.push_back(id);
        waiting_.emplace(id, waiting{&asked, i < asked.missing_ ? i : watched});
    }
    return fresh;
}

task<> app_session::expect(std::vector<std::string> ids)
{
    std::vector<task<>> expected;
    expected.reserve(ids.size());
    for (std::string& id : ids)
        expected.push_back(results_->expect(std::move(id)));
    co_await all_of(std::move(expected));
}

task<> app_session::look(order& asked)
{
    if (!results_ || !results_->address().empty())
        throw error(std::errc::invalid_argument,
                    fmt::format("cluster {}: the result of job {} is not kept where others can look for it: give app and "
                                "workers the URL of a Redis for results",
                                core_.name(), asked.what.name));
    std::string id = asked.what.signature.string();
    co_await expect(wait_for(asked, {id}, {}));
    co_await look_for(std::move(id));
}

/// It may have been there before it was expected.
task<> app_session::look_for(std::string id)
{
    if (std::optional<outcome> known = co_await results_->look(std::move(id)))
        settle(std::move(*known));
}

task<> app_session::call_back(std::vector<std::string> ids)
{
    try {
        co_await timeout(core_.options().publish_timeout, tell_workers(std::move(ids)));
    } catch (const std::exception&) {
        // Nobody waits for it.
    }
    sent();
}

task<> app_session::tell_workers(std::vector<std::string> ids)
{
    co_await broker_->broadcast(call_back_of(std::move(ids)));
}

// ---- what comes back

task<> app_session::take_outcomes()
{
    while (results_)
        settle(co_await results_->next());
}

void app_session::settle(outcome got)
{
    const auto [first, last] = waiting_.equal_range(got.id);
    std::vector<waiting> all;
    for (auto each = first; each != last; ++each)
        all.push_back(each->second);
    if (!got.is_final()) {
        for (const waiting& each : all)
            tell(*each.by, got);
        return;
    }
    waiting_.erase(first, last);
    results_->forget(got.id);
    for (const waiting& each : all)
        if (open_.contains(each.by)) // one may have ended another
            settle(*each.by, each.index, &each == &all.back() ? std::move(got) : got);
}

void app_session::settle(order& asked, std::size_t index, outcome got)
{
    if (got.status != status::success)
        return fail_and_call_back(asked, error_of(got));
    if (index == watched)
        return;
    asked.results_[index] = std::move(got.result);
    if (--asked.missing_ == 0)
        deliver(asked, std::move(asked.results_));
}

void app_session::tell(const order& asked, const outcome& got) const
{
    for (const listener& each : asked.what.listeners) {
        if (each.id != got.id)
            continue;
        try {
            each.handler({.id = got.id, .state = got.status, .value = got.result});
        } catch (...) {
            simul::detail::report({.message = "on_progress of the job " + asked.what.name + " failed",
                                   .error = std::current_exception(),
                                   .task = {},
                                   .spawned_at = {},
                                   .awaits = {}});
        }
    }
}

// ---- answers

void app_session::deliver(order& asked, std::vector<json::value> results)
{
    if (asked.over_)
        return;
    close(asked);
    asked.deliver(std::move(results));
}

void app_session::fail(order& asked, std::exception_ptr why)
{
    if (asked.over_)
        return;
    close(asked);
    asked.fail(std::move(why));
}

void app_session::abandon(order& asked, std::exception_ptr why)
{
    close(asked);
    asked.abandon_with(std::move(why));
}

void app_session::fail_and_call_back(order& asked, std::exception_ptr why)
{
    if (asked.over_)
        return;
    std::vector<std::string> left = close(asked);
    asked.fail(std::move(why));
    to_call_back_.insert(to_call_back_.end(), std::move_iterator(left.begin()), std::move_iterator(left.end()));
    if (!to_call_back_.empty())
        core_.bell().set();
}

void app_session::withdraw(order& asked)
{
    const bool is_ours = asked.kind == order_kind::submit;
    if (asked.over_)
        return;
    std::vector<std::string> left = close(asked);
    asked.fail(std::make_exception_ptr(cancelled()));
    if (is_ours)
        to_call_back_.insert(to_call_back_.end(), std::move_iterator(left.begin()), std::move_iterator(left.end()));
}

std::vector<std::string> app_session::close(order& asked)
{
    asked.over_ = true;
    open_.erase(&asked);
    std::vector<std::string> left;
    for (std::string& id : asked.ids_) {
        auto [each, last] = waiting_.equal_range(id);
        while (each != last && each->second.by != &asked)
            ++each;
        if (each == last)
            continue; // its outcome came
        waiting_.erase(each);
        if (!waiting_.contains(id))
            results_->forget(id);
        left.push_back(std::move(id));
    }
    asked.ids_.clear();
    return left;
}

std::exception_ptr app_session::not_sent(const order& asked) const
{
    const double seconds = std::chrono::duration<double>(core_.options().publish_timeout).count();
    return std::make_exception_ptr(
        broker_lost(fmt::format("cluster {}: {}: not published for {:g} s: {}", core_.name(), asked.what.name, seconds,
                                connected_.is_set() || trouble_.empty() ? "the broker doesn't answer" : trouble_)));
}

} // namespace simul::cluster::detail
