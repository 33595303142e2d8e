// SPDX-License-Identifier: MIT
#include "outcome.hpp"

#include "base/demangle.hpp"
#include "json_fields.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/cluster/job.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <new>
#include <optional>
#include <stdexcept>
#include <typeinfo>
#include <utility>

namespace simul::cluster::detail {
namespace {

/// An error as Celery writes it down.
struct named_error {
    std::string type, module;
    std::string message;
};

template <class E> bool is(const std::exception& e)
{
    return dynamic_cast<const E*>(&e) != nullptr;
}
template <class E> std::exception_ptr remake(const std::string& message)
{
    if constexpr (std::same_as<E, worker_died>)
        return std::make_exception_ptr(worker_died(0, 0, 0, {}, message));
    else if constexpr (std::constructible_from<E, std::string>)
        return std::make_exception_ptr(E(message));
    else
        return std::make_exception_ptr(E());
}

struct kind {
    std::string_view type, module;
    bool (*is)(const std::exception&);
    std::exception_ptr (*remake)(const std::string& message);
};
template <class E> constexpr kind kind_of(std::string_view type, std::string_view module)
{
    return {type, module, is<E>, remake<E>};
}

constexpr std::string_view python = "builtins", celery = "celery.exceptions", billiard = "billiard.exceptions";

// The first that fits counts, so what is derived comes before its base. Of equal names the first is what it becomes here.
constexpr std::array kinds = {
    kind_of<argument_error>("TypeError", python),
    kind_of<unknown_job>("NotRegistered", celery),
    kind_of<job_revoked>("TaskRevokedError", celery),
    kind_of<timeout_error>("TimeLimitExceeded", billiard),
    kind_of<timeout_error>("SoftTimeLimitExceeded", billiard),
    kind_of<worker_died>("WorkerLostError", billiard),
    kind_of<std::invalid_argument>("ValueError", python),
    kind_of<std::domain_error>("ValueError", python),
    kind_of<std::out_of_range>("IndexError", python),
    kind_of<std::overflow_error>("OverflowError", python),
    kind_of<std::bad_alloc>("MemoryError", python),
    kind_of<std::runtime_error>("RuntimeError", python),
};

named_error name_error(const std::exception& e)
{
    if (const auto* const known = dynamic_cast<const job_failed*>(&e))
        return {known->type(), known->module(), e.what()};
    for (const kind& each : kinds)
        if (each.is(e))
            return {std::string(each.type), std::string(each.module), e.what()};
    return {simul::detail::demangle(typeid(e).name()), "simul", e.what()};
}

named_error name_error(const std::exception_ptr& error)
{
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return name_error(e);
    } catch (const cancelled&) {
        return {"TaskRevokedError", std::string(celery), "cancelled"};
    } catch (...) {
        return {simul::detail::demangle(error.__cxa_exception_type()->name()), "simul", "no std::exception"};
    }
}

json::value written(const named_error& error)
{
    return json::object{
        {"exc_type", error.type}, {"exc_message", json::array{error.message}}, {"exc_module", error.module}};
}

/// What an exception was made with, as one text.
std::string joined(const json::value& arguments)
{
    if (arguments.kind() == json::kind::string)
        return arguments.string();
    if (arguments.kind() != json::kind::array)
        return json::dump(arguments);
    std::string text;
    for (const json::value& each : arguments.elements()) {
        if (!text.empty())
            text += ", ";
        text += each.kind() == json::kind::string ? each.string() : json::dump(each);
    }
    return text;
}

named_error read_error(const json::value& from)
{
    const json::value* const message = from.find("exc_message");
    return {text_or(from, "exc_type"), text_or(from, "exc_module"), message ? joined(*message) : json::dump(from)};
}

json::object members_of(const outcome& from)
{
    return {{"task_id", from.id},
            {"status", from.status},
            {"result", from.result},
            {"traceback", or_null(from.traceback)},
            {"children", from.children}};
}

outcome begin(const request& job, std::string_view status)
{
    return {.id = job.id, .status = std::string(status), .group = job.group, .parent_id = job.parent_id};
}

} // namespace

outcome succeeded(const request& job, json::value result)
{
    outcome made = begin(job, status::success);
    made.result = std::move(result);
    return made;
}

outcome failed(const request& job, const std::exception_ptr& error)
{
    const named_error named = name_error(error);
    outcome made = begin(job, status::failure);
    made.result = written(named);
    made.traceback = named.type + ": " + named.message;
    return made;
}

outcome revoked(const request& job, std::string_view why)
{
    outcome made = begin(job, status::revoked);
    made.result = written({"TaskRevokedError", std::string(celery), std::string(why)});
    return made;
}

std::exception_ptr error_of(const outcome& from)
{
    if (from.status == status::success)
        return nullptr;
    named_error error = read_error(from.result);
    for (const kind& each : kinds)
        if (each.type == error.type && each.module == error.module)
            return each.remake(error.message);
    std::string what = "cluster: job " + from.id + ": " + error.type + ": " + error.message;
    return std::make_exception_ptr(
        job_failed(std::move(what), std::move(error.type), std::move(error.module), from.traceback));
}

std::string write_reply(const outcome& from)
{
    return json::dump(members_of(from));
}

std::string write_outcome(const outcome& from)
{
    json::object made = members_of(from);
    made["date_done"] = from.is_final() ? json::value(write_time(std::chrono::system_clock::now())) : json::value();
    if (!from.group.empty())
        made["group_id"] = from.group;
    if (!from.parent_id.empty())
        made["parent_id"] = from.parent_id;
    return json::dump(made);
}

outcome read_outcome(std::string_view text)
{
    const json::value from = json::parse(text);
    outcome made{.id = text_or(from, "task_id"),
                 .status = text_or(from, "status"),
                 .traceback = text_or(from, "traceback"),
                 .group = text_or(from, "group_id"),
                 .parent_id = text_or(from, "parent_id")};
    if (made.id.empty() || made.status.empty())
        throw error(std::errc::bad_message, "no result of a job: it has the members \"task_id\" and \"status\"");
    if (const json::value* const result = from.find("result"))
        made.result = *result;
    if (const json::value* const children = from.find("children"); children && children->kind() == json::kind::array)
        made.children = children->elements();
    return made;
}

} // namespace simul::cluster::detail
