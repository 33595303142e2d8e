// SPDX-License-Identifier: MIT
#include "events.hpp"

#include "../json_fields.hpp"
#include "../shown.hpp"
#include "io/this_machine.hpp"

#include <simul/base/version.hpp>
#include <simul/task/this_task.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr duration gathering = std::chrono::milliseconds(50);

/// Hours, west of Greenwich, as Celery counts.
int utc_offset()
{
    const std::time_t now = std::time(nullptr);
    std::tm here{};
    localtime_r(&now, &here);
    return static_cast<int>(-here.tm_gmtoff / 3600);
}

json::array load_average()
{
    std::array<double, 3> load{};
    static_cast<void>(getloadavg(load.data(), static_cast<int>(load.size())));
    return {load[0], load[1], load[2]};
}

} // namespace

std::string shown_error(const outcome& how)
{
    const json::value* const message = how.result.find("exc_message");
    std::string arguments;
    if (message && message->kind() == json::kind::array) {
        for (const json::value& each : message->elements()) {
            arguments += arguments.empty() ? "" : ", ";
            arguments += each.kind() == json::kind::string ? '\'' + each.string() + '\'' : json::dump(each);
        }
    }
    return text_or(how.result, "exc_type", "Exception") + '(' + shortened(std::move(arguments)) + ')';
}

json::object event_sender::begin(std::string_view type)
{
    return {{"hostname", node_},
            {"utcoffset", utc_offset()},
            {"pid", simul::detail::process_id()},
            {"clock", clock.forward()},
            {"timestamp", seconds_of(std::chrono::system_clock::now())},
            {"type", type}};
}

void event_sender::add(std::string_view type, const request& job, json::object more)
{
    json::object made = begin(type);
    made["uuid"] = job.id;
    for (json::member& each : more)
        made[each.name] = std::move(each.value);
    waiting_.emplace_back(std::move(made));
    something_waits_.set();
}

void event_sender::received(const request& job)
{
    if (of_jobs_)
        add("task-received", job,
            {{"name", job.shown_name()},
             {"args", job.args_text.empty() ? shown(job.args) : job.args_text},
             {"kwargs", job.kwargs_text.empty() ? shown(job.kwargs) : job.kwargs_text},
             {"root_id", or_null(job.root_id)},
             {"parent_id", or_null(job.parent_id)},
             {"retries", job.retries},
             {"eta", or_null(job.eta)},
             {"expires", or_null(job.expires)}});
}

void event_sender::started(const request& job)
{
    if (of_jobs_)
        add("task-started", job, {});
}

void event_sender::succeeded(const request& job, const json::value& result, duration took)
{
    if (of_jobs_)
        add("task-succeeded", job,
            {{"result", shortened(json::dump(result))}, {"runtime", std::chrono::duration<double>(took).count()}});
}

void event_sender::failed(const request& job, const outcome& how)
{
    if (of_jobs_)
        add("task-failed", job, {{"exception", shown_error(how)}, {"traceback", or_null(how.traceback)}});
}

void event_sender::retried(const request& job, const outcome& how)
{
    if (of_jobs_)
        add("task-retried", job, {{"exception", shown_error(how)}, {"traceback", or_null(how.traceback)}});
}

void event_sender::revoked(const held_job& job, bool expired)
{
    if (of_jobs_)
        add("task-revoked", job.asked,
            {{"terminated", job.why == interruption::terminated},
             {"signum", job.signal == 0 ? json::value() : json::value(job.signal)},
             {"expired", expired}});
}

task<> event_sender::send_events()
{
    for (;;) {
        co_await something_waits_.wait();
        co_await sleep(gathering);
        something_waits_.clear();
        const json::value batch = std::exchange(waiting_, {});
        co_await by_.emit("task.multi", batch, node_);
    }
}

task<> event_sender::tell_of_worker(std::string_view kind, std::size_t active, std::uint64_t processed)
{
    json::object made = begin("worker-" + std::string(kind));
    made["freq"] = 2.0;
    made["active"] = active;
    made["processed"] = processed;
    made["loadavg"] = load_average();
    made["sw_ident"] = "simul";
    made["sw_ver"] = version;
    made["sw_sys"] = "Linux";
    const std::string topic = "worker." + std::string(kind);
    const json::value told(std::move(made));
    co_await by_.emit(topic, told, node_);
}

} // namespace simul::cluster::detail
