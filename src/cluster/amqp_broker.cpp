// SPDX-License-Identifier: MIT
#include "amqp_broker.hpp"

#include "amqp/held_messages.hpp"
#include "amqp/intake.hpp"

#include <simul/base/error.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <utility>

namespace simul::cluster::detail {
namespace {

using namespace std::chrono_literals;
using amqp::intake;
using amqp::outbox;
using amqp::queue_options;

constexpr std::string_view deliveries_in_vain = "x-delivery-count"; // of quorum queues, also of what was only waiting

/// What RabbitMQ says of how a message came here. It drops those that seem to go round in a circle.
constexpr std::array<std::string_view, 4> traces = {"x-death", "x-first-death-exchange", "x-first-death-queue",
                                                    "x-first-death-reason"};

/// Shorter waits aren't worth the way.
constexpr auto shortest_delay = 2s;
/// How long a queue for delays stays when nobody uses it, beside the delay itself.
constexpr auto delay_queue_lasts = std::chrono::minutes(10);

std::int64_t milliseconds(duration of) noexcept
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(of).count();
}

/// A job that is tried again is another message.
std::string key_of(const message& job)
{
    const json::value* const retries = job.headers.find("retries");
    if (job.correlation_id.empty() || !retries)
        return job.correlation_id;
    return job.correlation_id + ' ' + json::dump(*retries);
}

std::string count_name(const std::string& id)
{
    return "simul.begins." + id;
}

/// A message goes through queues that give it back, by its dead-letter exchange, after 2, 4, 8 ... seconds: the longest that
/// isn't too long, and from there to a worker that sends it into the next. So a queue has messages of one delay only; those
/// that wait longer are never in front of the others.
struct delay {
    std::string queue;
    queue_options how;
};

delay delay_of(const std::string& queue, duration left)
{
    const auto whole = static_cast<std::uint32_t>(
        std::min<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(left).count(), 1 << 21)); // 24 days
    const std::chrono::seconds each(std::bit_floor(whole));
    return {"simul.delay." + queue + '.' + std::to_string(each.count()),
            {.durable = true,
             .arguments = {{"x-message-ttl", milliseconds(each)},
                           {"x-expires", milliseconds(each + delay_queue_lasts)},
                           {"x-dead-letter-exchange", ""},
                           {"x-dead-letter-routing-key", queue}}}};
}

class amqp_broker final : public broker {
public:
    amqp_broker(std::shared_ptr<outbox> out, amqp::upkeep at, std::string name, broker_options options)
        : out_(std::move(out)), at_(std::move(at)), name_(std::move(name)), options_(std::move(options))
    {
    }
    ~amqp_broker() override { end(); }

    const std::string& name() const noexcept override { return name_; }
    std::uint64_t reconnects() const noexcept override
    {
        return out_->losses() + (jobs_ ? jobs_->losses() : 0) + (questions_ ? questions_->losses() : 0);
    }

    task<> publish(std::string_view queue, message what) override
    {
        amqp::properties of = properties_of(what);
        return out_->publish(std::string(queue), job_queue(), outbox::queue_is::declared_if_missing, std::move(of),
                             std::move(what.body));
    }
    task<> broadcast(question what) override
    {
        return tell(questions_exchange, {}, {.headers = std::move(what.headers), .delivery_mode = 2}, what.body);
    }

    task<> consume(std::vector<std::string> queues, std::size_t prefetch) override;
    task<> stop_consuming(std::string_view queue) override
    {
        return jobs_ ? jobs_->stop(std::string(queue)) : nothing();
    }
    task<delivery> next() override;

    task<bool> begin(delivery& now) override;
    task<> acknowledge(const delivery& done) override
    {
        settle(done);
        return nothing();
    }
    task<> give_back(const delivery& taken) override
    {
        const amqp::place at = leave(taken).at;
        jobs_->give_back(at.epoch, at.number);
        return nothing();
    }
    task<> bury(const delivery& hopeless, std::string_view reason) override
    {
        return bury_as(hopeless, std::string(reason));
    }
    task<bool> park(const delivery& early, wall_time time) override;

    task<> listen(std::string node) override;
    task<question> next_question() override;
    task<std::optional<json::value>> ask(question what, duration patience) override;
    task<> answer(const question& to, json::value what) override;
    task<> emit(std::string_view topic, const json::value& event, std::string_view node) override
    {
        return tell(events_exchange, std::string(topic), {.headers = {{"hostname", node}}, .delivery_mode = 1}, event);
    }

    task<> close() override
    {
        end();
        co_return;
    }

