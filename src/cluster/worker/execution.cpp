// SPDX-License-Identifier: MIT
#include "execution.hpp"

#include "../outcome.hpp"
#include "follow_ups.hpp"
#include "job_call.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/detail/executor.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr duration after_trouble = std::chrono::seconds(1); // or it would be delivered, and fail, again and again

void report(std::string what, const held_job& job, std::exception_ptr why)
{
    simul::detail::report({"cluster: " + std::move(what) + ": job " + job.asked.id + " (" + job.asked.task + ")",
                           std::move(why),
                           {},
                           {},
                           {}});
}

/// A coroutine's, which shares the worker's process.
class running_in_loop final : public current_job {
public:
    running_in_loop(progress_notes& notes, job_identity whose) : current_job(std::move(whose)), notes_(notes) {}
    void progress(json::value state) override { notes_.add({identity.id, std::move(state)}); }

private:
    progress_notes& notes_;
};

// ---- the end

duration run_time(const held_job& job)
{
    return job.begun == time_point() ? duration::zero() : now() - job.begun;
}

void note_end(workplace& at, const held_job& job, const outcome& done)
{
    const duration took = run_time(job);
    at.numbers.ended(done.status, took);
    if (!at.options.on_done)
        return;
    const std::string error = done.status == status::success ? std::string() : shown_error(done);
    at.options.on_done(
        {.id = job.asked.id, .name = job.asked.shown_name(), .state = done.status, .error = error, .took = took});
}

task<> store(workplace& at, const held_job& job, const outcome& done)
{
    if (at.to && !job.asked.ignore_result)
        co_await at.to->store(job.asked, done);
}

enum class ending : std::uint8_t { acknowledge, bury };

task<> finish_failed(workplace& at, held_job& job, outcome how, ending by = ending::acknowledge)
{
    job.at = phase::finishing;
    co_await store(at, job, how);
    co_await join_chord(at, job.asked, how);
    co_await fail_next(at, job.asked, how);
    if (how.status == status::revoked)
        at.events.revoked(job, job.why == interruption::none);
    else
        at.events.failed(job.asked, how);
    if (by == ending::bury)
        co_await at.by.bury(job.from, how.traceback);
    else
        co_await at.by.acknowledge(job.from);
    note_end(at, job, how);
}

task<> finish_failed(workplace& at, held_job& job, std::exception_ptr why, ending by = ending::acknowledge)
{
    return finish_failed(at, job, failed(job.asked, why), by);
}

task<> finish_worn_out(workplace& at, held_job& job)
{
    std::string why = fmt::format("whoever takes it dies: it was begun {} times", at.options.delivery_cap);
    auto error = std::make_exception_ptr(worker_died(0, 0, 0, job.asked.task, std::move(why)));
    return finish_failed(at, job, std::move(error), ending::bury);
}

task<> finish_succeeded(workplace& at, held_job& job, json::value result)
{
    job.at = phase::finishing;
    outcome done = succeeded(job.asked, std::move(result));
    std::exception_ptr wrong;
    try {
        done.children = co_await begin_next(at, job.asked, done.result);
    } catch (const error&) {
        wrong = std::current_exception();
    }
    try {
        if (!wrong)
            co_await store(at, job, done);
    } catch (const limit_exceeded&) { // it would be the same the next time
        wrong = std::current_exception();
    }
    if (wrong)
        co_return co_await finish_failed(at, job, wrong);
    co_await join_chord(at, job.asked, done);
    at.events.succeeded(job.asked, done.result, run_time(job));
    co_await at.by.acknowledge(job.from);
    note_end(at, job, done);
}

/// The same job is published once more, to be begun later.
task<> finish_for_retry(workplace& at, held_job& job, outcome how, duration after)
{
    job.at = phase::finishing;
    request again = job.asked;
    ++again.retries;
    again.parent_id = again.id;
    again.eta = std::chrono::system_clock::now() + std::chrono::ceil<std::chrono::microseconds>(after);
    how.status = status::retry;
    co_await at.by.publish(job.from.queue, write_request(again));
    co_await store(at, job, how);
    at.events.retried(job.asked, how);
    co_await at.by.acknowledge(job.from);
    note_end(at, job, how);
}

// ---- what needs no run

