// SPDX-License-Identifier: MIT
//
// The command `simul`: finds the command, reads its arguments, runs it.
#include "command.hpp"

#include <simul/base/error.hpp>
#include <simul/base/version.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

namespace {

using namespace cli;

std::string overview()
{
    std::string text = "usage: simul COMMAND [ARGUMENTS]\n\n";
    for (const command_entry& each : commands())
        text += fmt::format("  {:<14}{}\n", each.name, each.summary);
    return text + "\n  simul COMMAND --help    what a command takes, as does simul help COMMAND\n  simul --version\n";
}

int refuse_command(const std::string& name)
{
    std::vector<std::string_view> known = {"help", "--help", "--version"};
    for (const command_entry& each : commands())
        known.push_back(each.name);
    const std::string_view meant = nearest(name, known);
    fmt::print(stderr, "simul: there is no command \"{}\"{}\n", name,
               meant.empty() ? "; see simul --help" : fmt::format("; did you mean {}?", meant));
    return exit_code::usage;
}

/// Before "--", whatever else there is.
bool asks_for_help(const std::vector<std::string>& arguments)
{
    const auto end = std::ranges::find(arguments, "--");
    return std::any_of(arguments.begin(), end, [](const std::string& each) { return each == "--help" || each == "-h"; });
}

int run_command(const command_entry& entry, const std::vector<std::string>& arguments)
{
    if (asks_for_help(arguments)) {
        fmt::print("{}", help_of(entry));
        return exit_code::ok;
    }
    const auto wanted = entry.make();
    command_line line;
    wanted->declare(line);
    try {
        line.parse(arguments);
        return wanted->run();
    } catch (const usage_error& mistake) {
        fmt::print(stderr, "simul {}: {}\nSee simul {} --help.\n", entry.name, mistake.what(), entry.name);
        return exit_code::usage;
    } catch (const simul::error& failure) {
        fmt::print(stderr, "simul {}: {}\n", entry.name, failure.what());
        return exit_code::environment;
    } catch (const simul::cancelled&) { // SIGINT
        return exit_code::interrupted;
    }
}

int run_arguments(std::vector<std::string> arguments)
{
    if (arguments.empty()) {
        fmt::print(stderr, "{}", overview());
        return exit_code::usage;
    }
    const std::string name = arguments.front();
    arguments.erase(arguments.begin());
    if (name == "help" && !arguments.empty())
        return run_arguments({arguments.front(), "--help"});
    if (name == "--help" || name == "-h" || name == "help") {
        fmt::print("{}", overview());
        return exit_code::ok;
    }
    if (name == "--version") {
        fmt::print("simul {}\n", simul::version);
        return exit_code::ok;
    }
    const command_entry* const entry = find_command(name);
    return entry ? run_command(*entry, arguments) : refuse_command(name);
}

/// One that is closed would be taken by the next file or socket that is opened. In its place, reading and writing fail.
void occupy_standard_descriptors()
{
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            std::abort();
}

} // namespace

int main(int count, char** values)
{
    occupy_standard_descriptors();
    try {
        const int code = run_arguments({values + 1, values + count});
        flush_output();
        return code;
    } catch (const std::exception& failure) { // fmt::print's, and where memory ends
        fmt::print(stderr, "simul: {}\n", failure.what());
        return exit_code::environment;
    }
}
