// SPDX-License-Identifier: MIT
#include <simul/http/server.hpp>

#include "service.hpp"

#include <simul/base/error.hpp>
#include <simul/io/tcp.hpp>
#include <simul/io/unix_socket.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/task/event.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace simul::http {
namespace {

constexpr std::string_view unix_prefix = "unix:";

listener listen_at(const std::string& at, bool shared)
{
    if (at.starts_with(unix_prefix))
        return unix_::listen(at.substr(unix_prefix.size()));
    return tcp::listen(std::string_view(at), {.share_port = shared});
}

} // namespace

struct server::state {
    /// One call of `serve`.
    struct run {
        explicit run(state& of) : of_(of)
        {
            const std::lock_guard lock(of_.mutex);
            of_.runs.push_back(this);
            of_.table.freeze();
        }
        run(const run&) = delete;
        ~run()
        {
            const std::lock_guard lock(of_.mutex);
            std::erase(of_.runs, this);
            of_.table.thaw();
        }

        event stop;

    private:
        state& of_;
    };

    state(server_options given, detail::routes& with) : options(std::move(given)), table(with) {}

    task<> serve(run& now, serve_options how);
    task<> serve_here(run& now, listener door, const serve_options& how);
    task<> listen_and_serve(run& now, const std::string& at, const serve_options& how, loop& reports_to);

    server_options options;
    detail::routes& table;
    std::unique_ptr<logger> log;
    std::mutex mutex;
    std::vector<run*> runs;
};

server::server(server_options options) : state_(std::make_unique<state>(std::move(options), table()))
{
}
server::server(server&& other) noexcept = default;
server& server::operator=(server&& other) noexcept = default;
server::~server() = default;

void server::log_with(std::unique_ptr<logger> made)
{
    state_->log = std::move(made);
}

void server::stop() noexcept
{
    const std::lock_guard lock(state_->mutex);
    for (state::run* const each : state_->runs)
        each->stop.set();
}

task<> server::state::serve_here(run& now, listener door, const serve_options& how)
{
    detail::service here(options, table, now.stop);
    if (log)
        here.log_with([](void* with, const access& done) { static_cast<logger*>(with)->log(done); }, log.get());
    co_await here.run(std::move(door), how.tls, (options.connections + how.threads - 1) / how.threads);
}

/// In a thread of its own.
task<> server::state::listen_and_serve(run& now, const std::string& at, const serve_options& how, loop& reports_to)
{
    loop::current().set_error_handler([&reports_to](const problem& found) {
        reports_to.call_soon_threadsafe([&reports_to, found] { reports_to.report(found); });
    });
    std::exception_ptr why;
    try {
        co_await serve_here(now, listen_at(at, how.threads > 1), how);
    } catch (const std::exception&) {
        why = std::current_exception();
    }
    now.stop.set();
    if (why)
        std::rethrow_exception(why);
}

task<> server::state::serve(run& now, serve_options how)
{
    loop& here = loop::current();
    how.threads = std::max<std::size_t>(how.threads, 1);
    const bool in_pool = here.sharing() != nullptr; // its tasks may go to other loops, connections can't
    if (how.threads == 1 && !in_pool) {
        listener door = how.door ? std::move(how.door) : listen_at(how.at, false);
        co_return co_await serve_here(now, std::move(door), how);
    }
    if (how.door || how.at.starts_with(unix_prefix))
        throw error(std::errc::invalid_argument, "HTTP: one listener serves one loop: no .threads with a .door or a Unix socket, "
                                                 "and no thread_pool");
    if (here.backend_name() == "sim")
        throw error(std::errc::invalid_argument, "HTTP: threads can't share virtual time: one thread on backend::sim");

    const run_options like_here{.backend = here.backend_name() == "epoll" ? backend::epoll : backend::uring, .debug = here.debug()};
    listener door;
    std::string at = how.at;
    if (!in_pool) {
        door = listen_at(at, true);
        at = door.local().text(); // whose port was chosen, if it was 0
    }
    std::deque<simul::thread> others;
    for (std::size_t i = in_pool ? 0 : 1; i < how.threads; ++i) {
        others.emplace_back([&] { simul::run(listen_and_serve(now, at, how, here), like_here); });
        others.back().rename("http-" + std::to_string(i));
        others.back().start();
    }
    std::exception_ptr why;
    if (!in_pool) {
        try {
            co_await serve_here(now, std::move(door), how);
        } catch (...) {
            why = std::current_exception();
        }
        now.stop.set();
    }
    for (simul::thread& each : others) {
        try {
            co_await each;
        } catch (...) {
            why = std::current_exception();
        }
    }
    if (why)
        std::rethrow_exception(why);
}

task<> server::serve(serve_options how)
{
    state::run now(*state_);
    future<> all = spawn(state_->serve(now, std::move(how)));
    bool asked = false;
    while (!all.done()) {
        try {
            co_await shield(all);
        } catch (const cancelled&) {
            if (asked)
                all.cancel();
            now.stop.set();
            asked = true;
        } catch (...) {
        }
    }
    if (asked && !all.cancelled())
        throw cancelled{};
    co_await std::move(all);
}

} // namespace simul::http
