// SPDX-License-Identifier: MIT
#include "request.hpp"
#include "signature.hpp"
#include "signature_nodes.hpp"

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

void add_to_list(json::value& signature, std::string_view name, const json::value& added)
{
    json::value& list = signature["options"][name];
    json::array all = elements_of(list);
    all.push_back(added);
    list = std::move(all);
}

/// Unless it says so itself.
void set_option(json::value& signature, const json::member& wanted)
{
    json::object& options = signature["options"].members();
    if (!options.find(wanted.name))
        options[wanted.name] = wanted.value;
}

/// When a job is to begin.
bool is_time(const json::member& option) noexcept
{
    return option.name == "eta" || option.name == "countdown";
}

/// Else each step would count from its own begin.
json::member counted_from_now(const json::member& expires)
{
    return {expires.name, write_utc(seconds_from_now(expires.value.as<double>()))};
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

void add_options(described& to, const submit_options& options)
{
    for (const json::member& each : as_options(options)) {
        if (each.name == "task_id") {
            set_option(end_of(to.signature), each);
        } else if (is_time(each)) {
            for (json::value* const job : beginnings_of(to.signature))
                if (!std::ranges::any_of((*job)["options"].members(), is_time))
                    set_option(*job, each);
        } else {
            for (json::value* const job : jobs_of(to.signature))
                set_option(*job, each.name == "expires" ? counted_from_now(each) : each);
        }
    }
    if (!options.on_progress)
        return;
    for (json::value* const job : jobs_of(to.signature)) {
        set_option(*job, {"task_id", new_id()});
        to.listeners.push_back({(*job)["options"]["task_id"].string(), options.on_progress});
    }
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
    for (json::value* const job : beginnings_of(of.signature))
        (*job)["immutable"] = true;
}

void add_callback(described& to, described next)
{
    add_to_list(to.signature, "link", next.signature);
    take_listeners(to, next);
}

void add_errback(described& to, described next)
{
    for (json::value* const job : jobs_of(to.signature))
        add_to_list(*job, "link_error", next.signature);
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
