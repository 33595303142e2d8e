// SPDX-License-Identifier: MIT
//
// Client and worker as users have them, at a Redis of their own.
#include "../db/redis_server.hpp"
#include "../io/tls_fixture.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/cluster/this_job.hpp>
#include <simul/cluster/worker.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>

#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace cluster = simul::cluster;

int add(int x, int y)
{
    return x + y;
}
int total(const std::vector<int>& numbers)
{
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}
int half(int n)
{
    if (n % 2 != 0)
        throw std::invalid_argument(std::to_string(n) + " is odd");
    return n / 2;
}
void doze()
{
    std::this_thread::sleep_for(1h);
}
int count(int to)
{
    for (int i = 0; i < to; ++i) {
        cluster::this_job::progress(i);
        std::this_thread::sleep_for(20ms);
    }
    return to;
}
const cluster::job<&add> add_job{"app_redis.add", {"x", "y"}};
const cluster::job<&total> total_job{"app_redis.total"};
const cluster::job<&half> half_job{"app_redis.half"};
const cluster::job<&doze> doze_job{"app_redis.doze"};
const cluster::job<&count> count_job{"app_redis.count"};

/// `test(app, server)`, with a worker while it runs.
simul::task<> with_worker(redis_tests::redis_server& server, std::string url, simul::tls::client_options tls, auto test)
{
    auto worker = simul::spawn(cluster::run_worker(url, {.concurrency = 2, .tls = tls}));
    {
        cluster::app app(url, {.tls = tls});
        co_await simul::timeout(20s, test(app, server));
        co_await app.close();
    }
    worker.cancel();
    try {
        co_await worker;
    } catch (const simul::cancelled&) {
        // As it was asked to.
    }
}

/// The same at a Redis of its own.
simul::task<> with_workers(auto test)
{
    redis_tests::redis_server server = co_await redis_tests::redis_server::start({"--appendonly", "yes"});
    co_await with_worker(server, server.url(), {}, test);
}

#define SKIP_WITHOUT_REDIS()                                                                                           \
    if (!redis_tests::have_redis())                                                                                    \
    CO_SKIP() << "there is no redis-server"

SIMUL_TEST_REAL(AppOnRedis, DoesJobsMapsAndWorkflows)
{
    SKIP_WITHOUT_REDIS();
    co_await with_workers([](cluster::app& app, auto&) -> simul::task<> {
        EXPECT_EQ(co_await app.submit(add_job, 2, 3), 5);
        EXPECT_EQ(co_await app.map(half, std::vector<int>{2, 4, 6, 8}, {.chunk = 3}), (std::vector<int>{1, 2, 3, 4}));
        EXPECT_EQ(co_await app.submit(
                      cluster::chain(cluster::call(add_job, 1, 3), cluster::call(half), cluster::call(add_job, 5))),
                  7);
        EXPECT_EQ(co_await app.submit(cluster::group(cluster::call(add, 1, 2), cluster::call(half, 8))),
                  std::tuple(3, 4));
        EXPECT_EQ(co_await app.submit(
                      cluster::chord(cluster::group(std::vector{cluster::call(add, 1, 2), cluster::call(add, 3, 4)}),
                                     cluster::call(total_job))),
                  10);
        const std::string id = co_await app.publish(add_job, 20, 1);
        EXPECT_EQ(co_await app.result<int>(id), 21);
        EXPECT_EQ(co_await app.result<int>(id), 21); // it is there before anybody waits for it
        EXPECT_EQ(co_await app.submit({.id = id}, add_job, 1, 1), 21); // done once
    });
}

SIMUL_TEST_REAL(AppOnRedis, TellsErrorsAndProgressAndCallsBack)
{
    SKIP_WITHOUT_REDIS();
    co_await with_workers([](cluster::app& app, auto&) -> simul::task<> {
        std::string why;
        try {
            co_await app.submit(cluster::chain(cluster::call(add_job, 1, 2), cluster::call(half), cluster::call(half)));
        } catch (const std::invalid_argument& e) {
            why = e.what();
        }
        EXPECT_EQ(why, "3 is odd");

        std::vector<std::string> told;
        EXPECT_EQ(co_await app.submit(
                      {.on_progress = [&](const cluster::progress& p) { told.push_back(simul::json::dump(p.value)); }},
                      count_job, 3),
                  3);
        EXPECT_FALSE(told.empty());

        auto asleep = app.submit(doze_job);
        auto also = app.submit(doze_job);
        co_await simul::sleep(100ms); // both processes are busy
        asleep.cancel();
        also.cancel();
        EXPECT_EQ(co_await app.submit(add_job, 1, 1), 2); // there is one again
    });
}

SIMUL_TEST_REAL(AppOnRedis, GoesOverTls)
{
    SKIP_WITHOUT_REDIS();
    using simul::testing::data_file;
    const std::string port = std::to_string(simul::tcp::listen("127.0.0.1:0").local().port()); // free again
    auto server = co_await redis_tests::redis_server::start(
        {"--tls-port", port, "--bind", "127.0.0.1", "--tls-cert-file", data_file("server.pem"), "--tls-key-file",
         data_file("server.key"), "--tls-ca-cert-file", data_file("authority.pem"), "--tls-auth-clients", "no"});
    const std::string url = "rediss://localhost:" + port;
    co_await with_worker(server, url, simul::testing::trusting_client(), [](cluster::app& app, auto&) -> simul::task<> {
        EXPECT_EQ(co_await app.submit(add_job, 2, 3), 5);
        EXPECT_EQ(co_await app.submit(cluster::chain(cluster::call(add_job, 1, 3), cluster::call(half))), 2);
    });

    cluster::app of_a_stranger(url, {.publish_timeout = 100ms}); // who doesn't know the authority
    std::string why;
    try {
        co_await of_a_stranger.submit(add_job, 2, 3);
    } catch (const simul::error& e) {
        why = e.what();
    }
    EXPECT_NE(why.find("certificate"), std::string::npos) << why;
}

SIMUL_TEST_REAL(AppOnRedis, OutlivesItsBroker)
{
    SKIP_WITHOUT_REDIS();
    co_await with_workers([](cluster::app& app, redis_tests::redis_server& server) -> simul::task<> {
        EXPECT_EQ(co_await app.submit(add_job, 2, 3), 5);
        std::vector<simul::future<int>> all;
        for (int i = 0; i < 50; ++i)
            all.push_back(app.submit(add_job, i, i));
        co_await server.kill();
        for (int i = 50; i < 100; ++i)
            all.push_back(app.submit(add_job, i, i));
        co_await simul::sleep(50ms);
        co_await server.run();
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(co_await all[i], 2 * i);
    });
}

} // namespace
