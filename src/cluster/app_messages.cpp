// SPDX-License-Identifier: MIT
#include "app_messages.hpp"

#include "request.hpp"

#include <simul/base/error.hpp>

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>

namespace simul::cluster::detail {
namespace {

/// Says to each job of a workflow where it is done and where its result goes, unless it says so itself.
void address(json::value& work, const std::string& queue, const std::string& reply_to)
{
    if (!work["subtask_type"].is_null()) {
        json::object& parts = work["kwargs"].members();
        for (const std::string_view name : {"tasks", "header"})
            if (json::value* const list = parts.find(name))
                for (json::value& each : list->elements())
                    address(each, queue, reply_to);
        if (json::value* const body = parts.find("body"))
            address(*body, queue, reply_to);
    }
    json::object& options = work["options"].members();
    for (const std::string_view name : {"link", "link_error"})
        if (json::value* const list = options.find(name))
            for (json::value& each : list->elements())
                address(each, queue, reply_to);
    if (work["subtask_type"].is_null()) {
        if (!reply_to.empty() && !options.find("reply_to"))
            options["reply_to"] = reply_to;
        if (!options.find("queue"))
            options["queue"] = queue;
    }
}

bool is_one_job(const json::value& work)
{
    return work["subtask_type"].is_null() && work["options"].find("link") == nullptr &&
           work["options"].find("link_error") == nullptr;
}

message written(const request& job, const std::string& name, const app_core& app)
{
    message made = write_request(job);
    if (made.body.size() > app.options().max_payload)
        throw limit_exceeded(fmt::format("cluster {}: {}: its arguments are {} bytes as JSON, and max_payload is {}: put what is "
                                         "large where the workers find it, and send its address",
                                         app.name(), name, made.body.size(), app.options().max_payload));
    return made;
}

/// All ids but those at the ends: of what is begun, and of the later steps of chains.
std::vector<std::string> others(const expansion& jobs)
{
    std::unordered_set<std::string_view> known(jobs.ends.begin(), jobs.ends.end());
    std::vector<std::string> found;
    const auto add = [&](const std::string& id) {
        if (known.insert(id).second)
            found.push_back(id);
    };
    for (const expansion::part& each : jobs.jobs) {
        add(each.job.id);
        for (const json::value& step : each.job.chain)
            add(step["options"]["task_id"].string());
    }
    return found;
}

} // namespace

order_messages write_order(described& what, const app_core& app, const std::string& reply_to)
{
    json::value work = std::move(what.signature);
    const std::string& queue = app.options().queue;
    if (!is_one_job(work) && (!reply_to.empty() || queue != "celery"))
        address(work, queue, reply_to);
    expansion jobs = expand(std::move(work), {.id = {}, .root_id = {}, .reply_to = reply_to});
    order_messages made;
    made.messages.reserve(jobs.jobs.size());
    for (const expansion::part& each : jobs.jobs)
        made.messages.emplace_back(each.queue.empty() ? queue : each.queue, written(each.job, what.name, app));
    made.watched = others(jobs);
    made.joins = std::move(jobs.joins);
    made.id = std::move(jobs.id);
    made.ends = std::move(jobs.ends);
    return made;
}

question call_back_of(std::vector<std::string> ids)
{
    json::value which = ids.size() == 1 ? json::value(std::move(ids.front()))
                                        : json::value(json::array(ids.begin(), ids.end()));
    return {.body = json::object{{"method", "revoke"},
                                 {"arguments", json::object{{"task_id", std::move(which)},
                                                            {"terminate", true},
                                                            {"signal", "SIGTERM"}}},
                                 {"destination", nullptr},
                                 {"pattern", nullptr},
                                 {"matcher", nullptr}},
            .headers = {{"clock", 1}, {"expires", 0}}};
}

} // namespace simul::cluster::detail
