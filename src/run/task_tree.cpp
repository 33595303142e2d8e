// SPDX-License-Identifier: MIT
#include "task_tree.hpp"

#include <simul/detail/promise_base.hpp>
#include <simul/run/dump_tasks.hpp>

#include <string_view>
#include <vector>

namespace simul {
namespace detail {
namespace {

std::string place(const std::source_location& at)
{
    const std::string file = at.file_name();
    return file.substr(file.find_last_of('/') + 1) + ":" + std::to_string(at.line());
}

/// "simul::task<> serve(int)" is "serve".
std::string function(const std::source_location& at)
{
    std::string name = at.function_name();
    constexpr std::string_view unnamed_space = "(anonymous namespace)::", unnamed_class = "(anonymous class)";
    for (auto found = name.find(unnamed_space); found != std::string::npos; found = name.find(unnamed_space))
        name.erase(found, unnamed_space.size());
    for (auto found = name.find(unnamed_class); found != std::string::npos; found = name.find(unnamed_class))
        name.replace(found, unnamed_class.size(), "lambda");
    if (const auto arguments = name.find('('); arguments != std::string::npos && name.find("lambda") == std::string::npos)
        name.erase(arguments);
    if (const auto last_space = name.find_last_of(' '); last_space != std::string::npos && name.find("lambda") == std::string::npos)
        name.erase(0, last_space + 1);
    return name;
}

/// A frame that simul put between the user's, such as the task that awaits a future for `gather`.
bool is_ours(const std::source_location& at)
{
    return std::string_view(at.function_name()).find("simul::detail::") != std::string_view::npos;
}

std::string state_of(const context& line, const executor& on)
{
    if (line.is_away())
        return "runs in another thread";
    if (!line.waits_at())
        return on.running() == &line ? "running" : "ready"; // the last that ran may be waiting now
    return line.cancelling() > 0 ? "waits (being cancelled)" : "waits";
}

void add(std::string& text, const context& line, const executor& on, const std::string& indent, bool is_last)
{
    text += indent + (is_last ? "└── " : "├── ") + line.name() + "  " + state_of(line, on) + "\n";
    if (line.is_away())
        return; // belongs to another thread
    const std::string deeper = indent + (is_last ? "    " : "│   ");
    const bool has_children = line.first_child() != nullptr;
    if (const leaf* const at = line.waits_at()) {
        std::vector<const promise_base*> frames; // innermost first
        for (const promise_base* each = &at->frame(); each; each = each->awaiter)
            if (!is_ours(each->where))
                frames.push_back(each);
        for (auto each = frames.rbegin(); each != frames.rend(); ++each)
            text += deeper + (has_children ? "│ " : "  ") + "at " + place((*each)->where) + " in " +
                    function((*each)->where) + "\n";
    }
    for (const context* child = line.first_child(); child; child = child->next_sibling())
        add(text, *child, on, deeper, child->next_sibling() == nullptr);
}

} // namespace

std::string task_tree(executor& of)
{
    std::string text;
    for (const context* each = of.top().first_child(); each; each = each->next_sibling())
        add(text, *each, of, "", each->next_sibling() == nullptr);
    return text.empty() ? "no tasks\n" : text;
}

} // namespace detail

std::string dump_tasks()
{
    return detail::task_tree(executor::require("dump_tasks"));
}

} // namespace simul
