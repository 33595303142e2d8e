// SPDX-License-Identifier: MIT
//
// Subscriptions, with a server that says what the test wants.
#include <simul/db/redis.hpp>

#include "../task/outcome.hpp"
#include "fake_redis.hpp"

#include <simul/testing/clock.hpp>
#include <simul/testing/gtest.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace redis_tests;
using outcome::error_of;
using outcome::raises;
using simul::task;
using simul::testing::wait_all_blocked;
namespace db = simul::db;
using db::redis;

std::string bulk(std::string_view text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

/// Confirmations and messages, as RESP3 has them, or 2.
std::string frame(char type, std::vector<std::string> words)
{
    std::string text = type + std::to_string(words.size()) + "\r\n";
    for (const std::string& each : words)
        text += each == "1" ? ":1\r\n" : bulk(each);
    return text;
}

/// The client's own connection is the first; this is the script of the others.
template <class Script> auto serve_subscriptions(Script script)
{
    return serve([script = std::move(script)](fake_redis& peer) mutable -> task<> {
        co_await peer.greet();
        if (peer.number == 1)
            co_await peer.next();
        else
            co_await script(peer);
    });
}

std::string text_of(const std::optional<db::redis_message>& message)
{
    return message ? message->channel + ": " + message->payload +
                         (message->pattern.empty() ? "" : " by " + message->pattern)
                   : "the end";
}

SIMUL_TEST(RedisSubscription, GetsMessages)
{
    auto server = serve_subscriptions([](fake_redis& peer) -> task<> {
        EXPECT_EQ(co_await peer.next(), "SUBSCRIBE a b");
        co_await peer.say(frame('>', {"subscribe", "a", "1"}) + frame('>', {"message", "a", "early"}));
        co_await simul::sleep(1s);
        co_await peer.say(frame('>', {"subscribe", "b", "1"}));
        co_await simul::sleep(1s);
        for (const char c : frame('>', {"message", "b", "slow"})) {
            co_await simul::sleep(1ms);
            co_await peer.say({&c, 1});
        }
        EXPECT_EQ(co_await peer.next(), "");
    });
    redis r = co_await redis::connect(here);
    const auto start = simul::now();
    auto news = co_await r.subscribe("a", "b");
    EXPECT_EQ(simul::now() - start, 1s); // when both are confirmed
    EXPECT_EQ(text_of(co_await news.next()), "a: early");
    EXPECT_EQ(text_of(co_await news.next()), "b: slow");
    co_await news.close();
    EXPECT_EQ(text_of(co_await news.next()), "the end");
    EXPECT_TRUE(co_await raises<simul::closed_error>(news.add({"c"})));
}

SIMUL_TEST(RedisSubscription, WorksInVersion2)
{
    auto server = serve([](fake_redis& peer) -> task<> {
        co_await peer.greet_in_2();
        if (co_await peer.next() != "PSUBSCRIBE a.*")
            co_return;
        co_await peer.say(frame('*', {"psubscribe", "a.*", "1"}) + frame('*', {"pmessage", "a.*", "a.b", "hello"}));
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto news = co_await r.psubscribe("a.*");
    EXPECT_EQ(text_of(co_await news.next()), "a.b: hello by a.*");
}

SIMUL_TEST(RedisSubscription, MayGrowAndShrinkWhileSomebodyWaits)
{
    auto server = serve_subscriptions([](fake_redis& peer) -> task<> {
        co_await peer.next();
        co_await peer.say(frame('>', {"subscribe", "a", "1"}));
        EXPECT_EQ(co_await peer.next(), "SUBSCRIBE b c");
        co_await peer.say(frame('>', {"subscribe", "b", "1"}) + frame('>', {"subscribe", "c", "1"}));
        EXPECT_EQ(co_await peer.next(), "UNSUBSCRIBE a");
        co_await peer.say(frame('>', {"unsubscribe", "a", "1"}));
        EXPECT_EQ(co_await peer.next(), "SUBSCRIBE secret");
        co_await peer.say("-NOPERM no permissions\r\n");
        co_await peer.say(frame('>', {"message", "b", "x"}));
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto news = co_await r.subscribe("a");
    auto first = simul::spawn(news.next());
    co_await wait_all_blocked();
    co_await news.add({"b", "c"});
    co_await news.remove({"a"});
    co_await news.add({});
    EXPECT_EQ(co_await error_of(news.add({"secret"})), "redis SUBSCRIBE: NOPERM no permissions");
    EXPECT_EQ(text_of(co_await first), "b: x");
}

SIMUL_TEST(RedisSubscription, SubscribesAgainAndTellsOfTheGap)
{
    auto server = serve_subscriptions([](fake_redis& peer) -> task<> {
        EXPECT_EQ(co_await peer.next(), "SUBSCRIBE a b");
        if (peer.number == 2) {
            co_await peer.say(frame('>', {"subscribe", "a", "1"}) + frame('>', {"subscribe", "b", "1"}));
            EXPECT_EQ(co_await peer.next(), "PSUBSCRIBE p*");
            co_await peer.say(frame('>', {"message", "a", "before"}));
            co_return; // `add` is not confirmed
        }
        EXPECT_EQ(co_await peer.next(), "PSUBSCRIBE p*");
        co_await peer.say(frame('>', {"subscribe", "a", "1"}) + frame('>', {"message", "a", "while"}) +
                          frame('>', {"subscribe", "b", "1"}) + frame('>', {"psubscribe", "p*", "1"}) +
                          frame('>', {"message", "a", "after"}));
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto news = co_await r.subscribe("a", "b");
    co_await news.add_patterns({"p*"});
    EXPECT_EQ(text_of(co_await news.next()), "a: before");
    EXPECT_EQ(text_of(co_await news.next()), "a: while");
    EXPECT_EQ(co_await error_of(news.next()),
              "redis: the connection of this subscription was lost, and messages may have been "
              "missed: 127.0.0.1:6379 closed the connection");
    EXPECT_EQ(text_of(co_await news.next()), "a: after");
}

SIMUL_TEST(RedisSubscription, ARefusalAtTheFirstTimeComesOut)
{
    auto server = serve_subscriptions([](fake_redis& peer) -> task<> {
        co_await peer.next();
        if (peer.number == 2) {
            co_await peer.say("-NOPERM no permissions\r\n");
            co_await peer.next();
        }
        co_await simul::sleep(1h);
    });
    redis r = co_await redis::connect(here);
    EXPECT_EQ(co_await error_of(r.subscribe("a")), "redis SUBSCRIBE: NOPERM no permissions");
    EXPECT_EQ(co_await error_of(r.subscribe("a")), "redis SUBSCRIBE: no reply from 127.0.0.1:6379 in time");
}

SIMUL_TEST(RedisSubscription, WhoDoesNotReadKeepsTheServerWaiting)
{
    constexpr int many = 3000;
    int said = 0;
    auto server = serve_subscriptions([&](fake_redis& peer) -> task<> {
        co_await peer.next();
        co_await peer.say(frame('>', {"subscribe", "a", "1"}));
        for (int i = 0; i < many; ++i) {
            co_await peer.say(frame('>', {"message", "a", std::to_string(i) + std::string(1000, ' ')}));
            ++said;
        }
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto news = co_await r.subscribe("a");
    co_await wait_all_blocked();
    EXPECT_LT(said, many / 2); // the rest isn't with us
    for (int i = 0; i < many; ++i)
        if (auto got = co_await news.next(); std::stoi(got->payload) != i)
            CO_FAIL() << got->payload;
}

SIMUL_TEST(RedisSubscription, ACancelledNextHasTakenNone)
{
    auto server = serve_subscriptions([](fake_redis& peer) -> task<> {
        co_await peer.next();
        co_await peer.say(frame('>', {"subscribe", "a", "1"}));
        co_await simul::sleep(1s);
        co_await peer.say(frame('>', {"message", "a", "x"}));
        co_await peer.next();
    });
    redis r = co_await redis::connect(here);
    auto news = co_await r.subscribe("a");
    auto first = simul::spawn(news.next());
    co_await wait_all_blocked();
    first.cancel();
    EXPECT_EQ(co_await error_of(first), "cancelled");
    EXPECT_EQ(text_of(co_await news.next()), "a: x");

    auto last = simul::spawn(news.next());
    co_await wait_all_blocked();
    {
        auto dropped = std::move(news);
    }
    EXPECT_EQ(text_of(co_await last), "the end");
}

} // namespace
