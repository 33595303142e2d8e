// SPDX-License-Identifier: MIT
#include "amqp_results.hpp"

#include "amqp/intake.hpp"
#include "amqp_broker.hpp"

#include <simul/base/error.hpp>

#include <chrono>
#include <functional>
#include <set>
#include <utility>

namespace simul::cluster::detail {
namespace {

using amqp::intake;
using amqp::outbox;

/// Results that wait to be looked at here; the others wait at the broker.
constexpr std::size_t prefetch = 1000;

[[noreturn]] void refuse_to_join()
{
    throw error(
        std::errc::operation_not_supported,
        "cluster: a chord needs results that can be joined, and RabbitMQ sends them away: keep them in a Redis, by "
        "`results` of the client's and the workers' options");
}

class amqp_results final : public results {
public:
    amqp_results(std::shared_ptr<outbox> out, amqp::upkeep at, std::string broker, const results_options& options)
        : out_(std::move(out)),
          at_(std::move(at)),
          broker_(std::move(broker)),
          expires_ms_(std::chrono::ceil<std::chrono::milliseconds>(options.expires).count())
    {
    }

    /// Nobody may be there to take it.
    task<> store(const request& of, const outcome& what) override
    {
        if (of.reply_to.empty())
            return nothing();
        return out_->publish(of.reply_to, {}, outbox::queue_is::optional,
                             {.content_type = "application/json",
                              .content_encoding = "utf-8",
                              .delivery_mode = 2, // a broker that is started again has it still
                              .correlation_id = what.id},
                             write_reply(what));
    }
    task<std::optional<outcome>> look(std::string) override { co_return std::nullopt; }
    task<std::optional<std::vector<outcome>>> join(const request&, const outcome&) override
    {
        refuse_to_join();
        co_return std::nullopt;
    }

    const std::string& address() const noexcept override { return address_; }
    task<> expect(std::string id) override;
    void forget(std::string_view id) noexcept override
    {
        if (const auto at = expected_.find(id); at != expected_.end())
            expected_.erase(at);
    }
    task<outcome> next() override;
    task<> begin_join(std::string, std::size_t) override
    {
        refuse_to_join();
        co_return;
    }

    task<> close() override
    {
        if (intake_)
            intake_->end();
        co_return;
    }

private:
    static task<> nothing() { co_return; }
    task<> listen();

    std::shared_ptr<outbox> out_;
    amqp::upkeep at_;
    std::string broker_;
    std::int64_t expires_ms_;
    const std::string address_ = new_id();
    std::shared_ptr<intake> intake_;
    event listens_; ///< set: the queue is there
    std::set<std::string, std::less<>> expected_;
};

task<> amqp_results::expect(std::string id)
{
    expected_.insert(std::move(id));
    if (!listens_.is_set())
        co_await listen();
}

task<> amqp_results::listen()
{
    if (!intake_)
        intake_ = intake::start(at_, intake::prefetch_is::of_each, broker_ + " results");
    std::vector<amqp::source> sources;
    sources.push_back({.queue = address_, .how = {.durable = true, .arguments = {{"x-expires", expires_ms_}}}});
    co_await intake_->consume(std::move(sources), prefetch);
    listens_.set();
}

task<outcome> amqp_results::next()
{
    co_await listens_.wait();
    for (;;) {
        amqp::taken got = co_await intake_->next();
        intake_->acknowledge(got.epoch, got.what.delivery_tag);
        try {
            outcome read = read_outcome(got.what.body);
            if (expected_.contains(read.id))
                co_return read;
        } catch (const error&) { // no result
        }
    }
}

} // namespace

std::unique_ptr<results> amqp_results_of(broker& by, const results_options& options)
{
    std::shared_ptr<outbox> out = outbox_of(by);
    if (!out)
        throw error(std::errc::invalid_argument,
                    "cluster: results by \"rpc://\" are messages of the broker, which has to be a RabbitMQ (amqp://)");
    return std::make_unique<amqp_results>(std::move(out), upkeep_of(by), by.name(), options);
}

} // namespace simul::cluster::detail
