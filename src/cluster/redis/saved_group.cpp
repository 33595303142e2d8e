// SPDX-License-Identifier: MIT
#include "saved_group.hpp"

#include <map>
#include <utility>

namespace simul::cluster::redis {
namespace {

using detail::outcome;
using outcomes = std::map<std::string, outcome>;

const std::string& id_of(const json::value& part)
{
    return part[0][0].string();
}

bool is_job(const json::value& part)
{
    return part[1].is_null();
}

void collect_jobs(const json::value& part, std::vector<std::string>& ids)
{
    if (is_job(part))
        return ids.push_back(id_of(part));
    for (const json::value& each : part[1].elements())
        collect_jobs(each, ids);
}

outcome outcome_of(const json::value& part, const outcomes& known)
{
    if (is_job(part)) {
        const auto found = known.find(id_of(part));
        if (found == known.end())
            throw error(std::errc::bad_message, "cluster: a chord can't be joined: the result of job " + id_of(part) +
                                                    " is not there any more");
        return found->second;
    }
    json::array values;
    for (const json::value& each : part[1].elements()) {
        outcome one = outcome_of(each, known);
        if (one.status != detail::status::success)
            return one;
        values.push_back(std::move(one.result));
    }
    return {.id = id_of(part), .status = std::string(detail::status::success), .result = std::move(values)};
}

task<outcomes> look_up(shared_link at, std::vector<std::string> ids)
{
    std::vector<std::string> keys;
    for (const std::string& each : ids)
        keys.push_back(at->names.result(each));
    const auto texts = co_await insist_for_ever([&]() -> task<std::vector<std::optional<std::string>>> {
        return at->client.command("MGET", keys).idempotent().as<std::vector<std::optional<std::string>>>();
    });
    outcomes known;
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (texts[i])
            known.emplace(ids[i], detail::read_outcome(*texts[i]));
    co_return known;
}

} // namespace

task<std::optional<std::vector<outcome>>> read_saved_group(shared_link at, std::string id)
{
    const auto text = co_await insist_for_ever([&]() { return at->client.get(at->names.group(id)); });
    if (!text)
        co_return std::nullopt;
    const json::value saved = json::parse(*text);
    const json::value& group = saved["result"];
    std::vector<std::string> ids;
    collect_jobs(group, ids);
    if (ids.empty())
        co_return std::vector<outcome>();
    const outcomes known = co_await look_up(at, std::move(ids));
    std::vector<outcome> parts;
    for (const json::value& each : group[1].elements())
        parts.push_back(outcome_of(each, known));
    co_return parts;
}

} // namespace simul::cluster::redis
