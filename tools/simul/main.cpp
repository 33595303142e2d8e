// SPDX-License-Identifier: MIT
//
// The command: `simul hello`, `simul --version`.
#include <simul/simul.hpp>

#include <fmt/core.h>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr int usage_error = 2;

simul::task<> say_hello(std::string name)
{
    fmt::print("Sleeping...\n");
    std::fflush(stdout);
    co_await simul::sleep(2s);
    fmt::print("Hello, {}!\n", name);
}

int usage(std::FILE* to)
{
    fmt::print(to, "usage: simul COMMAND\n\n"
                   "  hello [NAME]   waits two seconds without blocking, and greets\n"
                   "  --version      prints the version\n"
                   "  --help         prints this\n");
    return to == stdout ? 0 : usage_error;
}

} // namespace

int main(int count, char** values)
{
    const std::vector<std::string_view> arguments(values + 1, values + count);
    if (arguments.empty())
        return usage(stderr);
    if (arguments[0] == "--version") {
        fmt::print("simul {}\n", simul::version);
        return 0;
    }
    if (arguments[0] == "--help")
        return usage(stdout);
    if (arguments[0] == "hello" && arguments.size() <= 2) {
        simul::run(say_hello(std::string(arguments.size() == 2 ? arguments[1] : "world")));
        return 0;
    }
    fmt::print(stderr, "simul: unknown command or arguments: {}\n", arguments[0]);
    return usage(stderr);
}
