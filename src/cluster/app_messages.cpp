// SPDX-License-Identifier: MIT
#include "app_messages.hpp"

#include "json_fields.hpp"
#include "request.hpp"
#include "signature_nodes.hpp"

#include <simul/base/error.hpp>

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>

namespace simul::cluster::detail {
namespace {

/// Says to each job of it, and of what is linked to them, where it is done and where its result goes, unless it says so itself.
void address(json::value& work, const std::string& queue, const std::string& reply_to)
{
    for (json::value* const node : nodes_of(work)) {
        json::object& options = (*node)["options"].members();
        for (const std::string_view name : {"link", "link_error"})
            if (json::value* const list = options.find(name))
                for (json::value& each : list->elements())
                    address(each, queue, reply_to);
        if (!is_one_job(*node))
            continue;
        if (!reply_to.empty() && !options.find("reply_to"))
            options["reply_to"] = reply_to;
        if (!options.find("queue"))
            options["queue"] = queue;
    }
}

/// Then all there is to say of it is said when it is expanded.
bool stands_alone(const json::value& work)
{
    return is_one_job(work) && work["options"].find("link") == nullptr && work["options"].find("link_error") == nullptr;
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

/// The ids that whoever submits it has given. Nobody knows whether he has used them before.
std::unordered_set<std::string> given_ids(json::value& work)
{
    std::unordered_set<std::string> found;
    for (const json::value* const job : jobs_of(work))
        if (const std::string* const id = text_in((*job)["options"], "task_id"))
            found.insert(*id);
    return found;
}

} // namespace

order_messages write_order(described& what, const app_core& app, const std::string& reply_to)
{
    json::value work = std::move(what.signature);
    const std::string& queue = app.options().queue;
    if (!stands_alone(work) && (!reply_to.empty() || queue != "celery"))
        address(work, queue, reply_to);
    const std::unordered_set<std::string> given = given_ids(work);
    expansion jobs = expand(std::move(work), {.id = {}, .root_id = {}, .reply_to = reply_to});
    order_messages made;
    made.messages.reserve(jobs.jobs.size());
    for (expansion::part& each : jobs.jobs) {
        each.job.once = given.contains(each.job.id);
        if (each.job.once)
            made.given.push_back(each.job.id);
        made.messages.emplace_back(each.queue.empty() ? queue : each.queue, written(each.job, what.name, app));
    }
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
    return make_question("revoke", {{"task_id", std::move(which)}, {"terminate", true}, {"signal", "SIGTERM"}});
}

} // namespace simul::cluster::detail
