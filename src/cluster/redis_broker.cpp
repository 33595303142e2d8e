// SPDX-License-Identifier: MIT
#include "redis_broker.hpp"

#include "redis/envelope.hpp"
#include "redis/intake.hpp"
#include "redis/link.hpp"
#include "redis/unacked.hpp"

#include <simul/cluster/errors.hpp>
#include <simul/task/timeout.hpp>

#include <optional>
#include <utility>

namespace simul::cluster::detail {
namespace {

using namespace std::chrono_literals;
using redis::intake;
using redis::shared_link;

/// Events are for now.
constexpr duration event_patience = 1s;
/// For a server that may be gone when all is over.
constexpr duration closing_patience = 5s;

std::string write_message(json::object headers, const json::value& body, redis::address to, bool durable)
{
    return redis::write_envelope({.headers = std::move(headers), .body = json::dump(body), .durable = durable}, to,
                                 new_id());
}

class redis_broker final : public broker {
public:
    redis_broker(shared_link to, const broker_options& options)
        : link_(std::move(to)),
          cap_(options.delivery_cap),
          intake_(std::make_shared<intake>(link_, options.visibility_timeout))
    {
    }
    ~redis_broker() override { intake_->end(); }

    const std::string& name() const noexcept override { return link_->name; }
    std::uint64_t reconnects() const noexcept override { return intake_->losses(); }

    task<> publish(std::string_view queue, message what) override
    {
        std::string list = link_->names.list(queue, what.priority.value_or(0));
        return send(link_, "LPUSH", std::move(list),
                    redis::write_envelope(std::move(what), {.routing_key = std::string(queue)}, new_id()));
    }
    task<> broadcast(question what) override
    {
        return send(
            link_, "PUBLISH", link_->names.channel(questions_exchange),
            write_message(std::move(what.headers), what.body, {.exchange = std::string(questions_exchange)}, true));
    }

    task<> consume(std::vector<std::string> queues, std::size_t prefetch) override
    {
        return intake_->consume(std::move(queues), prefetch);
    }
    task<> stop_consuming(std::string_view queue) override
    {
        intake_->stop_consuming(queue);
        co_return;
    }
    task<delivery> next() override { return intake_->next(); }

    task<bool> begin(delivery& now) override;
    task<> acknowledge(const delivery& done) override
    {
        return answer_for(intake_, done.tag, redis::forget(link_, done.tag, begins_of(done)));
    }
    task<> give_back(const delivery& taken) override
    {
        const redis::begun state = taken.begun ? redis::begun::maybe : redis::begun::no;
        return answer_for(intake_, taken.tag, redis::give_back(link_, taken.tag, state));
    }
    task<> bury(const delivery& hopeless, std::string_view reason) override
    {
        return answer_for(intake_, hopeless.tag, redis::bury(link_, hopeless.tag, hopeless.queue, std::string(reason)));
    }
    task<bool> park(const delivery&, wall_time) override { co_return false; }

    task<> listen(std::string node) override;
    task<question> next_question() override;
    task<std::optional<json::value>> ask(question what, duration patience) override;
    task<> answer(const question& to, json::value what) override;
    task<> emit(std::string_view topic, const json::value& event, std::string_view node) override
    {
        return tell(link_, link_->names.channel(events_exchange, topic),
                    write_message({{"hostname", node}}, event,
                                  {.exchange = std::string(events_exchange), .routing_key = std::string(topic)},
                                  false));
    }

    task<> close() override;

private:
    static task<> send(shared_link to, std::string_view command, std::string where, std::string envelope);
    static task<> tell(shared_link to, std::string channel, std::string envelope);
    static task<> answer_for(std::shared_ptr<intake> with, std::string tag, task<> how);
    task<> bind_questions();
    task<std::optional<json::value>> hear(std::string inbox, duration patience);

    /// Where it is counted who begins it; empty where nobody did before.
    std::string begins_of(const delivery& which) const
    {
        const std::string& id = which.content.correlation_id;
        return which.redelivered && cap_ > 0 && !id.empty() ? link_->names.begins(id) : std::string();
    }

