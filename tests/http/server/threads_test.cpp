// SPDX-License-Identifier: MIT
//
// On the real system: several loops, pools.
#include "site.hpp"

#include <simul/run/run.hpp>
#include <simul/task/timeout.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace {

using namespace site;

/// A port that was free a moment ago.
simul::address free_place()
{
    return simul::tcp::listen("127.0.0.1:0").local();
}

task<> serve_with_threads(std::size_t threads)
{
    http::server site;
    std::mutex mutex;
    std::set<std::thread::id> ran_in;
    site.get("/", [&](request&) {
        const std::lock_guard lock(mutex);
        ran_in.insert(std::this_thread::get_id());
        return "hello";
    });
    site.get("/throws", [](request&) -> response { throw simul::error(std::errc::io_error, "broken"); });
    const simul::address at = free_place();
    auto serving = simul::spawn(site.serve({.at = at.text(), .threads = threads}));
    for (int tries = 0; tries < 1000; ++tries) {
        try {
            EXPECT_EQ(co_await ask(at, get_root), hello);
            break;
        } catch (const simul::error&) { // not there yet
        }
        co_await simul::sleep(5ms);
    }
    for (int i = 0; i < 100 && ran_in.size() < threads; ++i)
        EXPECT_EQ(co_await ask(at, get_root), hello);
    EXPECT_EQ(ran_in.size(), threads);
    EXPECT_TRUE((co_await ask(at, "GET /throws HTTP/1.1$Host: a$$")).starts_with("HTTP/1.1 500 "));
    client idle = co_await client::connect(at);
    EXPECT_EQ(co_await idle.hear(get_root), hello);
    site.stop();
    EXPECT_EQ(co_await idle.hear_out(), "");
    co_await std::move(serving);
    idle.peer.abort();
}

SIMUL_TEST_REAL(ServerThreads, ServeAtOnePortAndStopTogether)
{
    co_await serve_with_threads(2);
    EXPECT_EQ(simul::testing::problems().size(), 1u); // reported here, whichever loop it was
}

SIMUL_TEST_REAL(ServerThreads, AreStoppedWhenOneCannotListen)
{
    http::server site;
    auto door = simul::tcp::listen("127.0.0.1:0");
    CO_ASSERT_THROW(co_await site.serve({.at = door.local().text(), .threads = 2}), simul::error);
    CO_ASSERT_THROW(co_await site.serve({.door = std::move(door), .threads = 2}), simul::error);
}

TEST(ServerThreads, AThreadPoolsConnectionsHaveLoopsOfTheirOwn)
{
    http::server site;
    site.get("/", say_hello);
    simul::run(
        [&]() -> task<> {
            const simul::address at = free_place();
            auto serving = simul::spawn(site.serve(at.text()));
            std::string got;
            for (int tries = 0; tries < 1000 && got.empty(); ++tries) {
                try {
                    got = co_await ask(at, get_root);
                } catch (const simul::error&) {
                }
                co_await simul::sleep(5ms);
            }
            EXPECT_EQ(got, hello);
            site.stop();
            co_await std::move(serving);
        },
        {.threads = 2});
}

} // namespace
