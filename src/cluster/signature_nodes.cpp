// SPDX-License-Identifier: MIT
#include "signature_nodes.hpp"

#include <string_view>

namespace simul::cluster::detail {
namespace {

bool is_chain(const json::value& signature)
{
    const json::value& type = signature["subtask_type"];
    return !type.is_null() && type.string() == "chain";
}

/// What it is made of directly, but for the body of a chord.
std::vector<json::value*> children_of(json::value& signature)
{
    std::vector<json::value*> found;
    for (const std::string_view name : {"tasks", "header"})
        if (json::value* const list = signature["kwargs"].members().find(name))
            for (json::value& each : list->elements())
                found.push_back(&each);
    return found;
}

void add_nodes(json::value& signature, std::vector<json::value*>& to)
{
    to.push_back(&signature);
    if (is_one_job(signature))
        return;
    for (json::value* const child : children_of(signature))
        add_nodes(*child, to);
    if (json::value* const body = signature["kwargs"].members().find("body"))
        add_nodes(*body, to);
}

void add_beginnings(json::value& signature, std::vector<json::value*>& to)
{
    if (is_one_job(signature)) {
        to.push_back(&signature);
        return;
    }
    for (json::value* const child : children_of(signature)) {
        add_beginnings(*child, to);
        if (is_chain(signature))
            return;
    }
}

} // namespace

bool is_one_job(const json::value& signature)
{
    return signature["subtask_type"].is_null();
}

json::value& end_of(json::value& signature)
{
    if (is_one_job(signature)) // whose arguments may have any name
        return signature;
    if (json::value* const body = signature["kwargs"].members().find("body"))
        return end_of(*body);
    if (is_chain(signature))
        return end_of(*children_of(signature).back());
    return signature;
}

std::vector<json::value*> nodes_of(json::value& signature)
{
    std::vector<json::value*> found;
    add_nodes(signature, found);
    return found;
}

std::vector<json::value*> jobs_of(json::value& signature)
{
    std::vector<json::value*> found = nodes_of(signature);
    std::erase_if(found, [](const json::value* node) { return !is_one_job(*node); });
    return found;
}

std::vector<json::value*> beginnings_of(json::value& signature)
{
    std::vector<json::value*> found;
    add_beginnings(signature, found);
    return found;
}

} // namespace simul::cluster::detail
