// SPDX-License-Identifier: MIT
//
// app: jobs, on other machines.
//
//     simul::cluster::app app("redis://localhost:6379/0");
//     auto area = app.submit(area_job, "cat.png", 2.0);                           // future<double>
//     auto late = app.submit({.queue = "slow", .countdown = 10s}, area_job, "dog.png", 2.0);
//     auto python = app.submit<int>("tasks.add", 2, cluster::keyword("y", 3));    // a job that only Python has
//     auto areas = co_await app.map(thumbnail_job, images, {.chunk = 16});        // vector, in order
//
// A job is a function with a name (simul/cluster/job.hpp). Workers, in C++ or Python, take it from the broker, Redis or RabbitMQ, run
// it and send its result back. Code that is written for a pool runs here when it is given an app:
// `pool.submit(raise, 2, 1000)` takes a function that is a job, too.
//
// A job runs at least once: when its worker dies, another runs it again. What was published isn't lost by anything that dies but
// the broker's disk. Connections are made when they are first needed, and again when they are lost; futures outlive that.
//
// The work is done in the background (`simul-ambient`, see `unsync`). What is submitted at once goes out in one write.
#pragma once

#include <simul/base/time.hpp>
#include <simul/cluster/call.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/cluster/order.hpp>
#include <simul/cluster/workflow.hpp>
#include <simul/detail/pool_options.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/future.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::cluster {

struct app_options {
    std::string queue = "celery";                       ///< where jobs go that don't say
    std::string results = {};                           ///< URL; empty: where the broker is; "none": nobody keeps any
    duration result_expires = std::chrono::hours(24);   ///< as the workers have it: for chords
    duration publish_timeout = std::chrono::seconds(30); ///< then what the broker hasn't confirmed fails: `broker_lost`
    std::size_t max_payload = std::size_t{16} << 20;    ///< of a job's arguments as JSON; larger ones fail: `limit_exceeded`

    // Of the broker, as the workers have them.
    std::string key_prefix = {};                 ///< Redis: before each key, Celery's `global_keyprefix`
    bool quorum_queues = false;                  ///< RabbitMQ: its queues are declared so
    std::optional<int> max_priority = {};        ///< RabbitMQ: of its queues
    duration longest_backoff = std::chrono::seconds(5); ///< between attempts to connect
    tls::client_options tls = {};                ///< for rediss:// and amqps://
};

namespace detail {
struct app_parts;
}

/// *Threads:* usable from all at once, in and outside of loops.
class app {
public:
    /// Connects when it is first used. *Throws:* `error` for a URL of another kind than redis, rediss, unix, amqp and amqps.
    explicit app(std::string broker, app_options options = {});
    /// Waits until the broker has what was submitted, as `close` does; jobs go on without it.
    ~app();
    app(const app&) = delete;
    app& operator=(const app&) = delete;

    /// Has a worker call the job with these arguments. What can go wrong here and there comes out of the future; of a void
    /// job it tells that it was done.
    /// *Cancel:* the job is called back: it never begins, or its process is ended. So when the future is dropped; `detach` it
    /// to let the job go on.
    /// *Throws:* `closed_error` after `close`; `error` for a function that is no job; `argument_error`.
    template <detail::callable_job What, class... Args> auto submit(const What& what, const Args&... args)
    {
        return submit(call(what, args...));
    }
    template <detail::callable_job What, class... Args>
    auto submit(submit_options options, const What& what, const Args&... args)
    {
        refuse_ignored(options);
        return submit(call(std::move(options), what, args...));
    }
    /// A job that is known by its name, and gives an R.
    template <class R, class... Args> future<R> submit(std::string_view name, const Args&... args)
    {
        return submit(call<R>(name, args...));
    }
    template <class R, class... Args> future<R> submit(submit_options options, std::string_view name, const Args&... args)
    {
        refuse_ignored(options);
        return submit(call<R>(std::move(options), name, args...));
    }
    /// A workflow, or a call.
    template <class Shape, class First> future<typename Shape::type> submit(signature<Shape, First> work)
    {
        check_whole<First>();
        return ask<Shape>(detail::order_kind::submit, std::move(work).take());
    }
    /// With options for the whole, as `work.with(options)`.
    template <class Shape, class First>
    future<typename Shape::type> submit(const submit_options& options, signature<Shape, First> work)
    {
        refuse_ignored(options);
        return submit(std::move(work).with(options));
    }

