// SPDX-License-Identifier: MIT
//
// Where no worker runs it; what it is where one does, is in worker_test.cpp.
#include <simul/cluster/this_job.hpp>

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

namespace this_job = simul::cluster::this_job;

TEST(ThisJob, IsNoneWhereNoWorkerRunsIt)
{
    EXPECT_FALSE(this_job::running());
    EXPECT_EQ(this_job::id(), "");
    EXPECT_EQ(this_job::name(), "");
    EXPECT_EQ(this_job::retries(), 0U);
}

TEST(ThisJob, TellsNobodyWhereNoWorkerRunsIt)
{
    EXPECT_NO_THROW(this_job::progress(1));
}

TEST(ThisJob, IsNotBegunAgainWhereNoWorkerRunsIt)
{
    EXPECT_THROW(this_job::retry(std::chrono::seconds(1)), simul::invalid_state);
}

} // namespace
