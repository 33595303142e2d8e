// SPDX-License-Identifier: MIT
#include <simul/cluster/job.hpp>

#include <algorithm>
#include <optional>

namespace simul::cluster::detail {
namespace {

any_job* first = nullptr; // initialised before any job, as it is constant

std::string count_of(std::size_t n, std::string_view what)
{
    return std::to_string(n) + ' ' + std::string(what) + (n == 1 ? "" : "s");
}

} // namespace

any_job::any_job(std::string_view name, name_list parameters, job_settings settings, calls how, void (*function)())
    : name_(name),
      parameters_(std::move(parameters)),
      settings_(settings),
      calls_(how),
      function_(function),
      next_(std::exchange(first, this))
{
}

any_job::~any_job()
{
    any_job** at = &first;
    while (*at != this)
        at = &(*at)->next_;
    *at = next_;
}

const any_job* any_job::find(std::string_view name)
{
    const any_job* found = nullptr;
    for (const any_job* each = first; each; each = each->next_) {
        if (each->name_ != name)
            continue;
        if (found)
            throw error(std::errc::invalid_argument,
                        "cluster: two jobs have the name \"" + std::string(name) + "\": give one of them another");
        found = each;
    }
    return found;
}

const any_job* any_job::find(void (*function)()) noexcept
{
    const any_job* each = first;
    while (each && each->function_ != function)
        each = each->next_;
    return each;
}

std::vector<const any_job*> any_job::all()
{
    std::vector<const any_job*> found;
    for (const any_job* each = first; each; each = each->next_)
        found.push_back(each);
    std::ranges::sort(found, {}, &any_job::name_);
    return found;
}

std::vector<json::value> any_job::bind(json::array& args, json::object& kwargs, std::size_t taken,
                                       const bool* may_miss) const
{
    const std::string call = std::string(name_) + "()";
    if (args.size() > taken)
        throw argument_error(call + " takes " + count_of(taken, "argument") + ", but got " +
                             std::to_string(args.size()));
    std::vector<json::value> bound(taken);
    std::vector<bool> given(taken);
    for (std::size_t i = 0; i < args.size(); ++i) {
        bound[i] = std::move(args[i]);
        given[i] = true;
    }
    for (json::member& each : kwargs) {
        const auto at = static_cast<std::size_t>(std::ranges::find(parameters_, each.name) - parameters_.begin());
        if (at >= std::min(taken, parameters_.size()))
            throw argument_error(call + " has no parameter '" + each.name + '\'');
        if (given[at])
            throw argument_error(call + " got two values for '" + each.name + '\'');
        bound[at] = std::move(each.value);
        given[at] = true;
    }
    for (std::size_t i = 0; i < taken; ++i)
        if (!given[i] && !may_miss[i])
            throw argument_error(call + " misses its argument " + parameter(i));
    return bound;
}

void any_job::refuse(std::size_t index, const json::error& why) const
{
    throw argument_error(std::string(name_) + "(): argument " + parameter(index) + ": " + why.what());
}

std::string any_job::parameter(std::size_t index) const
{
    return index < parameters_.size() ? '\'' + std::string(parameters_[index]) + '\'' : std::to_string(index + 1);
}

} // namespace simul::cluster::detail
