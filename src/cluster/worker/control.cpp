// SPDX-License-Identifier: MIT
#include "control.hpp"

#include "../json_fields.hpp"
#include "control_reports.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/job.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::cluster::detail {
namespace {

using answer = std::optional<json::value>;

/// Celery's workers wait as long.
constexpr duration patience_with_others = std::chrono::seconds(1);

json::value ok(std::string text)
{
    return json::object{{"ok", std::move(text)}};
}
json::value refused(std::string text)
{
    return json::object{{"error", std::move(text)}};
}

// ---- arguments

const json::value& argument(const json::value& from, std::string_view name)
{
    static const json::value none;
    const json::value* const found = from.find(name);
    return found ? *found : none;
}
std::string text(const json::value& from, std::string_view name)
{
    return argument(from, name).as<std::optional<std::string>>().value_or(std::string());
}
/// One, or a list of them.
std::vector<std::string> texts(const json::value& from, std::string_view name)
{
    const json::value& given = argument(from, name);
    if (given.is_null())
        return {};
    return given.kind() == json::kind::array ? given.as<std::vector<std::string>>() : std::vector{given.string()};
}
std::optional<double> seconds(const json::value& from, std::string_view name)
{
    return argument(from, name).as<std::optional<double>>();
}

bool has_job(std::string_view name)
{
    return any_job::find(name) != nullptr;
}

// ---- what is there

task<answer> ping(workplace&, const json::value&)
{
    co_return ok("pong");
}

task<answer> hello(workplace& at, const json::value& from)
{
    if (text(from, "from_node") == at.node)
        co_return std::nullopt;
    at.revoked.add_table(argument(from, "revoked"));
    co_return json::object{{"revoked", at.revoked.table()}, {"clock", at.events.clock.forward()}};
}

task<answer> clock_time(workplace& at, const json::value&)
{
    co_return json::object{{"clock", at.events.clock.time()}};
}

task<answer> active(workplace& at, const json::value&)
{
    co_return list_jobs(at, phase::active);
}
task<answer> reserved(workplace& at, const json::value&)
{
    co_return list_jobs(at, phase::reserved);
}
task<answer> scheduled(workplace& at, const json::value&)
{
    co_return list_scheduled(at);
}
task<answer> registered(workplace&, const json::value&)
{
    json::array names;
    for (const any_job* each : any_job::all())
        names.emplace_back(each->name());
    co_return names;
}
task<answer> stats(workplace& at, const json::value&)
{
    co_return describe_worker(at);
}
task<answer> active_queues(workplace& at, const json::value&)
{
    co_return list_queues(at);
}
task<answer> revoked_jobs(workplace& at, const json::value&)
{
    co_return at.revoked.list();
}
task<answer> conf(workplace& at, const json::value&)
{
    co_return describe_settings(at);
}
task<answer> report(workplace& at, const json::value&)
{
    co_return ok(describe_program(at));
}
task<answer> query_task(workplace& at, const json::value& from)
{
    json::object found;
    for (const std::string& id : texts(from, "ids"))
        for (const held_job& each : at.jobs)
            if (each.asked.id == id)
                found[id] = json::array{each.at == phase::active ? "active" : "reserved", describe_job(at, each)};
    co_return found;
}

// ---- orders about jobs

struct signal_number {
    std::string_view name;
    int number;
};
constexpr std::array signals = {signal_number{"HUP", 1},  signal_number{"INT", 2},   signal_number{"QUIT", 3},
                                signal_number{"KILL", 9}, signal_number{"USR1", 10}, signal_number{"USR2", 12},
                                signal_number{"TERM", 15}};

/// For monitors: "SIGKILL", "KILL" or 9. Whichever it is, the process is ended by SIGKILL.
int number_of(const json::value& signal)
{
    constexpr int usual = 15;
    if (signal.kind() == json::kind::integer)
        return signal.as<int>();
    if (signal.kind() != json::kind::string)
        return usual;
    std::string_view name = signal.string();
    if (name.starts_with("SIG"))
        name.remove_prefix(3);
    const auto* const found = std::ranges::find(signals, name, &signal_number::name);
    return found == signals.end() ? usual : found->number;
}

std::string joined(const std::vector<std::string>& list)
{
    std::string all;
    for (const std::string& each : list)
        all += (all.empty() ? "" : ", ") + each;
    return all;
}

/// Those that wait end at once. Those that run go on, unless they are to be terminated.
std::vector<std::string> call_back(workplace& at, const std::vector<std::string>& ids, bool terminate, int signal)
{
    std::vector<std::string> found;
    for (const std::string& id : ids)
        at.revoked.add(id);
    for (held_job& each : at.jobs) {
        if (std::ranges::find(ids, each.asked.id) == ids.end())
            continue;
        found.push_back(each.asked.id);
        if (each.at == phase::active && !terminate)
            continue;
        each.signal = each.at == phase::active ? signal : 0;
        each.interrupt(each.at == phase::active ? interruption::terminated : interruption::revoked);
    }
    return found;
}

task<answer> revoke(workplace& at, const json::value& from)
{
    const std::vector<std::string> ids = texts(from, "task_id");
    const bool terminate = argument(from, "terminate").as<std::optional<bool>>().value_or(false);
    const std::vector<std::string> found = call_back(at, ids, terminate, number_of(argument(from, "signal")));
    if (!terminate)
        co_return ok("tasks " + joined(ids) + " flagged as revoked");
    co_return ok(found.empty() ? "terminate: tasks unknown" : "terminate: " + joined(found));
}
task<answer> terminate(workplace& at, const json::value& from)
{
    const auto found = call_back(at, texts(from, "task_id"), true, number_of(argument(from, "signal")));
    co_return ok(found.empty() ? "terminate: tasks unknown" : "terminate: " + joined(found));
}

/// "10/m", "0.5/s", "100/h", "7" (a second), 7; zero or nothing: no limit. *Throws:* `error`.
std::optional<simul::rate_limit> read_rate(const json::value& from)
{
    if (from.is_null())
        return std::nullopt;
    const std::string given = from.kind() == json::kind::string ? from.string() : json::dump(from);
    double number = 0;
    const auto [end, wrong] = std::from_chars(given.data(), given.data() + given.size(), number);
    const std::string_view unit(end, given.data() + given.size());
    const double per = unit.empty() || unit == "/s" ? 1 : unit == "/m" ? 60 : unit == "/h" ? 3600 : 0;
    if ((wrong != std::errc() && !given.empty()) || per == 0 || number < 0)
        throw error(std::errc::invalid_argument, "ValueError('" + given + "')");
    if (number == 0)
        return std::nullopt;
    return simul::rate_limit{.rate = 1, .per = to_duration(std::chrono::duration<double>(per / number)), .burst = 1};
}

task<answer> set_rate(workplace& at, const json::value& from)
{
    const std::string name = text(from, "task_name");
    std::optional<simul::rate_limit> wanted;
    try {
        wanted = read_rate(argument(from, "rate_limit"));
    } catch (const error& why) {
        co_return refused(std::string("Invalid rate limit string: ") + why.what());
    }
    if (!has_job(name))
        co_return refused("unknown task");
    if (!wanted) {
        at.rates.erase(name);
        co_return ok("rate limit disabled successfully");
    }
    at.rates[name] = std::make_shared<rate_limiter>(*wanted);
    co_return ok("new rate limit set successfully");
}

task<answer> set_time_limit(workplace& at, const json::value& from)
{
    const std::string name = text(from, "task_name");
    if (!has_job(name))
        co_return refused("unknown task");
    at.limits[name] = {.hard = seconds(from, "hard"), .soft = seconds(from, "soft")};
    co_return ok("time limits set successfully");
}

// ---- orders about the worker

task<answer> enable_events(workplace& at, const json::value&)
{
    co_return ok(at.events.tell_of_jobs(true) ? "task events enabled" : "task events already enabled");
}
task<answer> disable_events(workplace& at, const json::value&)
{
    co_return ok(at.events.tell_of_jobs(false) ? "task events disabled" : "task events already disabled");
}
task<answer> heartbeat(workplace& at, const json::value&)
{
    co_await at.events.tell_of_worker("heartbeat", at.count(phase::active), at.numbers.processed());
    co_return std::nullopt;
}
task<answer> add_consumer(workplace& at, const json::value& from)
{
    const std::string name = text(from, "queue");
    if (name.empty())
        co_return refused("add_consumer: no queue is named");
    if (std::ranges::find(at.queues, name) != at.queues.end())
        co_return ok("already consuming from '" + name + "'");
    at.queues.push_back(name);
    co_await at.by.consume({name}, at.prefetch());
    co_return ok("add consumer " + name);
}
task<answer> cancel_consumer(workplace& at, const json::value& from)
{
    const std::string name = text(from, "queue");
    if (std::erase(at.queues, name) > 0)
        co_await at.by.stop_consuming(name);
    co_return ok("no longer consuming from " + name);
}
task<answer> fixed_pool(workplace& at, const json::value&)
{
    co_return refused("this worker has " + std::to_string(at.concurrency) +
                      " processes for as long as it runs: start another one beside it, or again with another --concurrency");
}
task<answer> no_autoscale(workplace&, const json::value&)
{
    co_return refused("ValueError('Autoscale not enabled')");
}
task<answer> shut_down(workplace& at, const json::value&)
{
    at.stop.set();
    co_return std::nullopt;
}
task<answer> hold_election(workplace&, const json::value&) // of Celery's gossip, in which this worker has no part
{
    co_return std::nullopt;
}

struct command {
    std::string_view name;
    task<answer> (*run)(workplace& at, const json::value& arguments);
};
constexpr std::array commands = {
    command{"ping", ping},
    command{"hello", hello},
    command{"clock", clock_time},
    command{"active", active},
    command{"dump_active", active},
    command{"reserved", reserved},
    command{"dump_reserved", reserved},
    command{"scheduled", scheduled},
    command{"dump_schedule", scheduled},
    command{"registered", registered},
    command{"dump_tasks", registered},
    command{"stats", stats},
    command{"active_queues", active_queues},
    command{"revoked", revoked_jobs},
    command{"dump_revoked", revoked_jobs},
    command{"conf", conf},
    command{"dump_conf", conf},
    command{"report", report},
    command{"query_task", query_task},
    command{"revoke", revoke},
    command{"terminate", terminate},
    command{"rate_limit", set_rate},
    command{"time_limit", set_time_limit},
    command{"enable_events", enable_events},
    command{"disable_events", disable_events},
    command{"heartbeat", heartbeat},
    command{"add_consumer", add_consumer},
    command{"cancel_consumer", cancel_consumer},
    command{"pool_grow", fixed_pool},
    command{"pool_shrink", fixed_pool},
    command{"pool_restart", fixed_pool},
    command{"autoscale", no_autoscale},
    command{"shutdown", shut_down},
    command{"election", hold_election},
};

// ---- for whom

/// '*' and '?', as in names of files.
bool matches_glob(std::string_view name, std::string_view pattern)
{
    if (pattern.empty())
        return name.empty();
    if (pattern[0] == '*')
        return matches_glob(name, pattern.substr(1)) || (!name.empty() && matches_glob(name.substr(1), pattern));
    return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) && matches_glob(name.substr(1), pattern.substr(1));
}

