// SPDX-License-Identifier: MIT
//
// Runs a coroutine as a SIMUL_TEST would, and catches what fails in it.
#pragma once

#include <simul/testing/gtest.hpp>

#include <gtest/gtest-spi.h>

#include <string>
#include <vector>

namespace failures {

using body = simul::task<> (*)();

inline simul::testing::detail::parts_of_test test_of(body run)
{
    return {reinterpret_cast<void*>(run), nullptr, [](void* self) { return reinterpret_cast<body>(self)(); }, nullptr};
}

inline void run(body test, unsigned seeds = 0)
{
    simul::testing::detail::run_test(test_of(test), {simul::backend::sim, seeds, __FILE__, __LINE__});
}

inline std::vector<std::string> failures_of(const simul::testing::detail::parts_of_test& test, unsigned seeds = 0)
{
    ::testing::TestPartResultArray found;
    {
        const ::testing::ScopedFakeTestPartResultReporter instead(
            ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &found);
        ::testing::internal::CaptureStderr(); // the replay lines
        simul::testing::detail::run_test(test, {simul::backend::sim, seeds, __FILE__, __LINE__});
        ::testing::internal::GetCapturedStderr();
    }
    std::vector<std::string> texts;
    for (int i = 0; i < found.size(); ++i)
        if (!found.GetTestPartResult(i).skipped())
            texts.push_back(found.GetTestPartResult(i).message());
    return texts;
}

inline std::vector<std::string> failures_of(body test, unsigned seeds = 0)
{
    return failures_of(test_of(test), seeds);
}

template <class Test> std::string only_failure_of(Test test, unsigned seeds = 0)
{
    const std::vector<std::string> all = failures_of(test, seeds);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? "" : all[0];
}

} // namespace failures
