// SPDX-License-Identifier: MIT
#include "revoked_ids.hpp"

#include <simul/task/this_task.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <string_view>

namespace simul::cluster::detail {
namespace {

constexpr std::size_t most = 50'000;
constexpr duration longest = std::chrono::hours(3);

double seconds(time_point t)
{
    return std::chrono::duration<double>(t.time_since_epoch()).count();
}

} // namespace

void revoked_ids::add(const std::string& id)
{
    forget_old();
    const auto [place, is_new] = ids_.try_emplace(id, now());
    if (!is_new)
        return;
    in_order_.push_back({id, place->second});
    if (in_order_.size() > most) {
        ids_.erase(in_order_.front().id);
        in_order_.pop_front();
    }
}

bool revoked_ids::contains(const std::string& id)
{
    if (ids_.empty())
        return false;
    forget_old();
    return ids_.contains(id);
}

json::array revoked_ids::list()
{
    forget_old();
    json::array made;
    for (const entry& each : in_order_)
        made.emplace_back(each.id);
    return made;
}

json::value revoked_ids::table()
{
    forget_old();
    std::map<std::string_view, double> made;
    for (const entry& each : in_order_)
        made.emplace(each.id, seconds(each.added));
    return json::parse(json::dump(made));
}

void revoked_ids::add_table(const json::value& table)
{
    if (table.kind() != json::kind::object)
        return;
    for (const json::member& each : table.members())
        add(each.name);
}

void revoked_ids::forget_old()
{
    const time_point limit = now() - longest;
    while (!in_order_.empty() && in_order_.front().added < limit) {
        ids_.erase(in_order_.front().id);
        in_order_.pop_front();
    }
}

} // namespace simul::cluster::detail
