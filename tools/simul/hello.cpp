// SPDX-License-Identifier: MIT
#include "command.hpp"

#include <simul/run/run.hpp>
#include <simul/task/this_task.hpp>

#include <fmt/core.h>

namespace cli {

namespace {

using namespace std::chrono_literals;

simul::task<> say_hello(std::string name)
{
    fmt::print("Sleeping...\n");
    flush_output();
    co_await simul::sleep(2s);
    fmt::print("Hello, {}!\n", name);
}

class hello final : public command {
public:
    void declare(command_line& line) override { line.argument("NAME", name_); }

    int run() override
    {
        simul::run(say_hello(name_.value_or("world")));
        return exit_code::ok;
    }

private:
    std::optional<std::string> name_;
};

} // namespace

std::unique_ptr<command> make_hello()
{
    return std::make_unique<hello>();
}

} // namespace cli
