// SPDX-License-Identifier: MIT
//
// Brokers that aren't there, come late, or don't answer.
#include "app_fixture.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace cluster_tests {
namespace {

using namespace std::chrono_literals;
using namespace simul::cluster::detail;
namespace cluster = simul::cluster;

using AppLoss = app_test;

/// Lets the first attempts to connect fail.
app_parts refusing(const std::shared_ptr<fake_hub>& hub, simul::error why, simul::time_point until = simul::never)
{
    app_parts parts = parts_in(hub);
    parts.connect = [hub, why, until]() -> task<std::unique_ptr<broker>> {
        if (simul::now() < until)
            throw simul::error(why);
        co_return std::make_unique<fake_broker>(*hub);
    };
    return parts;
}

SIMUL_TEST_F(AppLoss, WaitsForABrokerThatIsNotThereYet)
{
    made = std::make_unique<cluster::app>(
        "fake://memory/0", options,
        refusing(hub, {std::errc::connection_refused, "connect: Connection refused"}, simul::now() + 20s));
    auto worker = simul::spawn(serve(hub));
    EXPECT_EQ(co_await app().submit(add_job, 2, 3), 5);
}

SIMUL_TEST_F(AppLoss, SaysWhyNothingWasPublished)
{
    made = std::make_unique<cluster::app>(
        "fake://memory/0", options, refusing(hub, {std::errc::connection_refused, "connect: Connection refused"}));
    const auto before = simul::now();
    EXPECT_EQ(co_await error_from<cluster::broker_lost>(app().submit(add_job, 2, 3)),
              "cluster fake://memory/0: app.add: not published for 30 s: connect: Connection refused");
    EXPECT_EQ(simul::now() - before, 30s);
    // And tries again for the next one.
    EXPECT_NE(co_await error_from<cluster::broker_lost>(app().submit(add_job, 2, 3)), "");
}

SIMUL_TEST_F(AppLoss, GivesUpAtOnceOnWhatWillNeverWork)
{
    made = std::make_unique<cluster::app>("fake://memory/0", options,
                                          refusing(hub, {std::errc::invalid_argument, "no such database: 99"}));
    EXPECT_EQ(co_await error_from<simul::error>(app().submit(add_job, 2, 3)), "no such database: 99");
}

SIMUL_TEST_F(AppLoss, FailsWhatIsNotConfirmedInTime)
{
    options.publish_timeout = 5s;
    hub->reachable = false;
    EXPECT_EQ(co_await error_from<cluster::broker_lost>(app().submit(add_job, 2, 3)),
              "cluster fake://memory/0: app.add: not published for 5 s: the broker doesn't answer");
}

SIMUL_TEST_F(AppLoss, HoldsWhatIsSubmittedMeanwhile)
{
    constexpr int many = 1'000;
    made = std::make_unique<cluster::app>(
        "fake://memory/0", options,
        refusing(hub, {std::errc::connection_refused, "connect: Connection refused"}, simul::now() + 20s));
    std::vector<simul::future<int>> all;
    for (int i = 0; i < many; ++i)
        all.push_back(app().submit(twice_job, i));
    co_await simul::sleep(19s);
    auto worker = simul::spawn(serve(hub));
    for (int i = 0; i < many; ++i)
        EXPECT_EQ(co_await all[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_EQ(hub->writes, 1);
}

SIMUL_TEST_F(AppLoss, PublishesAndTellsWhenTheBrokerHasIt)
{
    hub->reachable = false;
    auto published = app().publish({.ignore_result = true}, add_job, 1, 2);
    co_await simul::sleep(1s);
    EXPECT_FALSE(published.done());
    hub->reachable = true;
    hub->wake();
    const std::string id = co_await published;
    const request job = co_await sent();
    EXPECT_EQ(job.id, id);
    EXPECT_TRUE(job.ignore_result);
}

} // namespace
} // namespace cluster_tests
