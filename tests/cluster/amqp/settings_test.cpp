// SPDX-License-Identifier: MIT
#include "cluster/amqp/settings.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace simul::cluster::amqp;
using namespace std::chrono_literals;

/// "user:password@host:port vhost"
std::string read(const std::string& url)
{
    try {
        const shared_settings made = read_settings(url, {});
        return made->username + ':' + made->password + '@' + made->peer + ' ' + made->virtual_host +
               (made->tls ? " tls" : "");
    } catch (const simul::error& e) {
        return e.what();
    }
}

TEST(AmqpSettings, WhatIsLeftOutIsAsRabbitMqComes)
{
    EXPECT_EQ(read("amqp://localhost"), "guest:guest@localhost:5672 /");
    EXPECT_EQ(read("amqp://"), "guest:guest@localhost:5672 /");
    EXPECT_EQ(read("amqp://10.0.0.1/"), "guest:guest@10.0.0.1:5672 /");
    EXPECT_EQ(read("amqp://rabbit:5673/jobs"), "guest:guest@rabbit:5673 jobs");
    EXPECT_EQ(read("amqp://bob@rabbit"), "bob:guest@rabbit:5672 /");
    EXPECT_EQ(read("amqps://rabbit"), "guest:guest@rabbit:5671 / tls");
}

TEST(AmqpSettings, ReadsUrlsAsCeleryDoes)
{
    EXPECT_EQ(read("pyamqp://guest@localhost//"), "guest:guest@localhost:5672 /");
    EXPECT_EQ(read("amqp://bob:p%40ss@rabbit:5672/my%2fhost"), "bob:p@ss@rabbit:5672 my/host");
    EXPECT_EQ(read("amqp://localhost/%2f"), "guest:guest@localhost:5672 /");
    EXPECT_EQ(read("amqp://localhost//jobs"), "guest:guest@localhost:5672 /jobs");
}

TEST(AmqpSettings, AHeartbeatInTheUrlCounts)
{
    EXPECT_EQ(read_settings("amqp://localhost", {})->options.heartbeat, 60s);
    EXPECT_EQ(read_settings("amqp://localhost?heartbeat=5", {.heartbeat = 9s})->options.heartbeat, 5s);
    EXPECT_EQ(read_settings("amqp://localhost/?heartbeat=0", {})->options.heartbeat, 0s);
}

TEST(AmqpSettings, SaysWhatIsWrongAndNoPassword)
{
    const std::string expected =
        "; expected amqp://[user:password@]host[:port][/vhost][?heartbeat=seconds] or amqps://...";
    EXPECT_EQ(read("localhost"), "amqp: the URL is none" + expected);
    EXPECT_EQ(read("http://bob:secret@rabbit"), "amqp: the URL has another scheme" + expected);
    EXPECT_EQ(read("amqp://bob:secret@rabbit?ssl=1"), "amqp: the URL has a parameter \"ssl\"" + expected);
    EXPECT_EQ(read("amqp://rabbit?heartbeat=-1"),
              "amqp: the URL has a heartbeat that is no number of seconds" + expected);
    EXPECT_EQ(read("amqp://rabbit?heartbeat=65536"),
              "amqp: the URL has a heartbeat that is no number of seconds" + expected);
    EXPECT_THROW(read_settings("amqp://rabbit", {.heartbeat = -1s}), simul::error);
}

} // namespace
