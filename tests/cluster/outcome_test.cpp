// SPDX-License-Identifier: MIT
#include "captures.hpp"

#include "cluster/outcome.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/cluster/job.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace simul::cluster::detail;
using simul::cluster::job_failed;
namespace json = simul::json;

const request job{.task = "tasks.add", .id = "1", .parent_id = "0", .group = "g"};

TEST(Outcome, IsReadAndWrittenAsCeleryDoes)
{
    std::istringstream lines(cluster_tests::captured("results.jsonl"));
    int read = 0;
    for (std::string line; std::getline(lines, line); ++read) {
        json::value original = json::parse(line);
        json::value again = json::parse(write_outcome(read_outcome(line)));
        EXPECT_NE(again["date_done"].string(), "");
        again["date_done"] = original["date_done"];
        EXPECT_EQ(again, original) << line;
    }
    EXPECT_EQ(read, 5);
}

TEST(Outcome, OfASuccessHasTheValueAndWhereItBelongs)
{
    const outcome done = succeeded(job, 5);
    EXPECT_TRUE(done.is_final());
    const json::value written = json::parse(write_outcome(done));
    EXPECT_EQ(written["status"].string(), "SUCCESS");
    EXPECT_EQ(written["result"], json::value(5));
    EXPECT_EQ(written["group_id"].string(), "g");
    EXPECT_EQ(written["parent_id"].string(), "0");
    EXPECT_EQ(error_of(done), nullptr);
}

template <class E> std::string type_of(const E& thrown)
{
    return failed(job, std::make_exception_ptr(thrown)).result["exc_type"].string();
}

TEST(Outcome, NamesErrorsAsPythonDoes)
{
    EXPECT_EQ(type_of(std::invalid_argument("bad")), "ValueError");
    EXPECT_EQ(type_of(std::out_of_range("bad")), "IndexError");
    EXPECT_EQ(type_of(std::bad_alloc()), "MemoryError");
    EXPECT_EQ(type_of(std::overflow_error("bad")), "OverflowError");
    EXPECT_EQ(type_of(std::range_error("bad")), "RuntimeError");
    EXPECT_EQ(type_of(simul::cluster::argument_error("bad")), "TypeError");
    EXPECT_EQ(type_of(simul::cluster::unknown_job("bad")), "NotRegistered");
    EXPECT_EQ(type_of(simul::timeout_error("bad")), "TimeLimitExceeded");
    EXPECT_EQ(type_of(simul::worker_died(1, 9, 0, "job", "bad")), "WorkerLostError");
    EXPECT_EQ(type_of(job_failed("bad", "KeyError", "builtins", "")), "KeyError");
    EXPECT_EQ(type_of(std::bad_cast()), "std::bad_cast");
    EXPECT_EQ(type_of(3), "int");
    EXPECT_EQ(type_of(simul::cancelled()), "TaskRevokedError");
}

template <class E> std::string comes_back(const E& thrown)
{
    const outcome there = failed(job, std::make_exception_ptr(thrown));
    try {
        std::rethrow_exception(error_of(read_outcome(write_outcome(there))));
    } catch (const E& e) {
        return e.what();
    }
    return "";
}

TEST(Outcome, GivesTheErrorBackThatWasThrown)
{
    EXPECT_EQ(comes_back(std::invalid_argument("bad")), "bad");
    EXPECT_EQ(comes_back(std::out_of_range("bad")), "bad");
    EXPECT_EQ(comes_back(simul::timeout_error("bad")), "bad");
    EXPECT_EQ(comes_back(simul::cluster::argument_error("bad")), "bad");
    EXPECT_NO_THROW(comes_back(std::bad_alloc()));
    EXPECT_EQ(comes_back(simul::worker_died(1, 9, 0, "job", "bad")), "bad");
}

TEST(Outcome, OfAPythonErrorIsJobFailed)
{
    const outcome there =
        read_outcome(R"({"task_id": "7", "status": "FAILURE", "traceback": "Traceback...", "children": null,
        "result": {"exc_type": "HTTPError", "exc_message": ["no", 404], "exc_module": "requests"}})");
    try {
        std::rethrow_exception(error_of(there));
    } catch (const job_failed& e) {
        EXPECT_EQ(e.type(), "HTTPError");
        EXPECT_EQ(e.module(), "requests");
        EXPECT_EQ(e.traceback(), "Traceback...");
        EXPECT_STREQ(e.what(), "cluster: job 7: HTTPError: no, 404");
    }
}

TEST(Outcome, OfARevokedJobIsJobRevoked)
{
    const outcome there = revoked(job, "terminated");
    EXPECT_TRUE(there.is_final());
    EXPECT_THROW(std::rethrow_exception(error_of(there)), simul::cluster::job_revoked);
}

TEST(Outcome, RefusesWhatIsNone)
{
    for (const std::string_view bad :
         {"", "3", "{}", R"({"task_id": "1"})", R"({"status": "SUCCESS"})", R"({"task_id": 1, "status": "X"})"})
        EXPECT_THROW(read_outcome(bad), simul::error) << bad;
}

TEST(Outcome, MayHaveAnyShapeOfError)
{
    for (const std::string_view odd :
         {R"({"task_id": "1", "status": "FAILURE", "result": "broken"})",
          R"({"task_id": "1", "status": "FAILURE", "result": null})",
          R"({"task_id": "1", "status": "FAILURE", "result": {"exc_type": 3, "exc_message": {"a": 1}}})"})
        EXPECT_NE(error_of(read_outcome(odd)), nullptr) << odd;
}

} // namespace
