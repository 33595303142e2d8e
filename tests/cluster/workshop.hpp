// SPDX-License-Identifier: MIT
//
// A worker at a fake broker, in virtual time, and who sends it jobs.
//
//     workshop at;
//     outcome done = co_await at.run({.task = "tests.add", .args = {2, 3}});
//     co_await at.close();
#pragma once

#include "fake_broker.hpp"

#include "cluster/request.hpp"
#include "cluster/worker/worker.hpp"

#include <simul/task/spawn.hpp>
#include <simul/testing/clock.hpp>

#include <string>
#include <utility>

namespace cluster_tests {

using simul::cluster::worker_options;

class workshop {
public:
    explicit workshop(worker_options options = {}) : by(hub), to(hub)
    {
        if (options.name.empty())
            options.name = "w1@here";
        if (options.concurrency == 0)
            options.concurrency = 1;
        worker = simul::spawn(simul::cluster::detail::work(std::move(options), by, &to));
    }

    /// Sends it; returns its id.
    std::string send(request what, std::string queue = "celery")
    {
        if (what.id.empty())
            what.id = "job-" + std::to_string(++sent_);
        hub.put(queue, simul::cluster::detail::write_request(what));
        return what.id;
    }
    task<outcome> run(request what)
    {
        const std::string id = send(std::move(what));
        return hub.outcome_of(id);
    }
    /// Lets the job get as far as it can.
    task<> settle() { return simul::testing::wait_all_blocked(); }

    task<json::value> ask(std::string method, json::object arguments = {})
    {
        question asked;
        asked.body = json::object{{"method", method},
                                  {"arguments", std::move(arguments)},
                                  {"destination", nullptr},
                                  {"reply_to", json::object{{"exchange", "reply.celery.pidbox"}, {"routing_key", "me"}}},
                                  {"ticket", "t"}};
        co_await settle(); // it may only have begun
        co_await by.broadcast(std::move(asked));
        json::value answer = co_await hub.next_answer();
        co_return answer["w1@here"];
    }
    /// An order, without an answer.
    task<> tell(std::string method, json::object arguments = {}, json::value destination = nullptr)
    {
        question asked;
        asked.body =
            json::object{{"method", method}, {"arguments", std::move(arguments)}, {"destination", std::move(destination)}};
        co_await settle();
        co_await by.broadcast(std::move(asked));
    }

    /// Its end, in order.
    task<> close()
    {
        co_await tell("shutdown");
        co_await std::move(worker);
    }

    fake_hub hub;
    fake_broker by;
    fake_results to;
    simul::future<> worker;

private:
    int sent_ = 0;
};

inline std::string type_of(const outcome& failed)
{
    return failed.result["exc_type"].string();
}
inline std::string message_of(const outcome& failed)
{
    return failed.result["exc_message"][0].string();
}

} // namespace cluster_tests
