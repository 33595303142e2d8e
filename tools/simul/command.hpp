// SPDX-License-Identifier: MIT
//
// What the commands of `simul` have in common. Each is a class in a file of its own, and a line in commands.cpp.
#pragma once

#include "command_line.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What a shell is told.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int some_failed = 1;
inline constexpr int usage = 2;
inline constexpr int environment = 3; ///< an address in use, a file that can't be written
inline constexpr int all_failed = 4;
inline constexpr int timed_out = 124;
inline constexpr int interrupted = 130;
} // namespace exit_code

class command {
public:
    command() = default;
    command(const command&) = delete;
    command& operator=(const command&) = delete;
    virtual ~command() = default;

    /// Says what it takes.
    virtual void declare(command_line& line) = 0;
    /// Returns the exit code. *Throws:* usage_error; simul::error for what the environment doesn't give.
    virtual int run() = 0;
    /// Behind the options in --help: examples, exit codes.
    virtual std::string_view details() const { return {}; }
};

struct command_entry {
    std::string_view name;
    std::string_view summary; ///< "serves a directory over HTTP"
    std::unique_ptr<command> (*make)();
};

/// In the order in which --help lists them.
const std::vector<command_entry>& commands();
std::vector<std::string> command_names();
/// Null when there is none of that name.
const command_entry* find_command(std::string_view name);

/// What was printed is then written. *Throws:* std::system_error when it can't be, as when the disk is full.
void flush_output();

/// "simul fetch [OPTIONS] [URL...]", the options, the details.
std::string help_of(const command_entry& of);
/// The page for man(1).
std::string manual_of(const command_entry& of);

std::unique_ptr<command> make_completions();
std::unique_ptr<command> make_demo();
std::unique_ptr<command> make_fetch();
std::unique_ptr<command> make_hello();
std::unique_ptr<command> make_manual();
std::unique_ptr<command> make_serve();
std::unique_ptr<command> make_tour();
std::unique_ptr<command> make_worker();

} // namespace cli
