// SPDX-License-Identifier: MIT
#include <simul/http/events.hpp>

#include <simul/base/error.hpp>
#include <simul/http/content.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/timeout.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace simul::http {
namespace {

void add_line(bytes& to, std::string_view name, std::string_view value)
{
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
        throw error(std::errc::invalid_argument, "HTTP: an event's " + std::string(name) + " with a line break");
    to.append(name).append(": ").append(value).append("\n");
}

using event_source = async_generator<server_event>;

/// Gets the next event in a task of its own, which goes on while a heartbeat is sent.
class events_reader final : public content_reader {
public:
    events_reader(event_source source, duration heartbeat) noexcept : source_(std::move(source)), heartbeat_(heartbeat) {}

    bool is_endless() const noexcept override { return true; }
    void end_early() noexcept override { over_ = true; }
    task<bytes> next() override
    {
        if (over_)
            co_return bytes();
        if (!coming_)
            coming_ = spawn(pull());
        if (heartbeat_ > duration::zero() && !co_await move_on_after(heartbeat_, has_come()))
            co_return ":\n\n";
        const auto event = co_await std::exchange(coming_, {});
        co_return event ? to_bytes(*event) : bytes();
    }
    task<> close() override
    {
        if (coming_) {
            coming_.cancel();
            co_await move_on_after(duration::max(), ended(std::exchange(coming_, {})));
        }
        co_await source_.close();
    }

private:
    task<std::optional<server_event>> pull() { co_return co_await source_.next(); }
    task<> has_come()
    {
        try {
            co_await shield(coming_);
        } catch (const std::exception&) { // for who takes it
        }
    }
    static task<> ended(future<std::optional<server_event>> coming)
    {
        try {
            co_await std::move(coming);
        } catch (const cancelled&) {
        }
    }

    event_source source_;
    duration heartbeat_;
    future<std::optional<server_event>> coming_;
    bool over_ = false;
};

class events_source final : public content_source {
public:
    events_source(event_source source, duration heartbeat) noexcept : source_(std::move(source)), heartbeat_(heartbeat) {}

    task<std::unique_ptr<content_reader>> open() override
    {
        if (!source_)
            throw invalid_state("HTTP: a generator's events can be sent once");
        co_return std::make_unique<events_reader>(*std::exchange(source_, {}), heartbeat_);
    }
    bool is_repeatable() const noexcept override { return false; }

private:
    std::optional<event_source> source_;
    duration heartbeat_;
};

} // namespace

bytes to_bytes(const server_event& of)
{
    bytes made;
    if (!of.name.empty())
        add_line(made, "event", of.name);
    if (!of.id.empty())
        add_line(made, "id", of.id);
    if (of.retry > duration::zero())
        add_line(made, "retry", std::to_string(of.retry / std::chrono::milliseconds(1)));
    std::string_view rest = of.data;
    for (;;) {
        const std::size_t end = rest.find_first_of("\r\n");
        made.append("data: ").append(rest.substr(0, end)).append("\n");
        if (end == std::string_view::npos)
            break;
        rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
    return made += '\n';
}

response events(async_generator<server_event> source, events_options options)
{
    response made(status::ok, content(std::make_shared<events_source>(std::move(source), options.heartbeat), "text/event-stream"));
    made.headers().add("Cache-Control", "no-store");
    return made;
}

} // namespace simul::http