bool has_expired(const request& job)
{
    return job.expires && *job.expires <= std::chrono::system_clock::now();
}

/// Somebody has run it to its end, and died before the acknowledgement; or it was submitted twice.
task<bool> was_done_before(workplace& at, const held_job& job)
{
    const bool may_be_known = job.from.redelivered || job.asked.once;
    if (!may_be_known || !at.to || job.asked.ignore_result)
        co_return false;
    const std::optional<outcome> known = co_await at.to->look(job.asked.id);
    if (!known || !known->is_final())
        co_return false;
    co_await join_chord(at, job.asked, *known); // perhaps that was missing, too
    co_return true;
}

/// True when it isn't to be run, and that is answered for.
task<bool> refuse(workplace& at, held_job& job, const job_target& target)
{
    if (co_await was_done_before(at, job)) {
        co_await at.by.acknowledge(job.from);
    } else if (at.revoked.contains(job.asked.id)) {
        job.why = interruption::revoked;
        co_await finish_failed(at, job, revoked(job.asked, "revoked"));
    } else if (has_expired(job.asked)) {
        co_await finish_failed(at, job, revoked(job.asked, "expired"));
    } else if (!target.job) {
        co_await finish_failed(at, job, std::make_exception_ptr(unknown_job(job.asked.task)));
    } else {
        co_return false;
    }
    co_return true;
}

// ---- the wait for its time, and for its turn

/// False when the broker has taken it back until then.
task<bool> wait_until_due(workplace& at, held_job& job)
{
    const auto left = *job.asked.eta - std::chrono::system_clock::now();
    if (left <= left.zero())
        co_return true;
    if (co_await at.by.park(job.from, *job.asked.eta))
        co_return false;
    job.at = phase::scheduled;
    co_await at.adjust_prefetch();
    co_await sleep(left);
    job.at = phase::reserved;
    co_await at.adjust_prefetch();
    co_return true;
}

task<> wait_for_rate(workplace& at, const std::string& name)
{
    const auto found = at.rates.find(name);
    if (found == at.rates.end())
        co_return;
    const std::shared_ptr<rate_limiter> limiter = found->second; // somebody may set another
    co_await limiter->acquire();
}

// ---- the run

struct limit {
    duration time = duration::max();
    bool soft = false;
};

/// A function can't be told that time is up, so the soft limit ends it, too.
limit limit_of(const workplace& at, const held_job& job, const any_job& called)
{
    time_limits set{};
    if (const auto found = at.limits.find(job.asked.task); found != at.limits.end())
        set = found->second;
    const auto in_force = [](const std::optional<double>& asked, const std::optional<double>& by_control) {
        const auto seconds = asked ? asked : by_control;
        return seconds ? to_duration(std::chrono::duration<double>(*seconds)) : duration::max();
    };
    limit hard{in_force(job.asked.time_limit, set.hard)};
    if (hard.time == duration::max())
        hard.time = called.settings().time_limit;
    const limit soft{in_force(job.asked.soft_time_limit, set.soft), true};
    return soft.time < hard.time ? soft : hard;
}

job_reply out_of_time(const limit& passed)
{
    const std::string text = fmt::format("{} s", std::chrono::duration<double>(passed.time).count());
    const std::string type = passed.soft ? "SoftTimeLimitExceeded" : "TimeLimitExceeded";
    job_reply reply = reply_of(std::make_exception_ptr(job_failed(text, type, "billiard.exceptions", {})));
    reply.end = job_end::timed_out;
    return reply;
}

task<job_reply> run_function(workplace& at, const held_job& job, const job_target& target, limit within)
{
    try {
        co_return co_await at.processes->submit({.timeout = within.time}, run_job,
                                                make_call(target, job.asked, at.notes.address()));
    } catch (const timeout_error&) {
        co_return out_of_time(within);
    } catch (const worker_died&) {
        job_reply reply = reply_of(std::current_exception());
        reply.end = job_end::lost;
        co_return reply;
    } catch (const broken_pool&) {
        at.broken = std::current_exception();
        at.stop_now.set();
        throw;
    }
}

