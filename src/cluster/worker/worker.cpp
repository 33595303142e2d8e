// SPDX-License-Identifier: MIT
#include "worker.hpp"

#include "control.hpp"
#include "execution.hpp"
#include "io/this_machine.hpp"
#include "run/signal_routes.hpp"
#include "workplace.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/job.hpp>
#include <simul/http/server.hpp>
#include <simul/io/signals.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/group.hpp>
#include <simul/task/race.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace simul::cluster {
namespace detail {
namespace {

constexpr duration between_heartbeats = std::chrono::seconds(2);
constexpr duration farewell = std::chrono::seconds(5); // for a broker that may be gone

void ask_to_end(workplace& at) noexcept
{
    (at.stop.is_set() ? at.stop_now : at.stop).set();
}

void give_up(workplace& at) noexcept
{
    if (!at.broken)
        at.broken = std::current_exception();
    at.stop.set();
    at.stop_now.set();
}

/// One of the parts of a worker, none of which it can do without.
task<> part(workplace& at, task<> work)
{
    try {
        co_await std::move(work);
    } catch (const std::exception&) {
        give_up(at);
    }
}

// ---- the parts

task<> answer_questions(workplace& at)
{
    for (;;) {
        const question asked = co_await at.by.next_question();
        if (std::optional<json::value> answer = co_await reply_to(at, asked))
            co_await at.by.answer(asked, json::object{{at.node, std::move(*answer)}});
    }
}

task<> beat(workplace& at)
{
    for (;;) {
        co_await sleep(between_heartbeats);
        co_await at.events.tell_of_worker("heartbeat", at.count(phase::active), at.numbers.processed());
    }
}

task<> take_jobs(workplace& at, group& all)
{
    co_await at.by.listen(at.node);
    co_await ask_what_was_revoked(at); // before it answers others, or they might learn from it that nothing was
    co_await at.events.tell_of_worker("online", 0, 0);
    all.spawn(part(at, answer_questions(at)));
    all.spawn(part(at, at.events.send_events()));
    all.spawn(part(at, beat(at)));
    co_await at.by.consume(at.queues, at.prefetch());
    if (at.options.on_ready)
        at.options.on_ready(at.node);
    for (;;) {
        delivery next = co_await at.by.next();
        try {
            request asked = read_request(next.content);
            job_place place(at.jobs, at.job_left, next, std::move(asked));
            held_job& job = place.job();
            job.work = all.spawn(execute(at, std::move(place)));
        } catch (const error& why) {
            all.spawn(bury(at, std::move(next), why.what()));
        }
    }
}

task<> store_progress(workplace& at)
{
    for (;;) {
        progress_note note = co_await at.notes.next();
        for (const held_job& each : at.jobs)
            if (at.to && each.asked.id == note.id && each.at == phase::active && !each.asked.ignore_result) {
                const request of = each.asked; // it may leave meanwhile
                co_await at.to->store(of, {.id = of.id,
                                           .status = "PROGRESS",
                                           .result = std::move(note.state),
                                           .group = of.group,
                                           .parent_id = of.parent_id});
                break;
            }
    }
}

task<> serve_metrics(workplace& at)
{
    http::server site;
    site.get("/metrics", [&at](http::request&) {
        http::content text(at.numbers.text(at.gauges()));
        text.set_type("text/plain; version=0.0.4; charset=utf-8");
        return text;
    });
    co_await site.serve(at.options.metrics);
}

task<> end_at(workplace& at, int signal)
{
    signals asked({signal});
    for (;;) {
        co_await asked.next();
        ask_to_end(at);
    }
}

// ---- the end

task<> all_left(workplace& at)
{
    while (!at.jobs.empty()) {
        at.job_left.clear();
        co_await at.job_left.wait();
    }
}

task<> end(workplace& at)
{
    co_await move_on_after(farewell, at.by.stop_consuming({}));
    for (held_job& each : at.jobs)
        if (each.at != phase::active)
            each.interrupt(interruption::returned);
    co_await move_on_after(at.options.grace, race(all_left(at), at.stop_now.wait()));
    for (held_job& each : at.jobs)
        each.interrupt(interruption::returned);
    co_await move_on_after(farewell, all_left(at));
    co_await move_on_after(farewell, at.events.tell_of_worker("offline", 0, at.numbers.processed()));
}

/// Where they would be the end of the process, but for us.
bool may_take(int signal) noexcept
{
    return simul::detail::in_main_thread() && simul::detail::has_default_action(signal);
}

task<> work_until_asked_to_end(workplace& at)
{
    co_await with_group([&at](group& all) -> task<> {
        if (may_take(SIGTERM))
            all.spawn(end_at(at, SIGTERM));
        all.spawn(part(at, store_progress(at)));
        if (at.processes && loop::current().backend_name() != "sim")
            all.spawn(part(at, at.notes.receive()));
        if (!at.options.metrics.empty())
            all.spawn(part(at, serve_metrics(at)));
        auto intake = all.spawn(part(at, take_jobs(at, all)));
        co_await at.stop.wait();
        intake.cancel();
        co_await end(at);
        all.cancel();
    });
}

std::string node_name(const std::string& wanted)
{
    if (wanted.find('@') != std::string::npos)
        return wanted;
    const std::string name = wanted.empty() ? "simul" + std::to_string(simul::detail::process_id()) : wanted;
    return name + '@' + simul::detail::host_name();
}

} // namespace

task<> work(worker_options options, broker& by, results* to)
{
    std::string node = node_name(options.name);
    workplace at(std::move(options), std::move(node), by, to);
    future<> all = spawn(work_until_asked_to_end(at));
    bool was_cancelled = false;
    while (!all.done()) {
        try {
            co_await shield(all);
        } catch (const cancelled&) {
            was_cancelled = true;
            ask_to_end(at);
        } catch (...) {
        }
    }
    if (at.processes)
        co_await at.processes->shutdown({.cancel_pending = true});
    if (at.broken)
        std::rethrow_exception(at.broken);
    if (was_cancelled)
        throw cancelled{};
    co_await std::move(all);
}

} // namespace detail

using namespace detail;

task<> run_worker(std::string broker, worker_options options)
{
    if (any_job::all().empty())
        throw error(std::errc::invalid_argument,
                    "cluster: this worker has no jobs: make them global objects, as in "
                    "`inline simul::cluster::job<&area> area_job{\"img.area\"};`, in what is linked to the program");
    const auto by = co_await connect_broker(broker, {.visibility_timeout = options.visibility_timeout,
                                                     .delivery_cap = options.delivery_cap,
                                                     .key_prefix = options.key_prefix,
                                                     .quorum_queues = options.quorum_queues,
                                                     .max_priority = options.max_priority,
                                                     .tls = options.tls});
    std::unique_ptr<results> to;
    if (const std::string kept = results_beside(broker, options.results); kept != "none")
        to = co_await connect_results(
            kept, *by, {.expires = options.result_expires, .key_prefix = options.key_prefix, .tls = options.tls});
    std::exception_ptr why;
    try {
        co_await work(std::move(options), *by, to.get());
    } catch (...) {
        why = std::current_exception();
    }
    if (to)
        co_await move_on_after(farewell, to->close());
    co_await move_on_after(farewell, by->close());
    if (why)
        std::rethrow_exception(why);
}

} // namespace simul::cluster
