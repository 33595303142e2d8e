// SPDX-License-Identifier: MIT
#include "control_reports.hpp"

#include "../json_fields.hpp"
#include "io/this_machine.hpp"

#include <simul/base/version.hpp>
#include <simul/text/url.hpp>

#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <vector>

namespace simul::cluster::detail {
namespace {

json::object describe_broker(const broker& by)
{
    const std::optional<url> at = url::try_parse(by.name());
    const std::string_view path = at && !at->path().empty() ? at->path().substr(1) : std::string_view();
    return {{"hostname", or_null(at ? at->hostname() : std::string_view())},
            {"userid", or_null(at ? at->username() : std::string_view())},
            {"virtual_host", path},
            {"port", at ? at->port() : 0},
            {"insist", false},
            {"ssl", at && at->scheme().ends_with('s')},
            {"transport", at ? at->scheme() : std::string_view()},
            {"connect_timeout", 4},
            {"transport_options", json::object()},
            {"login_method", nullptr},
            {"uri_prefix", nullptr},
            {"heartbeat", nullptr},
            {"failover_strategy", "round-robin"},
            {"alternates", json::array()}};
}

json::object describe_pool(const workplace& at)
{
    const unsigned most = at.options.max_jobs_per_process;
    const std::vector<int> pids = at.processes ? at.processes->pids() : std::vector<int>();
    return {{"max-concurrency", at.concurrency},
            {"processes", json::array(pids.begin(), pids.end())},
            {"max-tasks-per-child", most > 0 ? json::value(most) : json::value("N/A")},
            {"put-guarded-by-semaphore", true},
            {"timeouts", json::array{0, 0}}};
}

json::object describe_usage()
{
    const simul::detail::resource_usage used = simul::detail::usage_of_process();
    return {{"utime", used.user_seconds}, {"stime", used.system_seconds}, {"maxrss", used.most_kilobytes}};
}

} // namespace

json::object describe_job(const workplace& at, const held_job& job)
{
    const request& asked = job.asked;
    const bool begun = job.begun_at != wall_time();
    return {{"id", asked.id},
            {"name", asked.task},
            {"args", asked.args},
            {"kwargs", asked.kwargs},
            {"type", asked.task},
            {"hostname", at.node},
            {"time_start", begun ? json::value(seconds_of(job.begun_at)) : json::value()},
            {"acknowledged", false},
            {"delivery_info",
             json::object{{"exchange", ""},
                          {"routing_key", job.from.queue},
                          {"priority", asked.priority ? json::value(*asked.priority) : json::value()},
                          {"redelivered", job.from.redelivered}}},
            {"worker_pid", nullptr}};
}

json::array list_jobs(const workplace& at, phase in)
{
    json::array made;
    for (const held_job& each : at.jobs)
        if (each.at == in)
            made.emplace_back(describe_job(at, each));
    return made;
}

json::array list_scheduled(const workplace& at)
{
    constexpr int usual_priority = 6; // of Celery's timer
    json::array made;
    for (const held_job& each : at.jobs)
        if (each.at == phase::scheduled)
            made.emplace_back(json::object{{"eta", write_utc(*each.asked.eta)},
                                           {"priority", usual_priority},
                                           {"request", describe_job(at, each)}});
    return made;
}

json::array list_queues(const workplace& at)
{
    json::array made;
    for (const std::string& each : at.queues)
        made.emplace_back(json::object{{"name", each},
                                       {"exchange", json::object{{"name", each},
                                                                 {"type", "direct"},
                                                                 {"arguments", nullptr},
                                                                 {"durable", true},
                                                                 {"passive", false},
                                                                 {"auto_delete", false},
                                                                 {"delivery_mode", nullptr},
                                                                 {"no_declare", false}}},
                                       {"routing_key", each},
                                       {"queue_arguments", nullptr},
                                       {"binding_arguments", nullptr},
                                       {"consumer_arguments", nullptr},
                                       {"durable", true},
                                       {"exclusive", false},
                                       {"auto_delete", false},
                                       {"no_ack", false},
                                       {"alias", nullptr},
                                       {"bindings", json::array()},
                                       {"no_declare", nullptr},
                                       {"expires", nullptr},
                                       {"message_ttl", nullptr},
                                       {"max_length", nullptr},
                                       {"max_length_bytes", nullptr},
                                       {"max_priority", nullptr}});
    return made;
}

json::object describe_worker(const workplace& at)
{
    json::object total;
    for (const auto& [name, count] : at.numbers.received())
        total[name] = count;
    return {{"total", std::move(total)},
            {"pid", simul::detail::process_id()},
            {"clock", std::to_string(at.events.clock.time())},
            {"uptime", std::chrono::floor<std::chrono::seconds>(at.numbers.uptime()).count()},
            {"pool", describe_pool(at)},
            {"broker", describe_broker(at.by)},
            {"prefetch_count", at.prefetch()},
            {"rusage", describe_usage()}};
}

json::object describe_settings(const workplace& at)
{
    return {{"broker_url", at.by.name()},
            {"task_default_queue", at.options.default_queue},
            {"task_acks_late", true},
            {"task_serializer", "json"},
            {"accept_content", json::array{"json"}},
            {"result_expires", std::chrono::duration<double>(at.options.result_expires).count()},
            {"worker_concurrency", at.concurrency},
            {"worker_prefetch_multiplier", at.options.prefetch},
            {"timezone", "UTC"}};
}

std::string describe_program(const workplace& at)
{
    return fmt::format("\nsoftware -> simul:{} (C++, Celery protocol 2)\nplatform -> Linux, {}\nbroker   -> {}\n"
                       "queues   -> {}\n",
                       version, simul::detail::host_name(), at.by.name(), fmt::join(at.queues, ", "));
}

} // namespace simul::cluster::detail
