// SPDX-License-Identifier: MIT
#include "command.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <system_error>

namespace cli {

const std::vector<command_entry>& commands()
{
    static const std::vector<command_entry> all = {
        {"tour", "races the lesson's jobs: sync, threads, async, processes, side by side", make_tour},
        {"fetch", "fetches many pages at once, and takes out of each what is wanted", make_fetch},
        {"serve", "serves a directory over HTTP", make_serve},
        {"demo", "serves the lesson's site: genres and a wiki, late and faulty as it is told to", make_demo},
        {"worker", "runs the jobs of a library for those who ask for them, as a Celery worker", make_worker},
        {"hello", "waits two seconds without blocking, and greets", make_hello},
        {"completions", "prints what makes a shell complete simul's commands and options", make_completions},
        {"manual", "prints a command's manual page, for man(1)", make_manual},
    };
    return all;
}

std::vector<std::string> command_names()
{
    std::vector<std::string> names;
    for (const command_entry& each : commands())
        names.emplace_back(each.name);
    return names;
}

const command_entry* find_command(std::string_view name)
{
    const auto found = std::ranges::find(commands(), name, &command_entry::name);
    return found == commands().end() ? nullptr : &*found;
}

void flush_output()
{
    if (std::fflush(stdout) != 0)
        throw std::system_error(errno, std::generic_category(), "standard output");
}

std::string help_of(const command_entry& of)
{
    const auto command = of.make();
    command_line line;
    command->declare(line);
    std::string text = fmt::format("usage: simul {} {}\n\n{}\n", of.name, line.synopsis(), of.summary);
    if (!line.options().empty())
        text += "\n" + line.options_text();
    if (!command->details().empty())
        text += fmt::format("\n{}", command->details());
    return text;
}

} // namespace cli
