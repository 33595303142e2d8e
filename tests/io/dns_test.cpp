// SPDX-License-Identifier: MIT
#include <simul/io/dns.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/to_thread.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

/// Where lookups of "slow..." are held.
class slow_server {
public:
    void hold()
    {
        std::unique_lock lock(mutex_);
        most_ = std::max(most_, ++waiting_);
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    /// Until so many are held.
    void wait_for(int number)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= number; });
    }
    int most() const { return most_; }
    void open(bool now)
    {
        const std::lock_guard lock(mutex_);
        open_ = now;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    int most_ = 0;
    bool open_ = false;
};

slow_server server;

} // namespace

// Takes the place of the system's for the names of these tests.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* wanted, addrinfo** found)
{
    static const auto system = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host && std::strncmp(host, "slow", 4) == 0) {
        server.hold();
        host = "127.0.0.1";
    } else if (host && std::strcmp(host, "again") == 0) {
        return EAI_AGAIN;
    } else if (host && std::strcmp(host, "broken") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    return system(host, service, wanted, found);
}

namespace {

using namespace std::chrono_literals;
using simul::address;
using simul::address_family;
using simul::task;
namespace dns = simul::dns;

std::vector<address> addresses(std::initializer_list<const char*> texts)
{
    std::vector<address> read;
    for (const char* text : texts)
        read.push_back(address::parse(text));
    return read;
}

/// What it was asked, in order; answers 192.0.2.7 after a second.
using questions = std::shared_ptr<std::vector<std::string>>;

questions use_slow_resolver()
{
    auto asked = std::make_shared<std::vector<std::string>>();
    dns::use_resolver([asked](std::string host) -> task<std::vector<address>> {
        asked->push_back(host);
        co_await simul::sleep(1s);
        co_return std::vector{address::ip("192.0.2.7", 1)};
    });
    return asked;
}

task<std::string> refusal(std::string host, std::uint16_t port = 80, dns::lookup_options options = {})
{
    try {
        co_await dns::resolve(std::move(host), port, options);
    } catch (const dns::lookup_error& refused) {
        EXPECT_EQ(refused.code().category(), dns::lookup_category());
        co_return refused.what();
    }
    co_return "no error";
}

SIMUL_TEST(Dns, GivesTheAddressesOfAHostWithThePort)
{
    dns::use_hosts({{"example.org", {"2001:db8::1", "192.0.2.1"}}, {"other.example", {"192.0.2.2"}}});
    EXPECT_EQ(co_await dns::resolve("example.org", 443), addresses({"[2001:db8::1]:443", "192.0.2.1:443"}));
    EXPECT_EQ(co_await dns::resolve("example.org", "8080"), addresses({"[2001:db8::1]:8080", "192.0.2.1:8080"}));
    EXPECT_EQ(co_await dns::resolve("other.example", 0), addresses({"192.0.2.2:0"}));
}

SIMUL_TEST(Dns, NeverLooksUpALiteral)
{
    const questions asked = use_slow_resolver();
    const auto before = simul::now();
    EXPECT_EQ(co_await dns::resolve("127.0.0.1", 80), addresses({"127.0.0.1:80"}));
    EXPECT_EQ(co_await dns::resolve("::1", "80"), addresses({"[::1]:80"}));
    EXPECT_EQ(co_await dns::resolve("[::1]", 80), addresses({"[::1]:80"}));
    EXPECT_EQ(co_await refusal("::1", 80, {.family = address_family::ipv4}), "resolve ::1: it has no IPv4 address");
    EXPECT_EQ(simul::now(), before);
    EXPECT_TRUE(asked->empty());
}

SIMUL_TEST(Dns, KeepsToOneFamilyWhenAsked)
{
    dns::use_hosts({{"both.example", {"2001:db8::1", "192.0.2.1"}}, {"six.example", {"2001:db8::6"}}});
    EXPECT_EQ(co_await dns::resolve("both.example", 80, {.family = address_family::ipv4}), addresses({"192.0.2.1:80"}));
    EXPECT_EQ(co_await dns::resolve("both.example", 80, {.family = address_family::ipv6}),
              addresses({"[2001:db8::1]:80"}));
    EXPECT_EQ(co_await refusal("six.example", 80, {.family = address_family::ipv4}),
              "resolve six.example: it has no IPv4 address");
    try {
        co_await dns::resolve("six.example", 80, {.family = address_family::unix_});
        ADD_FAILURE();
    } catch (const simul::error& refused) {
        EXPECT_EQ(refused.code(), std::errc::invalid_argument);
    }
}

SIMUL_TEST(Dns, SaysThatAHostIsNotKnown)
{
    dns::use_hosts({});
    EXPECT_EQ(co_await refusal("nowhere.invalid"),
              "resolve nowhere.invalid: Name or service not known to dns::use_hosts");
    EXPECT_EQ(co_await refusal(""), "resolve : Name or service not known");
    EXPECT_EQ((co_await refusal(std::string("example.org\0.good.example", 25))).substr(0, 19), "resolve example.org");
    EXPECT_FALSE(dns::lookup_error::not_found("x").temporary());
}

SIMUL_TEST(Dns, AsksNobodyRealInVirtualTime)
{
    EXPECT_EQ(co_await dns::resolve("localhost", 80), addresses({"127.0.0.1:80", "[::1]:80"}));
    EXPECT_EQ(co_await refusal("example.org"), "resolve example.org: Name or service not known to dns::use_hosts");
    try {
        co_await dns::resolve("localhost", "http");
        ADD_FAILURE();
    } catch (const dns::lookup_error& refused) {
        EXPECT_STREQ(refused.what(), "resolve localhost: the service \"http\" is not known");
    }
}

SIMUL_TEST(Dns, AsksOnceForManyAtTheSameTime)
{
    const questions asked = use_slow_resolver();
    const auto before = simul::now();
    std::vector<task<std::vector<address>>> lookups;
    for (std::uint16_t port = 1; port <= 50; ++port)
        lookups.push_back(dns::resolve(port % 2 ? "example.org" : "EXAMPLE.org", port));
    const auto found = co_await simul::gather(std::move(lookups));
    for (std::uint16_t port = 1; port <= 50; ++port)
        EXPECT_EQ(found[port - 1u], std::vector{address::ip("192.0.2.7", port)});
    EXPECT_EQ(*asked, std::vector<std::string>{"example.org"});
    EXPECT_EQ(simul::now(), before + 1s);
}

SIMUL_TEST(Dns, ServesTheOthersWhenTheFirstIsCancelled)
{
    const questions asked = use_slow_resolver();
    const auto before = simul::now();
    auto first = simul::spawn(dns::resolve("example.org", 1));
    auto second = simul::spawn(dns::resolve("example.org", 2));
    co_await simul::sleep(500ms);
    first.cancel();
    EXPECT_EQ(co_await second, addresses({"192.0.2.7:2"}));
    EXPECT_TRUE(first.cancelled());
    EXPECT_EQ(simul::now(), before + 1s);
    EXPECT_EQ(asked->size(), 1u);
}

SIMUL_TEST(Dns, EndsAQuestionThatNobodyWaitsForAnyMore)
{
    bool cancelled = false;
    dns::use_resolver([&](std::string) -> task<std::vector<address>> {
        try {
            co_await simul::sleep(1h);
        } catch (const simul::cancelled&) {
            cancelled = true;
            throw;
        }
        co_return {};
    });
    for (int i = 0; i < 2; ++i)
        CO_ASSERT_THROW(co_await simul::timeout(1s, dns::resolve("example.org", 80)), simul::timeout_error);
    co_await simul::yield();
    EXPECT_TRUE(cancelled);
}

SIMUL_TEST(Dns, KeepsAnAnswerForTenSeconds)
{
    const questions asked = use_slow_resolver();
    co_await dns::resolve("example.org", 80);
    const auto answered = simul::now();
    EXPECT_EQ(co_await dns::resolve("Example.Org", 443), addresses({"192.0.2.7:443"}));
    EXPECT_EQ(simul::now(), answered);
    co_await simul::sleep_until(answered + 10s - 1ns);
    co_await dns::resolve("example.org", 80);
    EXPECT_EQ(asked->size(), 1u);
    co_await simul::sleep_until(answered + 10s);
    co_await dns::resolve("example.org", 80);
    EXPECT_EQ(asked->size(), 2u);
    co_await dns::resolve("example.org", 80);
    EXPECT_EQ(asked->size(), 2u);
}

SIMUL_TEST(Dns, KeepsTheYoungestThousand)
{
    int asked = 0;
    dns::use_resolver([&](std::string) -> task<std::vector<address>> {
        ++asked;
        co_return std::vector{address::ip("192.0.2.7", 0)};
    });
    for (int i = 0; i <= 1000; ++i)
        co_await dns::resolve("h" + std::to_string(i), 80);
    EXPECT_EQ(asked, 1001);
    co_await dns::resolve("h1", 80);
    EXPECT_EQ(asked, 1001);
    co_await dns::resolve("h0", 80);
    EXPECT_EQ(asked, 1002);
}

SIMUL_TEST(Dns, DoesNotKeepAFailure)
{
    int asked = 0;
    dns::use_resolver([&](std::string host) -> task<std::vector<address>> {
        if (++asked == 1)
            throw dns::lookup_error::not_found(host);
        if (asked == 2)
            throw std::runtime_error("no answer");
        if (asked == 3)
            co_return {};
        co_return std::vector{address::ip("192.0.2.7", 0)};
    });
    EXPECT_EQ(co_await refusal("example.org"), "resolve example.org: Name or service not known");
    CO_ASSERT_THROW(co_await dns::resolve("example.org", 80), std::runtime_error);
    EXPECT_EQ(co_await refusal("example.org"), "resolve example.org: Name or service not known");
    EXPECT_EQ(co_await dns::resolve("example.org", 80), addresses({"192.0.2.7:80"}));
}

SIMUL_TEST(Dns, GivesAFailureToAllWhoAsked)
{
    dns::use_resolver([](std::string host) -> task<std::vector<address>> {
        co_await simul::sleep(1s);
        throw dns::lookup_error::not_found(host);
    });
    auto [a, b] = co_await simul::gather(refusal("example.org"), refusal("example.org"));
    EXPECT_EQ(a, b);
    EXPECT_EQ(a, "resolve example.org: Name or service not known");
}

SIMUL_TEST(Dns, ForgetsAllWhenAnotherIsAsked)
{
    const questions asked = use_slow_resolver();
    auto late = simul::spawn(dns::resolve("example.org", 80));
    co_await simul::sleep(500ms);
    dns::use_hosts({{"example.org", {"192.0.2.8"}}});
    EXPECT_EQ(co_await dns::resolve("example.org", 80), addresses({"192.0.2.8:80"}));
    EXPECT_EQ(co_await late, addresses({"192.0.2.7:80"})); // by whom it asked
    EXPECT_EQ(co_await dns::resolve("example.org", 80), addresses({"192.0.2.8:80"}));
}

SIMUL_TEST(Dns, AsksTheSystemInVirtualTimeWhenToldTo)
{
    dns::use_system();
    const auto before = simul::now();
    for (const address& each : co_await dns::resolve("localhost", "http")) {
        EXPECT_TRUE(each.is_loopback()) << each.text();
        EXPECT_EQ(each.port(), 80);
    }
    EXPECT_EQ(simul::now(), before);
}

SIMUL_TEST_REAL(Dns, AsksTheSystem)
{
    const auto found = co_await dns::resolve("localhost", 80);
    CO_ASSERT_FALSE(found.empty());
    for (const address& each : found)
        EXPECT_TRUE(each.is_loopback()) << each.text();
    EXPECT_EQ(co_await dns::resolve("localhost", 80, {.family = address_family::ipv4}), addresses({"127.0.0.1:80"}));
    try { // too long to be asked of any server
        co_await dns::resolve(std::string(300, 'x'), 80);
        ADD_FAILURE();
    } catch (const dns::lookup_error& refused) {
        EXPECT_EQ(std::string(refused.what()), "resolve " + std::string(300, 'x') + ": " + refused.code().message());
    }
    try {
        co_await dns::resolve("127.0.0.1", "no-such-service");
        ADD_FAILURE();
    } catch (const dns::lookup_error& refused) {
        EXPECT_STREQ(refused.what(), "resolve 127.0.0.1: the service \"no-such-service\" is not known");
    }
}

SIMUL_TEST(Dns, ReturnsAtOnceWhenCancelledThoughTheSystemGoesOn)
{
    dns::use_system();
    server.open(false);
    auto lookup = simul::spawn(dns::resolve("slow", 80));
    co_await simul::to_thread([] { server.wait_for(1); });
    lookup.cancel();
    CO_ASSERT_THROW(co_await lookup, simul::cancelled);
    server.open(true);
    EXPECT_EQ(co_await dns::resolve("slow", 80), addresses({"127.0.0.1:80"}));
}

SIMUL_TEST_REAL(Dns, LeavesThreadsForOthersWhenServersAreSlow)
{
    server.open(false);
    std::vector<simul::future<std::vector<address>>> lookups;
    for (int i = 0; i < 40; ++i)
        lookups.push_back(simul::spawn(dns::resolve("slow" + std::to_string(i), 80)));
    co_await simul::to_thread([] { server.wait_for(16); });
    for (std::size_t i = 0; i < lookups.size(); i += 2)
        lookups[i].cancel();
    while (!lookups[38].done())
        co_await simul::yield();
    server.open(true);
    for (std::size_t i = 0; i < lookups.size(); ++i) {
        if (i % 2 == 0)
            EXPECT_TRUE(lookups[i].cancelled());
        else
            EXPECT_EQ(co_await lookups[i], addresses({"127.0.0.1:80"}));
    }
    EXPECT_EQ(server.most(), 16);
}

SIMUL_TEST_REAL(Dns, SaysWhyTheSystemHasNoAnswer)
{
    try {
        co_await dns::resolve("again", 80);
        ADD_FAILURE();
    } catch (const dns::lookup_error& failed) {
        EXPECT_STREQ(failed.what(), "resolve again: Temporary failure in name resolution");
        EXPECT_TRUE(failed.temporary());
    }
    try {
        co_await dns::resolve("broken", 80);
        ADD_FAILURE();
    } catch (const dns::lookup_error& failed) {
        EXPECT_STREQ(failed.what(), "resolve broken: Too many open files");
        EXPECT_EQ(failed.code(), std::errc::too_many_files_open);
        EXPECT_FALSE(failed.temporary());
    }
}

TEST(Dns, TakesTheFamiliesInTurn)
{
    EXPECT_EQ(dns::interleave(addresses({"[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"})),
              addresses({"[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"}));
    EXPECT_EQ(dns::interleave(addresses({"1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"})),
              addresses({"1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"}));
    EXPECT_TRUE(dns::interleave({}).empty());
}

} // namespace
