// SPDX-License-Identifier: MIT
#include "request.hpp"
#include "signature.hpp"

#include <simul/cluster/call.hpp>
#include <simul/detail/process_job.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::cluster::detail {
namespace {

constexpr std::size_t usual_chunks = 64;

double in_seconds(duration time)
{
    return std::chrono::duration<double>(time).count();
}

/// As Celery's `apply_async` is told.
json::object as_options(const submit_options& from)
{
    json::object made;
    if (!from.id.empty())
        made["task_id"] = from.id;
    if (!from.queue.empty())
        made["queue"] = from.queue;
    if (from.eta)
        made["eta"] = write_time(*from.eta);
    else if (from.countdown > duration::zero())
        made["countdown"] = in_seconds(from.countdown);
    if (from.expires != duration::max())
        made["expires"] = in_seconds(from.expires);
    if (from.priority)
        made["priority"] = *from.priority;
    if (from.time_limit != duration::max())
        made["time_limit"] = in_seconds(from.time_limit);
    if (from.soft_time_limit != duration::max())
        made["soft_time_limit"] = in_seconds(from.soft_time_limit);
    if (from.ignore_result)
        made["ignore_result"] = true;
    if (!from.shadow.empty())
        made["shadow"] = from.shadow;
    return made;
}

json::array elements_of(json::value& list)
{
    return list.is_null() ? json::array() : std::move(list.elements());
}

/// The signatures of which a workflow is made; of a job none.
std::vector<json::value*> parts_of(json::value& signature)
{
    std::vector<json::value*> parts;
    for (const std::string_view name : {"tasks", "header"})
        if (json::value* const list = signature["kwargs"].members().find(name))
            for (json::value& each : list->elements())
                parts.push_back(&each);
    return parts;
}
bool is(const json::value& signature, std::string_view kind)
{
    const json::value& type = signature["subtask_type"];
    return type.kind() == json::kind::string && type.string() == kind;
}

void add_to_list(json::value& signature, std::string_view name, const json::value& added)
{
    json::value& list = signature["options"][name];
    json::array all = elements_of(list);
    all.push_back(added);
    list = std::move(all);
}

void set_immutable(json::value& signature)
{
    if (is(signature, "chain")) {
        set_immutable(*parts_of(signature).front());
    } else if (is(signature, "group") || is(signature, "chord")) {
        for (json::value* const part : parts_of(signature))
            set_immutable(*part);
    } else {
        signature["immutable"] = true;
    }
}

/// To each of its jobs.
void add_errback(json::value& signature, const json::value& errback)
{
    if (signature["subtask_type"].is_null())
        return add_to_list(signature, "link_error", errback);
    for (json::value* const part : parts_of(signature))
        add_errback(*part, errback);
    if (is(signature, "chord"))
        add_errback(signature["kwargs"]["body"], errback);
}

void take_listeners(described& to, described& from)
{
    to.listeners.insert(to.listeners.end(), std::move_iterator(from.listeners.begin()),
                        std::move_iterator(from.listeners.end()));
}

/// "chain(load, scale)"
std::string name_of(std::string_view word, const std::vector<described>& parts)
{
    constexpr std::size_t shown = 4;
    std::string text(word);
    text += '(';
    for (std::size_t i = 0; i < std::min(parts.size(), shown); ++i)
        text += (i > 0 ? ", " : "") + parts[i].name;
    return text + (parts.size() > shown ? ", ...)" : ")");
}

template <class Make> described combine(std::string_view word, std::vector<described> parts, Make make)
{
    described made{.signature = {}, .name = name_of(word, parts), .listeners = {}};
    json::array signatures;
    for (described& each : parts) {
        take_listeners(made, each);
        signatures.push_back(std::move(each.signature));
    }
    made.signature = make(std::move(signatures));
    return made;
}

} // namespace

const any_job& job_of(void (*function)())
{
    if (const any_job* const found = any_job::find(function))
        return *found;
    const simul::detail::called_function named{reinterpret_cast<std::uintptr_t>(function), nullptr};
    throw error(std::errc::invalid_argument,
                "cluster: " + named.name() + " is no job, so other machines don't know it: declare `inline "
                "simul::cluster::job<&function> function_job{\"name\"};` beside it, also in the worker's program");
}

described describe_call(std::string_view name, spoken arguments, submit_options options)
{
    described made{.signature = {}, .name = std::string(name), .listeners = {}};
    if (options.on_progress) {
        if (options.id.empty())
            options.id = new_id();
        made.listeners.push_back({options.id, std::move(options.on_progress)});
    }
    made.signature = make_signature(name, std::move(arguments.args), std::move(arguments.kwargs), as_options(options));
    return made;
}

described describe_call(const any_job& job, spoken arguments, std::size_t from, submit_options options)
{
    const any_job::name_list& names = job.parameters();
    for (const json::member& each : arguments.kwargs) {
        const auto at = static_cast<std::size_t>(std::ranges::find(names, each.name) - names.begin());
        if (at == names.size())
            throw argument_error(std::string(job.name()) + "() has no parameter '" + each.name + '\'');
        if (at < from + arguments.args.size())
            throw argument_error(std::string(job.name()) + "() got two values for '" + each.name + '\'');
    }
    return describe_call(job.name(), std::move(arguments), std::move(options));
}

described describe_map(const any_job& job, json::array elements, std::size_t chunk)
{
    const json::value each = make_signature(job.name(), {}, {});
    if (chunk == 0)
        chunk = (elements.size() + usual_chunks - 1) / usual_chunks;
    json::array parts;
    for (std::size_t begun = 0; begun < elements.size(); begun += chunk) {
        const auto first = elements.begin() + static_cast<std::ptrdiff_t>(begun);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(chunk, elements.size() - begun));
        json::array some{std::move_iterator(first), std::move_iterator(last)};
        parts.push_back(make_signature("celery.map", {}, {{"task", each}, {"it", std::move(some)}}, {}, true));
    }
    return {.signature = make_group(std::move(parts)), .name = "map(" + std::string(job.name()) + ')', .listeners = {}};
}

void make_immutable(described& of)
{
    set_immutable(of.signature);
}

void add_callback(described& to, described next)
{
    add_to_list(to.signature, "link", next.signature);
    take_listeners(to, next);
}

void add_errback(described& to, described next)
{
    add_errback(to.signature, next.signature);
    take_listeners(to, next);
}

described make_chain_of(std::vector<described> steps)
{
    return combine("chain", std::move(steps), [](json::array all) { return make_chain(std::move(all)); });
}

described make_group_of(std::vector<described> parts)
{
    return combine("group", std::move(parts), [](json::array all) { return make_group(std::move(all)); });
}

described make_chord_of(described group, described body)
{
    described made{.signature = {}, .name = "chord(" + group.name + ", " + body.name + ')', .listeners = {}};
    take_listeners(made, group);
    take_listeners(made, body);
    made.signature = make_chord(std::move(group.signature["kwargs"]["tasks"].elements()), std::move(body.signature),
                                std::move(group.signature["options"].members()));
    return made;
}

} // namespace simul::cluster::detail
