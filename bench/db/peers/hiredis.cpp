// SPDX-License-Identifier: MIT
//
// hiredis, blocking: it has no tasks, so what 100 of them would ask is a pipeline of 100.
#include "../redis_process.hpp"

#include <cstdio>
#include <cstdlib>
#include <hiredis/hiredis.h>

namespace {

class client {
public:
    explicit client(const bench::redis_process& server) : context_(redisConnectUnix(server.socket().c_str()))
    {
        if (!context_ || context_->err)
            std::abort();
        freeReplyObject(redisCommand(context_, "SET key %s", "value of a usual size"));
    }
    ~client() { redisFree(context_); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    void ask() { redisAppendCommand(context_, "GET %s", "key"); }
    void receive()
    {
        void* reply = nullptr;
        if (redisGetReply(context_, &reply) != REDIS_OK || static_cast<redisReply*>(reply)->type != REDIS_REPLY_STRING)
            std::abort();
        freeReplyObject(reply);
    }
    void many(long n, long at_once)
    {
        for (long done = 0; done < n; done += at_once) {
            for (long i = 0; i < at_once; ++i)
                ask();
            for (long i = 0; i < at_once; ++i)
                receive();
        }
    }

private:
    redisContext* context_;
};

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    const bench::redis_process server;
    client redis(server);
    program.figure("redis_get", 50'000, [&](long n) { return bench::timed([&] { redis.many(n, 1); }) / 1000; });
    program.figure("redis_pipeline_cpu", 500'000,
                   [&](long n) { return bench::own_cpu([&] { redis.many(n, bench::pipeline_size); }) / 1000; });
    program.figure("redis_tasks_cpu", 500'000,
                   [&](long n) { return bench::own_cpu([&] { redis.many(n, bench::tasks_at_once); }) / 1000; });
}
