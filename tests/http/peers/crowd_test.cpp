// SPDX-License-Identifier: MIT
//
// Many clients at once, good and bad, at our server.
#include "peers.hpp"

#include <simul/http/client.hpp>
#include <simul/http/server.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>

#include <algorithm>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace {

using namespace peers;
namespace http = simul::http;

class crowded_site {
public:
    explicit crowded_site(http::server_options how = {}) : server_(std::move(how))
    {
        server_.get("/", [](http::request&) { return "hello"; });
        simul::listener door = simul::tcp::listen("127.0.0.1:0");
        at = door.local();
        serving_ = simul::spawn(server_.serve({.door = std::move(door)}));
    }
    std::string url() const { return "http://" + at.text() + "/"; }
    task<> close()
    {
        server_.stop();
        co_await std::move(serving_);
    }

    simul::address at;

private:
    http::server server_;
    simul::future<> serving_;
};

SIMUL_TEST_REAL(Crowd, WrkGetsNothingButAnswers)
{
    crowded_site ours;
    const bytes report = co_await simul::output_of({"wrk", "-t1", "-c32", "-d1s", ours.url()});
    EXPECT_EQ(report.find("Socket errors"), bytes::npos) << report;
    EXPECT_EQ(report.find("Non-2xx"), bytes::npos) << report;
    EXPECT_NE(report.find(" requests in "), bytes::npos) << report;
    EXPECT_EQ(report.find("\n  0 requests"), bytes::npos) << report;
    co_await ours.close();
}

/// Raises the limit of descriptors as far as we may; says how many that is.
std::size_t most_descriptors()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/// Sends half a head, and says what came until the server closed.
task<std::string> linger(simul::address at)
{
    simul::stream peer = co_await simul::tcp::connect(at);
    co_await peer.write("GET / HTTP/1.1\r\nHost: ");
    std::string got;
    try {
        got = co_await peer.read_all();
    } catch (const simul::error&) { // a reset is as good
        got = "reset";
    }
    co_return got;
}

SIMUL_TEST_REAL(Crowd, AThousandWhoNeverEndTheirRequestAreClosedWhileOthersAreServed)
{
    const std::size_t crowd = std::min<std::size_t>(1000, (most_descriptors() - 100) / 2);
    crowded_site ours({.connections = 2000, .head = 1s});
    std::vector<task<std::string>> lingering;
    for (std::size_t i = 0; i < crowd; ++i)
        lingering.push_back(linger(ours.at));
    auto all = simul::spawn(simul::gather(std::move(lingering)));
    http::client web({.keep_alive = 0s});
    int served = 0;
    while (!all.done()) {
        EXPECT_EQ((co_await web.get(ours.url())).text(), "hello");
        ++served;
        co_await simul::sleep(20ms);
    }
    EXPECT_GT(served, 0);
    for (const std::string& each : co_await std::move(all))
        EXPECT_TRUE(each.empty() || each == "reset" || each.starts_with("HTTP/1.1 408 ")) << each;
    co_await ours.close();
}

SIMUL_TEST_REAL(Crowd, AThousandConnectionsAtOnce)
{
    const std::size_t crowd = std::min<std::size_t>(1000, (most_descriptors() - 100) / 2);
    crowded_site ours({.connections = 2000});
    std::vector<simul::stream> open;
    for (std::size_t i = 0; i < crowd; ++i)
        open.push_back(co_await simul::tcp::connect(ours.at));
    for (int round = 0; round < 2; ++round) {
        for (simul::stream& each : open)
            co_await each.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        for (simul::stream& each : open) {
            const bytes head = co_await each.read_until("\r\n\r\n");
            EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n"));
            EXPECT_EQ(co_await each.read_exactly(5), "hello");
        }
    }
    co_await ours.close(); // those that are idle are closed
    for (simul::stream& each : open)
        EXPECT_EQ(co_await each.read_all(), "");
}

} // namespace
