// SPDX-License-Identifier: MIT
#include "job_call.hpp"

#include "../outcome.hpp"
#include "progress.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

namespace simul::cluster::detail {
namespace {

struct own_job {
    std::string_view name;
    call_shape shape;
};
constexpr std::array own_jobs = {
    own_job{"celery.map", call_shape::map},
    own_job{"celery.starmap", call_shape::starmap},
    own_job{"celery.chunks", call_shape::chunks},
};

/// The arguments of each of a call's calls.
struct call_list {
    std::vector<json::array> args;
    json::object kwargs;   ///< of `once`
    std::size_t chunk = 0; ///< of `chunks`
};

call_list take_apart(const job_call& call)
{
    call_list made;
    if (call.shape == call_shape::once) {
        made.args.push_back(json::parse<json::array>(call.args));
        made.kwargs = std::move(json::parse(call.kwargs).members());
        return made;
    }
    json::value given = json::parse(call.kwargs);
    for (json::value& each : given["it"].elements())
        made.args.push_back(call.shape == call_shape::map ? json::array{std::move(each)} : std::move(each.elements()));
    if (call.shape == call_shape::chunks)
        made.chunk = std::max<std::size_t>(1, given["n"].as<std::size_t>());
    return made;
}

json::value put_together(call_shape shape, json::array results, std::size_t chunk)
{
    if (shape == call_shape::once)
        return std::move(results.front());
    if (shape != call_shape::chunks)
        return results;
    json::array chunks;
    for (std::size_t begin = 0; begin < results.size(); begin += chunk) {
        const auto first = results.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(chunk, results.size() - begin));
        chunks.emplace_back(json::array(std::move_iterator(first), std::move_iterator(last)));
    }
    return chunks;
}

const any_job& find_job(const std::string& name)
{
    if (const any_job* const found = any_job::find(name))
        return *found;
    throw unknown_job("the job " + name + " is known to the worker, but not to its processes: make it a global object");
}

} // namespace

job_target find_target(const request& asked)
{
    const auto* const own = std::ranges::find(own_jobs, asked.task, &own_job::name);
    if (own == own_jobs.end())
        return {any_job::find(asked.task), call_shape::once};
    const json::value* const signature = asked.kwargs.find("task");
    const json::value* const name = signature ? signature->find("task") : nullptr;
    if (!name || name->kind() != json::kind::string)
        return {};
    return {any_job::find(name->string()), own->shape};
}

job_call make_call(const job_target& target, const request& asked, std::string_view progress_to)
{
    return {.job = std::string(target.job->name()),
            .shape = target.shape,
            .args = json::dump(asked.args),
            .kwargs = json::dump(asked.kwargs),
            .identity = {asked.id, asked.task, asked.retries},
            .progress_to = std::string(progress_to)};
}

job_reply reply_of(const std::exception_ptr& error)
{
    outcome made = failed({}, error);
    job_reply reply{.end = job_end::failed, .traceback = std::move(made.traceback)};
    try {
        std::rethrow_exception(error);
    } catch (const retry_wanted& wanted) {
        reply.end = job_end::again;
        reply.after = wanted.after;
        made.result = json::object{
            {"exc_type", "Retry"}, {"exc_message", json::array{"as the job wanted"}}, {"exc_module", "celery.exceptions"}};
        reply.traceback.clear();
    } catch (const argument_error&) {
        reply.end = job_end::refused;
    } catch (...) {
    }
    try {
        reply.result = json::dump(made.result);
        static_cast<void>(json::dump(reply.traceback));
    } catch (const json::error&) { // its text is no UTF-8
        made.result["exc_message"] = json::array{"its message is no UTF-8"};
        reply.result = json::dump(made.result);
        reply.traceback.clear();
    }
    return reply;
}

job_reply run_job(const job_call& call)
{
    const running_in_process as_job(call.identity, call.progress_to);
    try {
        const any_job& job = find_job(call.job);
        call_list calls = take_apart(call);
        json::array results;
        for (json::array& args : calls.args)
            results.push_back(job.run(std::move(args), std::move(calls.kwargs)));
        return {.result = json::dump(put_together(call.shape, std::move(results), calls.chunk))};
    } catch (...) {
        return reply_of(std::current_exception());
    }
}

task<job_reply> start_job(job_call call, std::shared_ptr<current_job> as)
{
    set_current_job(std::move(as));
    try {
        const any_job& job = find_job(call.job);
        call_list calls = take_apart(call);
        json::array results;
        for (json::array& args : calls.args)
            results.push_back(co_await job.start(std::move(args), std::move(calls.kwargs)));
        co_return {.result = json::dump(put_together(call.shape, std::move(results), calls.chunk))};
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        co_return reply_of(std::current_exception());
    }
}

} // namespace simul::cluster::detail
