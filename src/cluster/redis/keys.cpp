// SPDX-License-Identifier: MIT
#include "keys.hpp"

#include "../message.hpp"

#include <algorithm>
#include <utility>

namespace simul::cluster::redis {
namespace {

constexpr std::string_view separator = "\x06\x16";

} // namespace

int priority_step(int priority) noexcept
{
    int step = priority_steps.front();
    for (const int each : priority_steps)
        if (each <= priority)
            step = each;
    return step;
}

keys::keys(std::string prefix, unsigned database)
    : prefix_(std::move(prefix)),
      database_(std::to_string(database)),
      unacked_(prefix_ + "unacked"),
      index_(prefix_ + "unacked_index"),
      result_(prefix_ + "celery-task-meta-")
{
}

std::string keys::list(std::string_view queue, int priority) const
{
    std::string made = prefix_;
    made += queue;
    if (const int step = priority_step(priority); step != 0) {
        made += separator;
        made += std::to_string(step);
    }
    return made;
}

std::string keys::begins(std::string_view id) const
{
    return prefix_ + "simul.begins." + std::string(id);
}

std::string keys::dead(std::string_view queue) const
{
    return prefix_ + detail::dead_letters(queue);
}

std::string keys::bindings(std::string_view exchange) const
{
    return prefix_ + "_kombu.binding." + std::string(exchange);
}

std::string keys::channel(std::string_view exchange, std::string_view topic) const
{
    std::string made = prefix_ + '/' + database_ + '.' + std::string(exchange);
    if (!topic.empty()) {
        made += '/';
        made += topic;
    }
    return made;
}

std::string keys::result(std::string_view id) const
{
    return result_ + std::string(id);
}

std::string keys::group(std::string_view id, std::string_view suffix) const
{
    std::string made = prefix_ + "celery-taskset-meta-";
    made += id;
    made += suffix;
    return made;
}

std::string_view keys::id_of(std::string_view result) const noexcept
{
    return result.substr(std::min(result_.size(), result.size()));
}

std::string binding(std::string_view routing_key, std::string_view queue)
{
    std::string made(routing_key);
    made += separator; // between them stands the pattern, of exchanges that have patterns
    made += separator;
    made += queue;
    return made;
}

std::string_view bound_queue(std::string_view binding, std::string_view routing_key) noexcept
{
    if (!binding.starts_with(routing_key) || !binding.substr(routing_key.size()).starts_with(separator))
        return {};
    return binding.substr(binding.rfind(separator) + separator.size());
}

} // namespace simul::cluster::redis
