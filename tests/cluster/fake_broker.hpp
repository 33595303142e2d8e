// SPDX-License-Identifier: MIT
//
// A broker and its results in memory, for tests of clients and workers in virtual time.
//
//     fake_hub hub;
//     fake_broker of_worker(hub), of_client(hub);
//     fake_results kept(hub);
//
// What it shows: hub.queues, hub.dead, hub.stored, hub.answers, hub.events, hub.writes. What it can be told: hub.can_park,
// hub.fail_stores, hub.reachable.
#pragma once

#include "cluster/broker.hpp"
#include "cluster/outcome.hpp"
#include "cluster/results.hpp"

#include <simul/base/error.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/event.hpp>
#include <simul/task/queue.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster_tests {

namespace json = simul::json;
using simul::task;
using simul::cluster::detail::broker;
using simul::cluster::detail::delivery;
using simul::cluster::detail::message;
using simul::cluster::detail::outcome;
using simul::cluster::detail::question;
using simul::cluster::detail::request;
using simul::cluster::detail::results;
using simul::cluster::detail::wall_time;

class fake_broker;
class fake_results;

/// What is outside of all processes.
struct fake_hub {
    struct waiting {
        message content;
        bool redelivered = false;
    };
    struct dead_letter {
        message content;
        std::string queue, reason;
    };
    struct parked {
        message content;
        std::string queue;
        wall_time until;
    };
    struct join {
        std::size_t parts = 0;
        std::map<std::int64_t, outcome> done;
    };
    struct told {
        std::string topic;
        json::value event;
    };

    /// Something may be there now that somebody waits for.
    void wake()
    {
        changed.set();
        changed.clear();
    }
    /// As a client that isn't here sends it.
    void put(const std::string& queue, message what, bool redelivered = false)
    {
        queues[queue].push_back({std::move(what), redelivered});
        wake();
    }
    /// Waits until the job's outcome is this, or final.
    task<outcome> outcome_of(std::string id, std::string status = "")
    {
        for (;;) {
            if (const auto found = stored.find(id); found != stored.end())
                if (status.empty() ? found->second.is_final() : found->second.status == status)
                    co_return found->second;
            co_await changed.wait();
        }
    }
    task<json::value> next_answer()
    {
        while (answers.empty())
            co_await changed.wait();
        json::value first = std::move(answers.front());
        answers.pop_front();
        co_return first;
    }

    std::map<std::string, std::deque<waiting>> queues;
    std::vector<dead_letter> dead;
    std::vector<parked> later;
    std::vector<std::string> acknowledged; ///< ids
    std::map<std::string, outcome> stored;
    std::vector<outcome> history; ///< of what was stored
    std::map<std::string, join> joins;
    std::deque<json::value> answers;
    simul::queue<json::value> answers_to_brokers;
    std::vector<told> events;

    std::set<std::string> worn_out; ///< ids of what kills whoever begins it
    bool can_park = false;
    int fail_stores = 0; ///< so many of the next ones
    std::size_t longest_result = 1 << 20; ///< as JSON
    bool reachable = true; ///< else what is published isn't confirmed; `wake` after a change
    int writes = 0; ///< turns of the loop in which something was published
    simul::event changed;
    std::list<fake_broker*> brokers;
    std::list<fake_results*> clients;
};

class fake_broker final : public broker {
public:
    explicit fake_broker(fake_hub& hub) : hub_(hub) { hub_.brokers.push_back(this); }
    ~fake_broker() override { hub_.brokers.remove(this); }

    const std::string& name() const noexcept override { return name_; }

    task<> publish(std::string_view queue, message what) override
    {
        if (!std::exchange(*publishing_, true)) {
            ++hub_.writes;
            simul::loop::current().call_soon([turn = publishing_] { *turn = false; });
        }
        while (!hub_.reachable)
            co_await hub_.changed.wait();
        hub_.put(std::string(queue), std::move(what));
    }
    task<> broadcast(question what) override
    {
        for (fake_broker* const each : hub_.brokers)
            if (each->listening_)
                each->questions_.try_put(what);
        co_return;
    }

    task<> consume(std::vector<std::string> queues, std::size_t prefetch) override
    {
        consumed_.insert(queues.begin(), queues.end());
        prefetch_ = prefetch;
        hub_.wake();
        co_return;
    }
    task<> stop_consuming(std::string_view queue) override
    {
        if (queue.empty())
            consumed_.clear();
        else
            consumed_.erase(std::string(queue));
        co_return;
    }
    task<delivery> next() override
    {
        for (;;) {
            if (std::optional<delivery> found = take())
                co_return std::move(*found);
            co_await hub_.changed.wait();
        }
    }

    task<bool> begin(delivery& now) override
    {
        now.begun = true;
        co_return !hub_.worn_out.contains(now.content.correlation_id);
    }
    task<> acknowledge(const delivery& done) override
    {
        remove(done);
        hub_.acknowledged.push_back(done.content.correlation_id);
        hub_.wake();
        co_return;
    }
    task<> give_back(const delivery& taken) override
    {
        remove(taken);
        hub_.queues[taken.queue].push_front({taken.content, true});
        hub_.wake();
        co_return;
    }
    task<> bury(const delivery& hopeless, std::string_view reason) override
    {
        remove(hopeless);
        hub_.dead.push_back({hopeless.content, hopeless.queue, std::string(reason)});
        hub_.wake();
        co_return;
    }
    task<bool> park(const delivery& early, wall_time time) override
    {
        if (!hub_.can_park)
            co_return false;
        remove(early);
        hub_.later.push_back({early.content, early.queue, time});
        hub_.wake();
        co_return true;
    }

