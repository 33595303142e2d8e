// SPDX-License-Identifier: MIT
#include "signature.hpp"

#include <simul/base/error.hpp>

#include <iterator>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr unsigned deepest = 64; // workflows within workflows

[[noreturn]] void refuse(const std::string& why)
{
    throw error(std::errc::bad_message, "no workflow: " + why);
}

json::value make(std::string_view task, json::array args, json::object kwargs, json::object options,
                 json::value subtask_type, bool immutable)
{
    return json::object{{"task", task},
                        {"args", std::move(args)},
                        {"kwargs", std::move(kwargs)},
                        {"options", std::move(options)},
                        {"subtask_type", std::move(subtask_type)},
                        {"immutable", immutable}};
}

json::value taken(json::object& from, std::string_view name)
{
    json::value* const found = from.find(name);
    return found ? std::exchange(*found, {}) : json::value();
}
json::array taken_list(json::object& from, std::string_view name)
{
    json::value found = taken(from, name);
    return found.is_null() ? json::array() : std::move(found.elements());
}
std::string taken_text(json::object& from, std::string_view name)
{
    const json::value found = taken(from, name);
    return found.is_null() ? std::string() : found.string();
}
template <class T> std::optional<T> taken_number(json::object& from, std::string_view name)
{
    return taken(from, name).as<std::optional<T>>();
}
void append(json::array& to, json::array more)
{
    to.insert(to.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

/// A time, or so many seconds from now.
std::optional<wall_time> taken_time(json::object& from, std::string_view name)
{
    const json::value found = taken(from, name);
    if (found.is_null())
        return std::nullopt;
    if (found.kind() == json::kind::string)
        return read_time(found.string());
    return seconds_from_now(found.as<double>());
}

/// A signature, taken apart.
struct parts {
    explicit parts(json::value from)
    {
        json::object& members = from.members();
        task = taken_text(members, "task");
        args = taken_list(members, "args");
        if (json::value given = taken(members, "kwargs"); !given.is_null())
            kwargs = std::move(given.members());
        if (json::value given = taken(members, "options"); !given.is_null())
            options = std::move(given.members());
        kind = taken_text(members, "subtask_type");
        immutable = taken(members, "immutable").as<std::optional<bool>>().value_or(false);
    }
    json::value whole() &&
    {
        return make(task, std::move(args), std::move(kwargs), std::move(options),
                    kind.empty() ? json::value() : json::value(kind), immutable);
    }

    std::string task;
    json::array args = {};
    json::object kwargs = {};
    json::object options = {};
    std::string kind; ///< "chain", "group", "chord"; empty: one job
    bool immutable = false;
};

/// The parts of a group, which may be given as the signature of one.
json::array parts_of(json::value group)
{
    if (group.kind() == json::kind::array)
        return std::move(group.elements());
    parts of(std::move(group));
    return of.kind == "group" ? taken_list(of.kwargs, "tasks") : json::array{std::move(of).whole()};
}

json::object without_id(json::object options)
{
    options.erase("task_id");
    return options;
}

/// A chain's steps, those of chains within it too. A step after a group waits for all of it: both are a chord.
json::array flat_steps(json::array steps, unsigned depth)
{
    if (depth > deepest)
        refuse("chains are nested too deeply");
    json::array flat;
    for (json::value& each : steps) {
        parts step(std::move(each));
        if (step.kind == "chain") {
            append(flat, flat_steps(taken_list(step.kwargs, "tasks"), depth + 1));
            continue;
        }
        if (!flat.empty() && flat.back().find("subtask_type")->as<std::optional<std::string>>() == "group") {
            parts group(std::move(flat.back()));
            flat.back() = make_chord(taken_list(group.kwargs, "tasks"), std::move(step).whole(),
                                     without_id(std::move(group.options)));
            continue;
        }
        flat.push_back(std::move(step).whole());
    }
    return flat;
}

/// What is asked of a whole, asked of the part that ends it.
void hand_on(json::object options, json::object& to)
{
    for (const std::string_view list : {"link", "link_error", "chain"}) {
        json::array more = taken_list(options, list);
        if (more.empty())
            continue;
        json::array all = taken_list(to, list);
        append(all, std::move(more));
        to[list] = std::move(all);
    }
    for (json::member& each : options)
        if (!each.value.is_null())
            to[each.name] = std::move(each.value);
}

class expander {
public:
    expander(const beginner& by, expansion& made) : by_(by), made_(made) {}

    /// Returns the id of what has the result.
    std::string expand(json::value signature, const json::array& leading, unsigned depth = 0)
    {
        if (depth > deepest)
            refuse("workflows are nested too deeply");
        parts of(std::move(signature));
        if (of.kind == "chain")
            return chain(std::move(of), leading, depth);
        if (of.kind == "group")
            return group(std::move(of), leading, depth);
        if (of.kind == "chord")
            return chord(std::move(of), leading, depth);
        return job(std::move(of), leading);
    }

private:
    std::string job(parts of, const json::array& leading)
    {
        if (of.task.empty())
            refuse("a signature without \"task\"");
        json::object& options = of.options;
        request made;
        made.task = std::move(of.task);
        made.id = taken_text(options, "task_id");
        if (made.id.empty())
            made.id = new_id();
        made.root_id = by_.root_id.empty() ? made.id : by_.root_id;
        made.parent_id = by_.id;
        made.group = taken_text(options, "group_id");
        made.group_index = taken_number<std::int64_t>(options, "group_index");
        if (!of.immutable)
            made.args = leading;
        append(made.args, std::move(of.args));
        made.kwargs = std::move(of.kwargs);
        made.callbacks = taken_list(options, "link");
        made.errbacks = taken_list(options, "link_error");
        made.chain = taken_list(options, "chain");
        made.chord = taken(options, "chord");
        made.retries = taken_number<unsigned>(options, "retries").value_or(0);
        made.eta = taken_time(options, "eta");
        if (const auto countdown = taken_number<double>(options, "countdown"))
            made.eta = seconds_from_now(*countdown);
        made.expires = taken_time(options, "expires");
        made.time_limit = taken_number<double>(options, "time_limit");
        made.soft_time_limit = taken_number<double>(options, "soft_time_limit");
        made.ignore_result = taken(options, "ignore_result").as<std::optional<bool>>().value_or(false);
        made.reply_to = taken_text(options, "reply_to");
        if (made.reply_to.empty())
            made.reply_to = by_.reply_to;
        made.priority = taken_number<int>(options, "priority");
        made.shadow = taken_text(options, "shadow");
        std::string id = made.id;
        made_.jobs.push_back({std::move(made), taken_text(options, "queue")});
        return id;
    }

    /// The first step is begun, and carries the others, the last first.
    std::string chain(parts of, const json::array& leading, unsigned depth)
    {
        const std::string id = set_id(of);
        json::array steps = flat_steps(taken_list(of.kwargs, "tasks"), depth);
        if (steps.empty())
            refuse("a chain without steps");
        parts last(std::move(steps.back()));
        hand_on(std::move(of.options), last.options);
        steps.back() = std::move(last).whole();
        if (steps.size() == 1)
            return expand(std::move(steps[0]), leading, depth + 1);

        parts first(std::move(steps.front()));
        json::array rest = taken_list(first.options, "chain");
        rest.insert(rest.begin(), std::move_iterator(steps.rbegin()), std::move_iterator(steps.rend() - 1));
        for (json::value& step : rest) {
            parts named(std::move(step));
            set_id(named);
            step = std::move(named).whole();
        }
        first.options["chain"] = std::move(rest);
        expand(std::move(first).whole(), leading, depth + 1);
        return id;
    }

    std::string group(parts of, const json::array& leading, unsigned depth)
    {
        const std::string id = set_id(of);
        for (json::value& each : taken_list(of.kwargs, "tasks")) {
            parts part(std::move(each));
            if (part.kind != "group")
                part.options["group_id"] = id;
            hand_on(without_id(of.options), part.options);
            std::string end = expand(std::move(part).whole(), leading, depth + 1);
            if (depth == 0)
                made_.ends.push_back(std::move(end));
        }
        return id;
    }

    /// Each part carries the body; who brings the last result begins it.
    std::string chord(parts of, const json::array& leading, unsigned depth)
    {
        const std::string id = set_id(of);
        parts body(taken(of.kwargs, "body"));
        hand_on(std::move(of.options), body.options);
        json::array header;
        flatten(taken(of.kwargs, "header"), header, depth);
        if (header.empty()) {
            json::array none{json::value(json::array())};
            return expand(std::move(body).whole(), none, depth + 1);
        }
        const json::value then = std::move(body).whole();
        const std::string group = new_id();
        made_.joins.push_back({group, header.size()});
        std::int64_t index = 0;
        for (json::value& each : header) {
            parts part(std::move(each));
            part.options["group_id"] = group;
            part.options["group_index"] = index++;
            part.options["chord"] = then;
            expand(std::move(part).whole(), leading, depth + 1);
        }
        return id;
    }
    static void flatten(json::value header, json::array& to, unsigned depth)
    {
        if (depth > deepest)
            refuse("groups are nested too deeply");
        for (json::value& each : parts_of(std::move(header))) {
            if (parts(each).kind == "group")
                flatten(std::move(each), to, depth + 1);
            else
                to.push_back(std::move(each));
        }
    }

    /// The id that it has, or gets here.
    static std::string set_id(parts& of)
    {
        json::value id = given_id(of);
        if (id.is_null())
            id = new_id();
        of.options["task_id"] = id;
        return id.string();
    }
    /// A chord's is its body's, a chain's that of its last step, whatever their own: that is what Python waits for. Null where
    /// none is given.
    static json::value given_id(const parts& of)
    {
        const json::value* const steps = of.kind == "chain" ? of.kwargs.find("tasks") : nullptr;
        const json::value* last = of.kind == "chord" ? of.kwargs.find("body") : nullptr;
        if (steps && steps->size() > 0)
            last = &(*steps)[steps->size() - 1];
        if (json::value inner = last ? given_id(parts(*last)) : json::value(); !inner.is_null())
            return inner;
        const json::value* const own = of.options.find("task_id");
        return own ? *own : json::value();
    }
    const beginner& by_;
    expansion& made_;
};

} // namespace

json::value make_signature(std::string_view task, json::array args, json::object kwargs, json::object options,
                           bool immutable)
{
    return make(task, std::move(args), std::move(kwargs), std::move(options), {}, immutable);
}
json::value make_chain(json::array steps, json::object options)
{
    return make("celery.chain", {}, {{"tasks", std::move(steps)}}, std::move(options), "chain", false);
}
json::value make_group(json::array parts, json::object options)
{
    return make("celery.group", {}, {{"tasks", std::move(parts)}}, std::move(options), "group", false);
}
json::value make_chord(json::array parts, json::value body, json::object options)
{
    return make("celery.chord", {}, {{"header", std::move(parts)}, {"body", std::move(body)}}, std::move(options),
                "chord", false);
}

expansion expand(json::value signature, const beginner& by, const json::array& leading)
{
    expansion made;
    try {
        const json::value* const kind = signature.find("subtask_type");
        const bool is_group = kind && !kind->is_null() && kind->string() == "group";
        made.id = expander(by, made).expand(std::move(signature), leading);
        if (!is_group)
            made.ends = {made.id};
    } catch (const json::error& why) {
        refuse(why.what());
    }
    return made;
}

} // namespace simul::cluster::detail
