// SPDX-License-Identifier: MIT
//
// FILE_TEST(Suite, Name) { ... dir ... }: a test with a directory for itself, in the files of sim and, as SuiteOfSystem.Name,
// in those of the machine.
#pragma once

#include <simul/io/fs.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/with.hpp>
#include <simul/testing/fault.hpp>
#include <simul/testing/gtest.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace file_tests {

namespace fs = simul::fs;
namespace fault = simul::testing::fault;
using simul::bytes;
using simul::bytes_view;
using simul::task;

/// The errno with which `work` fails; 0 when it doesn't.
template <class T> task<int> errno_of(task<T> work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (const simul::error& e) {
        co_return e.code().value();
    }
    co_return 0;
}

/// What `work` says when it fails.
template <class T> task<std::string> message_of(task<T> work)
{
    try {
        static_cast<void>(co_await std::move(work));
    } catch (const simul::error& e) {
        co_return e.what();
    }
    co_return "nothing was wrong";
}

inline task<std::vector<std::string>> names_in(std::string directory)
{
    std::vector<std::string> names;
    for (const fs::entry& each : co_await fs::list(std::move(directory)))
        names.push_back(each.name);
    co_return names;
}

using names = std::vector<std::string>;

} // namespace file_tests

#define FILE_TEST(suite, name)                                                                                         \
    static ::simul::task<> suite##_##name(const ::simul::fs::temp_directory& dir);                                     \
    SIMUL_TEST(suite, name)                                                                                            \
    {                                                                                                                  \
        co_await ::simul::with(::simul::fs::temp_dir(), suite##_##name);                                               \
    }                                                                                                                  \
    SIMUL_TEST_REAL(suite##OfSystem, name)                                                                             \
    {                                                                                                                  \
        co_await ::simul::with(::simul::fs::temp_dir(), suite##_##name);                                               \
    }                                                                                                                  \
    static ::simul::task<> suite##_##name(const ::simul::fs::temp_directory& dir)