    const std::shared_ptr<outbox>& out() const noexcept { return out_; }
    const amqp::upkeep& at() const noexcept { return at_; }

private:
    static task<> nothing() { co_return; }

    queue_options job_queue() const;
    task<> bury_as(const delivery& hopeless, std::string reason);
    task<> tell(std::string_view exchange, std::string routing_key, amqp::properties of, const json::value& what);
    bool is_counted(const delivery& which) const noexcept;
    amqp::held_message leave(const delivery& answered) { return held_.leave(std::stoull(answered.tag)); }
    void settle(const delivery& done);
    void end() noexcept;

    std::shared_ptr<outbox> out_;
    amqp::upkeep at_;
    std::string name_;
    broker_options options_;
    std::shared_ptr<intake> jobs_, questions_;
    amqp::held_messages held_; ///< of jobs_
};

queue_options amqp_broker::job_queue() const
{
    queue_options how{.durable = true};
    if (options_.quorum_queues)
        how.arguments["x-queue-type"] = "quorum";
    if (options_.max_priority)
        how.arguments["x-max-priority"] = *options_.max_priority;
    return how;
}

// ---- jobs

task<> amqp_broker::consume(std::vector<std::string> queues, std::size_t prefetch)
{
    if (!jobs_)
        jobs_ = intake::start(at_, options_.quorum_queues ? intake::prefetch_is::of_each : intake::prefetch_is::of_all,
                              name_ + " jobs");
    std::vector<amqp::source> sources;
    for (std::string& each : queues)
        sources.push_back({.queue = std::move(each), .how = job_queue()});
    co_await jobs_->consume(std::move(sources), prefetch);
}

task<delivery> amqp_broker::next()
{
    for (;;) {
        amqp::taken got = co_await jobs_->next();
        const amqp::place at{got.epoch, got.what.delivery_tag};
        delivery made{.content = read_message(got.what),
                      .queue = std::move(got.queue),
                      .tag = {},
                      .redelivered = got.what.redelivered};
        const auto [is, number] = held_.take({key_of(made.content), at}, made.redelivered);
        if (is == amqp::held_messages::what::done)
            jobs_->acknowledge(at.epoch, at.number);
        if (is != amqp::held_messages::what::news)
            continue;
        made.tag = std::to_string(number);
        if (!got.what.unreadable)
            co_return made;
        co_await bury_as(made, got.what.unreadable);
    }
}

bool amqp_broker::is_counted(const delivery& which) const noexcept
{
    return which.redelivered && options_.delivery_cap > 0 && !which.content.correlation_id.empty();
}

task<bool> amqp_broker::begin(delivery& now)
{
    now.begun = true;
    co_return !is_counted(now) ||
        co_await out_->count(count_name(now.content.correlation_id)) < static_cast<std::int64_t>(options_.delivery_cap);
}

void amqp_broker::settle(const delivery& done)
{
    amqp::held_message left = leave(done);
    if (!jobs_->acknowledge(left.at.epoch, left.at.number))
        held_.note_unsaid(std::move(left.key));
    if (is_counted(done))
        out_->forget_count(count_name(done.content.correlation_id));
}

task<> amqp_broker::bury_as(const delivery& hopeless, std::string reason)
{
    message content = hopeless.content;
    content.headers[reason_of_death] = std::move(reason);
    content.expiration.clear();
    amqp::properties of = properties_of(content);
    co_await out_->publish(dead_letters(hopeless.queue), {.durable = true}, outbox::queue_is::declared_if_missing,
                           std::move(of), std::move(content.body));
    settle(hopeless);
}

task<bool> amqp_broker::park(const delivery& early, wall_time time)
{
    const duration left = std::chrono::duration_cast<duration>(time - std::chrono::system_clock::now());
    if (left < shortest_delay)
        co_return false;
    delay through = delay_of(early.queue, left);
    message content = early.content;
    amqp::properties of = properties_of(content);
    co_await out_->publish(std::move(through.queue), std::move(through.how), outbox::queue_is::declared, std::move(of),
                           std::move(content.body));
    settle(early);
    co_return true;
}

// ---- questions and events

task<> amqp_broker::tell(std::string_view exchange, std::string routing_key, amqp::properties of,
                         const json::value& what)
{
    of.content_type = "application/json";
    of.content_encoding = "utf-8";
    return out_->tell(std::string(exchange), std::move(routing_key), std::move(of), json::dump(what));
}

