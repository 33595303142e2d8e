// SPDX-License-Identifier: MIT
//
// What is run, and tested in three ways. The name is any JSON, so that at run time it can be something else than a string;
// say_hello(std::string) would refuse that when it is compiled.
#pragma once

#include <fmt/core.h>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>
#include <simul/text/json.hpp>

#include <cstdio>
#include <stdexcept>

struct type_error : std::invalid_argument {
    using invalid_argument::invalid_argument;
};
struct value_error : std::invalid_argument {
    using invalid_argument::invalid_argument;
};

inline simul::task<> say_hello(simul::json::value name)
{
    if (name.kind() != simul::json::kind::string)
        throw type_error("\"name\" must be a string");
    if (name.string().empty())
        throw value_error("\"name\" cannot be empty");
    fmt::print("Sleeping...\n");
    std::fflush(stdout);
    co_await simul::sleep(std::chrono::seconds(2));
    fmt::print("Hello, {}!\n", name.string());
}
