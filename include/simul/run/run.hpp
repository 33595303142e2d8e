// SPDX-License-Identifier: MIT
//
// run: the way into simul.
//
//     simul::task<int> amain() { co_await simul::sleep(1s); co_return 0; }
//     int main() { return simul::run(amain()); }
//
// Makes a loop, runs the task, and gives its result or throws its error, after an orderly end: all other tasks are
// cancelled and waited for, again until nothing is left, and what failed meanwhile is reported.
//
// Ctrl-C: in the main thread, and when the program has not set a handler of its own, the first SIGINT cancels the task.
// If it ends cancelled, `run` cleans up as always and then ends the process as SIGINT does; if it catches `cancelled`
// and returns, its result counts. A second SIGINT ends the process at once.
#pragma once

#include <simul/run/loop.hpp>

#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>

namespace simul {

struct run_options {
    simul::backend backend = backend::automatic;
    std::uint64_t seed = 0;
    bool debug = false;
    std::size_t threads = 1; ///< so many share the tasks, as in a thread_pool; the calling one is the first
    duration shutdown_patience = std::chrono::seconds(10); ///< how long tasks may take to end when the main one has
};

namespace detail {

/// The loop that `run` makes, its SIGINT manners and its orderly end.
class runner {
public:
    explicit runner(const run_options& options);
    ~runner() noexcept(false);
    runner(const runner&) = delete;
    runner& operator=(const runner&) = delete;

    template <class T> T run(task<T> main, std::source_location at)
    {
        future<T> flight = loop_.launch(std::move(main), at);
        drive(flight.shared_state());
        return std::move(flight).result();
    }

private:
    void drive(future_state_base& main);

    struct team;

    loop loop_;
    duration patience_;
    std::shared_ptr<team> team_; ///< the other threads; only ours
};

} // namespace detail

/// Runs `main` to its end and gives its result. *Throws:* what `main` throws; `invalid_state` inside a running loop.
template <detail::awaitable Awaitable>
auto run(Awaitable main, const run_options& options = {}, std::source_location at = std::source_location::current())
{
    detail::runner runner(options);
    return runner.run(detail::as_task(std::move(main)), at);
}

/// Runs `fn()`, which returns a task; keeps it as long as that runs.
template <class Fn>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn>
auto run(Fn fn, const run_options& options = {}, std::source_location at = std::source_location::current())
{
    detail::refuse_null(fn);
    detail::runner runner(options);
    return runner.run(detail::call_and_keep(std::move(fn)), at);
}

} // namespace simul