task<job_reply> run_coroutine(workplace& at, const held_job& job, const job_target& target, limit within)
{
    job_call call = make_call(target, job.asked, {});
    auto as = std::make_shared<running_in_loop>(at.notes, call.identity);
    auto reply = co_await move_on_after(within.time, start_job(std::move(call), std::move(as)));
    co_return reply ? std::move(*reply) : out_of_time(within);
}

task<job_reply> run(workplace& at, held_job& job, const job_target& target)
{
    job.at = phase::active;
    job.begun = now();
    job.begun_at = std::chrono::system_clock::now();
    at.events.started(job.asked);
    const limit within = limit_of(at, job, *target.job);
    return target.job->is_coroutine() ? run_coroutine(at, job, target, within) : run_function(at, job, target, within);
}

/// What it becomes, by how it ended.
task<> conclude(workplace& at, held_job& job, const job_settings& settings, job_reply reply)
{
    if (reply.end == job_end::returned)
        return finish_succeeded(at, job, json::parse(reply.result));
    outcome how{.id = job.asked.id,
                .status = std::string(status::failure),
                .result = json::parse(reply.result),
                .traceback = std::move(reply.traceback),
                .group = job.asked.group,
                .parent_id = job.asked.parent_id};
    if (reply.end == job_end::again)
        return finish_for_retry(at, job, std::move(how), reply.after);
    if (reply.end == job_end::failed && job.asked.retries < settings.retries) {
        const duration wait = simul::detail::full_jitter(
            {.backoff = settings.backoff, .longest = settings.longest_backoff}, static_cast<int>(job.asked.retries));
        return finish_for_retry(at, job, std::move(how), wait);
    }
    return finish_failed(at, job, std::move(how), reply.end == job_end::lost ? ending::bury : ending::acknowledge);
}

// ---- all of it

task<> attempt(workplace& at, held_job& job)
{
    const job_target target = find_target(job.asked);
    if (co_await refuse(at, job, target))
        co_return;
    if (job.asked.eta) {
        if (!co_await wait_until_due(at, job))
            co_return;
        if (co_await refuse(at, job, target))
            co_return;
    }
    co_await wait_for_rate(at, job.asked.task);
    permit seat = co_await (target.job->is_coroutine() ? at.coroutines : at.seats).acquire();
    if (co_await refuse(at, job, target))
        co_return;
    if (!co_await at.by.begin(job.from))
        co_return co_await finish_worn_out(at, job);
    job_reply reply = co_await run(at, job, target);
    seat.release();
    co_await conclude(at, job, target.job->settings(), std::move(reply));
}

/// Somebody wanted it to end, and it isn't done.
task<> settle_interrupted(workplace& at, held_job& job)
{
    switch (job.why) {
    case interruption::revoked:
        return finish_failed(at, job, revoked(job.asked, "revoked"));
    case interruption::terminated:
        return finish_failed(at, job, revoked(job.asked, "terminated"));
    case interruption::returned:
        return at.by.give_back(job.from);
    case interruption::none:
        break;
    }
    throw cancelled{}; // the whole worker ends
}

task<> give_back_later(workplace& at, const held_job& job)
{
    co_await sleep(after_trouble);
    co_await at.by.give_back(job.from);
}

} // namespace

task<> execute(workplace& at, job_place here)
{
    held_job& job = here.job();
    bool stopped = false;
    std::exception_ptr trouble;
    at.numbers.received(job.asked.shown_name());
    at.events.received(job.asked);
    try {
        co_await attempt(at, job);
    } catch (const cancelled&) {
        stopped = true;
    } catch (const std::exception&) {
        trouble = std::current_exception();
    }
    try {
        if (stopped) {
            co_await settle_interrupted(at, job);
        } else if (trouble) {
            report("its outcome could not be stored, so it is given back", job, trouble);
            co_await give_back_later(at, job);
        }
    } catch (const std::exception&) {
        report("it stays with the broker, who will deliver it again", job, std::current_exception());
    }
}

task<> bury(workplace& at, delivery hopeless, std::string reason)
{
    try {
        at.numbers.ended("DEAD", duration::zero());
        co_await at.by.bury(hopeless, reason);
    } catch (const error&) {
        simul::detail::report({"cluster: what is no job could not be put away", std::current_exception(), {}, {}, {}});
    }
}

} // namespace simul::cluster::detail
