// SPDX-License-Identifier: MIT
#include "follow_ups.hpp"

#include "../signature.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/task/gather.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace simul::cluster::detail {
namespace {

beginner begun_by(const request& job)
{
    return {.id = job.id, .root_id = job.root_id.empty() ? job.id : job.root_id, .reply_to = job.reply_to};
}

task<> publish(workplace& at, expansion what)
{
    for (const expansion::join& each : what.joins) {
        if (!at.to)
            throw error(std::errc::operation_not_supported, "a chord can't be joined, since this worker keeps no results");
        co_await at.to->begin_join(each.group, each.parts);
    }
    std::vector<task<>> all;
    for (expansion::part& each : what.jobs)
        all.push_back(at.by.publish(each.queue.empty() ? at.options.default_queue : each.queue, write_request(each.job)));
    co_await gather(std::move(all));
}

/// As results list what a job has begun.
json::value child(const std::string& id)
{
    return json::array{json::array{id, nullptr}, nullptr};
}

json::value rest_of_chain(const request& job)
{
    return make_chain(json::array(job.chain.rbegin(), job.chain.rend()));
}

task<> call_errbacks(workplace& at, const request& failed)
{
    const json::array leading{failed.id};
    for (const json::value& each : failed.errbacks)
        co_await publish(at, expand(each, begun_by(failed), leading));
}

/// Nothing runs under this request's id any more, and never did.
task<> fail_unbegun(workplace& at, const request& unbegun, const outcome& why)
{
    outcome made = why;
    made.id = unbegun.id;
    made.group = unbegun.group;
    made.parent_id = unbegun.parent_id;
    made.children.clear();
    co_await at.to->store(unbegun, made);
    co_await join_chord(at, unbegun, made);
    co_await call_errbacks(at, unbegun);
}

outcome chord_error(const request& body, const outcome& part)
{
    return failed(body, std::make_exception_ptr(job_failed("Dependency " + part.id + " raised " + shown_error(part),
                                                           "ChordError", "celery.exceptions", {})));
}

task<> begin_body(workplace& at, const request& last_part, const std::vector<outcome>& parts)
{
    json::array results;
    const outcome* failure = nullptr;
    for (const outcome& each : parts) {
        results.push_back(each.result);
        if (!failure && each.status != status::success)
            failure = &each;
    }
    json::array leading;
    leading.emplace_back(std::move(results));
    expansion body = expand(last_part.chord, begun_by(last_part), leading);
    if (!failure)
        co_return co_await publish(at, std::move(body));
    for (const expansion::part& each : body.jobs)
        co_await fail_unbegun(at, each.job, chord_error(each.job, *failure));
}

} // namespace

task<json::array> begin_next(workplace& at, const request& job, const json::value& result)
{
    const json::array leading{result};
    std::vector<expansion> all;
    for (const json::value& each : job.callbacks)
        all.push_back(expand(each, begun_by(job), leading));
    if (!job.chain.empty())
        all.push_back(expand(rest_of_chain(job), begun_by(job), leading));
    json::array children;
    for (expansion& each : all) {
        children.push_back(child(each.jobs.size() == 1 ? each.jobs.front().job.id : each.id));
        co_await publish(at, std::move(each));
    }
    co_return children;
}

task<> join_chord(workplace& at, const request& job, const outcome& done)
{
    if (job.chord.is_null() || job.group.empty() || !at.to)
        co_return;
    if (const auto all = co_await at.to->join(job, done)) {
        co_await begin_body(at, job, *all);
        co_await at.to->end_join(job.group);
    }
}

task<> fail_next(workplace& at, const request& job, const outcome& why)
{
    co_await call_errbacks(at, job);
    if (!at.to)
        co_return;
    for (const json::value& each : job.chain) {
        expansion step = expand(each, begun_by(job));
        if (!step.joins.empty()) // who waits for a chord waits for its body
            step.jobs = {{request{.id = step.id, .reply_to = job.reply_to}, {}}};
        for (const expansion::part& part : step.jobs)
            co_await fail_unbegun(at, part.job, why);
    }
}

} // namespace simul::cluster::detail