    task<> listen(std::string) override
    {
        listening_ = true;
        co_return;
    }
    task<question> next_question() override { co_return co_await questions_.get(); }
    task<std::optional<json::value>> ask(question what, simul::duration patience) override
    {
        const bool alone = std::ranges::none_of(hub_.brokers, [this](auto* each) { return each != this && each->listening_; });
        if (alone)
            co_return std::nullopt;
        simul::cluster::detail::answer_to(what, "fake");
        co_await broadcast(std::move(what));
        co_return co_await simul::move_on_after(patience, hub_.answers_to_brokers.get());
    }
    task<> answer(const question& to, json::value what) override
    {
        if (const auto where = simul::cluster::detail::address_of_answer(to); where && where->asker == "fake")
            hub_.answers_to_brokers.try_put(std::move(what));
        else
            hub_.answers.push_back(std::move(what));
        hub_.wake();
        co_return;
    }
    task<> emit(std::string_view topic, const json::value& event, std::string_view) override
    {
        hub_.events.push_back({std::string(topic), event});
        hub_.wake();
        co_return;
    }

    task<> close() override
    {
        while (!held_.empty()) {
            const delivery first = held_.begin()->second;
            co_await give_back(first);
        }
    }

    std::size_t held() const noexcept { return held_.size(); }
    std::size_t prefetch() const noexcept { return prefetch_; }

private:
    std::optional<delivery> take()
    {
        if (held_.size() >= prefetch_)
            return std::nullopt;
        for (const std::string& each : consumed_) {
            auto& waiting = hub_.queues[each];
            if (waiting.empty())
                continue;
            delivery made{std::move(waiting.front().content), each, std::to_string(++tags_), waiting.front().redelivered};
            waiting.pop_front();
            held_.emplace(made.tag, made);
            return made;
        }
        return std::nullopt;
    }
    void remove(const delivery& done)
    {
        if (held_.erase(done.tag) == 0)
            throw simul::error(std::errc::invalid_argument, "a delivery was answered for twice: " + done.content.correlation_id);
    }

    fake_hub& hub_;
    std::string name_ = "fake://memory/0";
    std::set<std::string> consumed_;
    std::size_t prefetch_ = 0;
    std::size_t tags_ = 0;
    std::map<std::string, delivery> held_;
    simul::queue<question> questions_;
    bool listening_ = false;
    std::shared_ptr<bool> publishing_ = std::make_shared<bool>(false); ///< in this turn
};

class fake_results final : public results {
public:
    explicit fake_results(fake_hub& hub) : hub_(hub) { hub_.clients.push_back(this); }
    ~fake_results() override { hub_.clients.remove(this); }

    task<> store(const request& of, const outcome& what) override
    {
        if (hub_.fail_stores > 0) {
            --hub_.fail_stores;
            throw simul::error(std::errc::no_space_on_device, "results: out of memory");
        }
        if (json::dump(what.result).size() > hub_.longest_result)
            throw simul::limit_exceeded("results: too long");
        const auto known = hub_.stored.find(of.id);
        if (known != hub_.stored.end() && known->second.status == "SUCCESS")
            co_return;
        hub_.stored[of.id] = what;
        hub_.history.push_back(what);
        for (fake_results* const each : hub_.clients)
            if (each->expected_.contains(of.id))
                each->outcomes_.try_put(what);
        hub_.wake();
    }
    task<std::optional<outcome>> look(std::string id) override
    {
        const auto known = hub_.stored.find(id);
        co_return known == hub_.stored.end() ? std::nullopt : std::optional(known->second);
    }
    task<std::optional<std::vector<outcome>>> join(const request& part, const outcome& what) override
    {
        fake_hub::join& of = hub_.joins[part.group];
        of.done[part.group_index.value_or(0)] = what;
        if (of.done.size() != of.parts)
            co_return std::nullopt;
        std::vector<outcome> all;
        for (auto& [index, each] : of.done)
            all.push_back(std::move(each));
        hub_.joins.erase(part.group);
        co_return all;
    }

    const std::string& address() const noexcept override { return address_; }
    task<> expect(std::string id) override
    {
        expected_.insert(id);
        if (const auto known = hub_.stored.find(id); known != hub_.stored.end())
            outcomes_.try_put(known->second);
        co_return;
    }
    void forget(std::string_view id) noexcept override { expected_.erase(std::string(id)); }
    task<outcome> next() override { co_return co_await outcomes_.get(); }
    task<> begin_join(std::string group, std::size_t parts) override
    {
        hub_.joins[group].parts = parts;
        co_return;
    }
    task<> close() override { co_return; }

private:
    fake_hub& hub_;
    std::string address_;
    std::set<std::string> expected_;
    simul::queue<outcome> outcomes_;
};

} // namespace cluster_tests
