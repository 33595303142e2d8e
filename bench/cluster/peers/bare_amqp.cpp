// SPDX-License-Identifier: MIT
//
// What RabbitMQ itself needs for the messages of a job: as ../jobs.cpp, by bare messages of the same sizes and promises. A job is
// published and confirmed, and delivered; its result too; then the job is acknowledged. Nobody reads them, and nothing is done.
#include "../../program.hpp"

#include "../../../src/cluster/amqp/connection.hpp"

#include <simul/simul.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

namespace amqp = simul::cluster::amqp;
using simul::future;
using simul::task;

const std::string job(900, 'j');
const std::string result(250, 'r');
const std::string queue = "bench.bare";

/// A result that isn't known to be kept.
struct unconfirmed {
    future<> confirmed;
    std::uint64_t job;
};

task<> acknowledge(amqp::channel& jobs, std::deque<unconfirmed>& results, simul::event& more)
{
    for (;;) {
        while (results.empty()) {
            more.clear();
            co_await more.wait();
        }
        co_await results.front().confirmed;
        std::uint64_t last = 0;
        for (; !results.empty() && results.front().confirmed.done(); results.pop_front())
            last = results.front().job;
        jobs.acknowledge_up_to(last);
    }
}

task<> work(std::string url)
{
    amqp::connection in = co_await amqp::connection::open(url);
    amqp::connection out = co_await amqp::connection::open(url);
    amqp::channel jobs = co_await in.open_channel();
    amqp::channel results = co_await out.open_channel();
    co_await jobs.declare_queue(queue, {.durable = true});
    amqp::consumer taken = co_await jobs.consume(queue, {.prefetch = 100});
    std::deque<unconfirmed> kept;
    simul::event more;
    const future<> acknowledging = simul::spawn(acknowledge(jobs, kept, more));
    std::puts("ready");
    std::fflush(stdout);
    while (const auto got = co_await taken.next()) {
        kept.push_back({results.publish("", got->properties.reply_to, {.delivery_mode = 1}, result, {.mandatory = true}),
                        got->delivery_tag});
        more.set();
    }
}

task<> ask(std::string url, int count, int at_once)
{
    amqp::connection in = co_await amqp::connection::open(url);
    amqp::connection out = co_await amqp::connection::open(url);
    amqp::channel results = co_await in.open_channel();
    amqp::channel jobs = co_await out.open_channel();
    const std::string mine = (co_await results.declare_queue("", {.exclusive = true})).name;
    amqp::consumer taken = co_await results.consume(mine, {.prefetch = 1000});
    std::deque<future<>> confirmed;
    const double start = bench::now_ns();
    for (int done = 0; done < count; ++done) {
        while (static_cast<int>(confirmed.size()) < std::min(count, done + at_once))
            confirmed.push_back(jobs.publish("", queue, {.delivery_mode = 2, .reply_to = mine}, job, {.mandatory = true}));
        const auto got = co_await taken.next();
        results.acknowledge(got->delivery_tag);
    }
    for (future<>& each : confirmed)
        co_await each;
    std::printf("%g 0\n", (bench::now_ns() - start) / 1e3 / count);
}

int main(int argc, char** argv)
{
    if (argc == 3 && std::string_view(argv[1]) == "worker")
        simul::run(work(argv[2]));
    else if (argc == 5)
        simul::run(ask(argv[2], std::atoi(argv[3]), std::atoi(argv[4])));
    else
        return 2;
}