    shared_link link_;
    unsigned cap_;
    std::shared_ptr<intake> intake_;
    std::string node_; ///< that listens; empty: none
    std::optional<db::redis_subscription> questions_;
};

// ---- out

task<> redis_broker::send(shared_link to, std::string_view command, std::string where, std::string envelope)
{
    try {
        bool was_sent = false;
        co_await redis::insist(deadline_after(now(), to->publish_timeout), [&]() -> task<> {
            if (std::exchange(was_sent, true)) // the server may have it, and so may a worker
                envelope = redis::sent_again(envelope);
            return to->client.command(command, where, envelope).as<void>();
        });
    } catch (const timeout_error& late) {
        throw broker_lost("cluster " + to->name + ": not published: " + late.what());
    }
}

/// Who isn't connected now doesn't hear it, and nor does anybody when we aren't.
task<> redis_broker::tell(shared_link to, std::string channel, std::string envelope)
{
    try {
        co_await move_on_after(event_patience, to->client.publish(channel, envelope));
    } catch (const db::connection_lost&) {
    }
}

task<> redis_broker::answer_for(std::shared_ptr<intake> with, std::string tag, task<> how)
{
    struct let_go {
        intake& from;
        const std::string& tag;
        ~let_go() { from.let_go(tag); }
    } const in_the_end{*with, tag};
    co_await std::move(how);
}

task<bool> redis_broker::begin(delivery& now)
{
    now.begun = true;
    std::string begins = begins_of(now);
    co_return begins.empty() || co_await redis::count_begin(link_, std::move(begins)) < cap_;
}

// ---- questions

task<> redis_broker::listen(std::string node)
{
    questions_.emplace(co_await link_->client.subscribe(link_->names.channel(questions_exchange)));
    node_ = std::move(node);
    co_await bind_questions();
}

task<> redis_broker::bind_questions()
{
    return redis::insist_for_ever([this]() -> task<> {
        return link_->client
            .command("SADD", link_->names.bindings(questions_exchange), redis::binding({}, question_queue(node_)))
            .idempotent()
            .as<void>();
    });
}

task<question> redis_broker::next_question()
{
    if (!questions_)
        throw invalid_state("cluster " + name() + ": next_question: it doesn't listen");
    for (;;) {
        std::optional<db::redis_message> got;
        bool lost = false;
        try {
            got = co_await questions_->next();
            if (!got)
                throw closed_error("cluster " + name() + ": the broker is closed");
            redis::envelope read = redis::read_envelope(got->payload);
            co_return question{.body = json::parse(read.content.body), .headers = std::move(read.content.headers)};
        } catch (const closed_error&) {
            throw;
        } catch (const db::connection_lost&) { // what was asked meanwhile nobody waits for any more
            lost = true;
        } catch (const error&) { // no question
        }
        if (lost)
            co_await bind_questions();
    }
}

task<> redis_broker::answer(const question& to, json::value what)
{
    const auto where = address_of_answer(to);
    if (!where)
        co_return;
    const std::string envelope = write_message(headers_of_answer(to), what, {where->exchange, where->asker}, false);

    const auto bindings = co_await link_->client.command("SMEMBERS", link_->names.bindings(where->exchange))
                              .idempotent()
                              .as<std::vector<std::string>>();
    for (const std::string& each : bindings)
        if (const std::string_view queue = redis::bound_queue(each, where->asker); !queue.empty())
            co_await link_->client.command("LPUSH", link_->names.list(queue, 0), envelope).as<void>();
}

task<std::optional<json::value>> redis_broker::ask(question what, duration patience)
{
    const std::string me = new_id();
    answer_to(what, me);
    const std::string inbox = link_->names.list(answer_queue(me), 0);
    const std::string bindings = link_->names.bindings(answers_exchange);
    const std::string bound = redis::binding(me, answer_queue(me));
    const std::string envelope =
        write_message(std::move(what.headers), what.body, {.exchange = std::string(questions_exchange)}, true);

    co_await link_->client.command("SADD", bindings, bound).as<void>();
    const auto listeners =
        co_await link_->client.publish(link_->names.channel(questions_exchange), envelope);
    std::optional<json::value> heard;
    if (listeners > 1) // this one is among them
        heard = co_await hear(inbox, patience);
    co_await link_->client.command("SREM", bindings, bound).as<void>();
    co_await link_->client.command("DEL", inbox).as<void>();
    co_return heard;
}

task<std::optional<json::value>> redis_broker::hear(std::string inbox, duration patience)
{
    const double seconds = std::chrono::duration<double>(patience).count();
    const auto got = co_await link_->client.command("BRPOP", inbox, seconds)
                         .as<std::optional<std::pair<std::string, std::string>>>();
    if (!got)
        co_return std::nullopt;
    co_return json::parse(redis::read_envelope(got->second).content.body);
}

// ---- the end

task<> redis_broker::close()
{
    const auto all = [](redis_broker& self) -> task<> {
        if (!self.node_.empty())
            co_await self.link_->client
                .command("SREM", self.link_->names.bindings(questions_exchange),
                         redis::binding({}, question_queue(self.node_)))
                .idempotent()
                .as<void>();
        if (self.questions_)
            co_await self.questions_->close();
        co_await self.intake_->close();
        co_await self.link_->client.close();
    };
    try {
        co_await move_on_after(closing_patience, all(*this)); // then others find what is left here
    } catch (const error&) {                                  // so they do
    }
    intake_->end();
}

} // namespace

task<std::unique_ptr<broker>> connect_redis_broker(std::string url, broker_options options)
{
    shared_link to = co_await redis::open_link(
        std::move(url),
        {.key_prefix = options.key_prefix,
         .longest_backoff = options.longest_backoff,
         .publish_timeout = options.publish_timeout,
         .tls = options.tls});
    co_return std::make_unique<redis_broker>(std::move(to), options);
}

} // namespace simul::cluster::detail