    /// `job(element)` of each of `inputs`, in their order; several, a chunk, are one piece of work, so that the broker doesn't
    /// cost more than the job. Without a size there are 64 chunks. The first error cancels what is left of it.
    template <detail::callable_job What, std::ranges::input_range Range>
    auto map(const What& what, Range&& inputs, map_options chunks = {})
    {
        return map(submit_options(), what, std::forward<Range>(inputs), chunks);
    }
    template <detail::callable_job What, std::ranges::input_range Range>
    auto map(const submit_options& options, const What& what, Range&& inputs, map_options chunks = {})
    {
        refuse_ignored(options);
        using target = detail::target<std::decay_t<What>>;
        using matching = detail::matching<typename target::arguments, std::ranges::range_value_t<Range>>;
        static_assert(!matching::partial, "simul: the job that maps takes one argument");
        json::array elements;
        for (auto&& each : inputs)
            elements.push_back(std::move(matching::speak(each).args.front()));
        detail::described all = detail::describe_map(target::of(what), std::move(elements), chunks.chunk);
        detail::add_options(all, options);
        return ask<detail::chunks_of_results<typename target::result>>(detail::order_kind::submit, std::move(all));
    }

    /// Submits and waits for no result; done when the broker has confirmed that it keeps the job, and gives its id.
    /// *Cancel:* it may be published or not.
    template <detail::callable_job What, class... Args> future<std::string> publish(const What& what, const Args&... args)
    {
        return publish(call(what, args...));
    }
    template <detail::callable_job What, class... Args>
    future<std::string> publish(submit_options options, const What& what, const Args&... args)
    {
        return publish(call(std::move(options), what, args...));
    }
    template <class Shape, class First>
    future<std::string> publish(const submit_options& options, signature<Shape, First> work)
    {
        return publish(std::move(work).with(options));
    }
    /// A workflow, or a call; of a group the id is its own, which no result has.
    template <class Shape, class First> future<std::string> publish(signature<Shape, First> work)
    {
        check_whole<First>();
        return ask<detail::one_result<std::string>>(detail::order_kind::publish, std::move(work).take());
    }

    /// The result of a job that was submitted earlier, or by somebody else: now, or when it is there. Of an id that nobody
    /// has it never is: wait with a `timeout`. Where results are kept, in Redis. *Cancel:* the job goes on.
    template <class R> future<R> result(std::string id)
    {
        return ask<detail::one_result<R>>(detail::order_kind::look, {.signature = id, .name = std::move(id), .listeners = {}});
    }

    /// Calls a job back: when it has not begun, it never does; when it runs, its process is ended. Done when the broker was told;
    /// workers that are started later don't know of it.
    future<> revoke(std::string id);

    /// Takes nothing more; done when the broker has what was submitted, and connections are closed. Futures whose results are not
    /// there get `closed_error`; their jobs go on.
    future<> close();

    /// For tests: over another broker.
    explicit app(std::string name, app_options options, detail::app_parts parts);

private:
    template <class Shape> future<typename Shape::type> ask(detail::order_kind kind, detail::described what)
    {
        auto* const made = new detail::flight<Shape>(kind, std::move(what), core_);
        future<typename Shape::type> handle(*made);
        made->begin();
        return handle;
    }
    template <class First> static consteval void check_whole()
    {
        static_assert(std::is_void_v<First> || std::is_same_v<First, detail::anything> ||
                          std::is_same_v<First, detail::ignored>,
                      "simul: its first argument is missing");
    }
    static void refuse_ignored(const submit_options& options);

    std::shared_ptr<detail::app_core> core_;
};

} // namespace simul::cluster
