// SPDX-License-Identifier: MIT
//
// An app over a broker in memory, and a worker that does what it is told to.
#pragma once

#include "fake_broker.hpp"

#include "cluster/app_core.hpp"
#include "cluster/outcome.hpp"
#include "cluster/request.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/task/spawn.hpp>
#include <simul/testing/gtest.hpp>

#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace cluster_tests {

inline int add(int x, int y) { return x + y; }
inline int twice(int n) { return 2 * n; }
inline std::string greet(const std::string& name) { return "hello " + name; }
inline void nothing() {}
inline int total(const std::vector<int>& numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}

inline const simul::cluster::detail::any_job& job_called(const std::string& name)
{
    const auto* const found = simul::cluster::detail::any_job::find(name);
    if (!found)
        throw simul::cluster::unknown_job(name);
    return *found;
}
inline json::value call(const request& job)
{
    if (job.task != "celery.map")
        return job_called(job.task).run(job.args, job.kwargs);
    json::array all;
    for (const json::value& each : job.kwargs.find("it")->elements())
        all.push_back(job_called((*job.kwargs.find("task"))["task"].string()).run({each}, {}));
    return all;
}

/// A worker: does what comes into the queue "celery", one after the other, as the jobs of this program do it.
inline task<> serve(std::shared_ptr<fake_hub> hub)
{
    fake_broker jobs(*hub);
    fake_results kept(*hub);
    co_await jobs.consume({"celery"}, 1000);
    for (;;) {
        const delivery taken = co_await jobs.next();
        const request job = simul::cluster::detail::read_request(taken.content);
        outcome done;
        try {
            done = simul::cluster::detail::succeeded(job, call(job));
        } catch (...) {
            done = simul::cluster::detail::failed(job, std::current_exception());
        }
        co_await kept.store(job, done);
        co_await jobs.acknowledge(taken);
    }
}

/// What an app is given to be in memory. `connect` may be replaced.
inline simul::cluster::detail::app_parts parts_in(const std::shared_ptr<fake_hub>& hub)
{
    simul::cluster::detail::app_parts parts;
    parts.connect = [hub]() -> task<std::unique_ptr<broker>> { co_return std::make_unique<fake_broker>(*hub); };
    parts.connect_results = [hub](broker&) -> task<std::unique_ptr<results>> { co_return std::make_unique<fake_results>(*hub); };
    parts.on_this_loop = true;
    return parts;
}

/// What `wait` throws, as a text; empty when it throws nothing.
template <class E, class T> task<std::string> error_from(simul::future<T> wait)
{
    try {
        co_await std::move(wait);
    } catch (const E& e) {
        co_return e.what();
    }
    co_return "";
}

/// A test with an app. Jobs are there while it runs, as other tests have some of these names.
struct app_test : testing::Test {
    const simul::cluster::job<&add> add_job{"app.add", {"x", "y"}};
    const simul::cluster::job<&twice> twice_job{"app.twice"};
    const simul::cluster::job<&greet> greet_job{"app.greet", {"name"}};
    const simul::cluster::job<&nothing> nothing_job{"app.nothing"};
    const simul::cluster::job<&total> total_job{"app.total"};

    std::shared_ptr<fake_hub> hub = std::make_shared<fake_hub>();
    simul::cluster::app_options options = {};
    std::unique_ptr<simul::cluster::app> made;

    /// Made with `options` when it is first asked for.
    simul::cluster::app& app()
    {
        if (!made)
            made = std::make_unique<simul::cluster::app>("fake://memory/0", options, parts_in(hub));
        return *made;
    }
    task<> async_tear_down()
    {
        if (made)
            co_await made->close();
    }

    /// What was sent to a queue, when it is there.
    task<request> sent(std::string queue = "celery", std::size_t index = 0)
    {
        while (hub->queues[queue].size() <= index)
            co_await hub->changed.wait();
        co_return simul::cluster::detail::read_request(hub->queues[queue][index].content);
    }
    /// Says what became of a job.
    task<> tell(const request& job, outcome what)
    {
        fake_results worker(*hub);
        co_await worker.store(job, std::move(what));
    }
};

} // namespace cluster_tests