bool matches(const std::string& name, const std::string& pattern, const std::string& matcher)
{
    if (matcher != "pcre")
        return matches_glob(name, pattern);
    try {
        return std::regex_search(name, std::regex(pattern), std::regex_constants::match_continuous);
    } catch (const std::regex_error&) {
        return false;
    }
}

bool is_for(const std::string& node, const json::value& body)
{
    if (const auto named = texts(body, "destination"); !named.empty())
        return std::ranges::find(named, node) != named.end();
    const std::string pattern = text(body, "pattern");
    const std::string matcher = text(body, "matcher");
    return pattern.empty() || matcher.empty() || matches(node, pattern, matcher);
}

/// Zero: never.
bool is_too_old(const question& asked)
{
    const json::value* const expires = asked.headers.find("expires");
    const double limit = expires ? expires->as<std::optional<double>>().value_or(0) : 0;
    return limit > 0 && limit < seconds_of(std::chrono::system_clock::now());
}

void adjust_clock(workplace& at, const question& asked)
{
    at.events.clock.saw(number_in(asked.headers, "clock").value_or(0));
}

task<answer> carry_out(workplace& at, const json::value& body)
{
    const std::string method = text(body, "method");
    const auto* const found = std::ranges::find(commands, method, &command::name);
    if (found == commands.end())
        co_return refused("KeyError('" + method + "')");
    static const json::value none = json::object();
    const json::value& arguments = argument(body, "arguments");
    co_return co_await found->run(at, arguments.is_null() ? none : arguments);
}

} // namespace

task<> ask_what_was_revoked(workplace& at)
{
    try {
        const auto told = co_await at.by.ask(
            make_question("hello", {{"from_node", at.node}, {"revoked", at.revoked.table()}}), patience_with_others);
        if (!told || told->size() != 1)
            co_return;
        const json::value& other = told->members().begin()->value;
        at.revoked.add_table(argument(other, "revoked"));
        at.events.clock.saw(argument(other, "clock").as<std::optional<std::int64_t>>().value_or(0));
    } catch (const error&) { // it begins without
    }
}

task<answer> reply_to(workplace& at, const question& asked)
{
    try {
        adjust_clock(at, asked);
        if (is_too_old(asked) || !is_for(at.node, asked.body))
            co_return std::nullopt;
        answer made = co_await carry_out(at, asked.body);
        if (argument(asked.body, "reply_to").is_null())
            co_return std::nullopt;
        co_return made;
    } catch (const error& why) {
        co_return refused(why.what());
    }
}

} // namespace simul::cluster::detail