task<> amqp_broker::listen(std::string node)
{
    questions_ = intake::start(at_, intake::prefetch_is::of_all, name_ + " questions");
    std::vector<amqp::source> sources;
    sources.push_back({.queue = question_queue(node),
                       .how = {.auto_delete = true, .arguments = {{"x-expires", 10'000}, {"x-message-ttl", 300'000}}},
                       .exchange = std::string(questions_exchange),
                       .exchange_type = "fanout",
                       .no_ack = true});
    return questions_->consume(std::move(sources), 0);
}

task<question> amqp_broker::next_question()
{
    if (!questions_)
        throw invalid_state("cluster " + name() + ": next_question: it doesn't listen");
    for (;;) {
        amqp::taken got = co_await questions_->next();
        try {
            co_return question{.body = json::parse(got.what.body), .headers = std::move(got.what.properties.headers)};
        } catch (const json::error&) { // no question
        }
    }
}

task<std::optional<json::value>> amqp_broker::ask(question what, duration patience)
{
    const std::string me = new_id();
    answer_to(what, me);
    const auto inbox = intake::start(at_, intake::prefetch_is::of_all, name_ + " answers");
    std::vector<amqp::source> sources;
    sources.push_back({.queue = answer_queue(me),
                       .how = {.auto_delete = true, .arguments = {{"x-expires", 10'000}}},
                       .exchange = std::string(answers_exchange),
                       .exchange_type = "direct",
                       .routing_key = me,
                       .no_ack = true});
    co_await inbox->consume(std::move(sources), 0);
    co_await broadcast(std::move(what));
    const std::optional<amqp::taken> got = co_await move_on_after(patience, inbox->next());
    co_return got ? std::optional(json::parse(got->what.body)) : std::nullopt;
}

task<> amqp_broker::answer(const question& to, json::value what)
{
    const auto where = address_of_answer(to);
    if (!where || where->exchange != answers_exchange) // one that isn't there would cost us the channel
        return nothing();
    return tell(answers_exchange, where->asker, {.headers = headers_of_answer(to), .delivery_mode = 1}, what);
}

// ---- the end

void amqp_broker::end() noexcept
{
    if (jobs_)
        jobs_->end();
    if (questions_)
        questions_->end();
    out_->end();
}

} // namespace

amqp::properties properties_of(message& what)
{
    return {.content_type = std::move(what.content_type),
            .content_encoding = std::move(what.content_encoding),
            .headers = std::move(what.headers),
            .delivery_mode = static_cast<std::uint8_t>(what.durable ? 2 : 1),
            .priority = static_cast<std::uint8_t>(std::clamp(what.priority.value_or(0), 0, 255)),
            .correlation_id = std::move(what.correlation_id),
            .reply_to = std::move(what.reply_to),
            .expiration = std::move(what.expiration)};
}

message read_message(amqp::message& from)
{
    amqp::properties& of = from.properties;
    message made{.headers = std::move(of.headers),
                 .body = std::move(from.body),
                 .content_type = std::move(of.content_type),
                 .content_encoding = std::move(of.content_encoding),
                 .correlation_id = std::move(of.correlation_id),
                 .reply_to = std::move(of.reply_to),
                 .priority = of.priority != 0 ? std::optional<int>(of.priority) : std::nullopt,
                 .expiration = std::move(of.expiration),
                 .durable = of.delivery_mode != 1};
    for (const std::string_view each : traces)
        made.headers.erase(each);
    made.headers.erase(deliveries_in_vain);
    made.headers.erase(reason_of_death);
    return made;
}

std::shared_ptr<outbox> outbox_of(broker& by) noexcept
{
    const auto* const ours = dynamic_cast<amqp_broker*>(&by);
    return ours ? ours->out() : nullptr;
}

amqp::upkeep upkeep_of(broker& by)
{
    return dynamic_cast<amqp_broker&>(by).at();
}

task<std::unique_ptr<broker>> connect_amqp_broker(std::string url, broker_options options)
{
    amqp::upkeep at{.url = std::move(url),
                    .with = {.name = "simul", .tls = options.tls},
                    .longest_backoff = options.longest_backoff};
    const amqp::shared_settings to = amqp::read_settings(at.url, at.with);
    std::string name =
        (to->tls ? "amqps://" : "amqp://") + to->peer + '/' + (to->virtual_host == "/" ? "" : to->virtual_host);
    auto out = co_await outbox::open(at,
                                     {{std::string(questions_exchange), "fanout"},
                                      {std::string(answers_exchange), "direct"},
                                      {std::string(events_exchange), "topic", true}},
                                     options.publish_timeout);
    co_return std::make_unique<amqp_broker>(std::move(out), std::move(at), std::move(name), std::move(options));
}

} // namespace simul::cluster::detail
