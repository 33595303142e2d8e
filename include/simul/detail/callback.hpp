// SPDX-License-Identifier: MIT
//
// A plain function that a loop calls: allocated once from the frame pool, counted by its schedule and its handle.
#pragma once

#include <simul/detail/executor.hpp>
#include <simul/detail/frame_pool.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/detail/timer.hpp>
#include <simul/detail/work.hpp>

#include <type_traits>
#include <utility>

namespace simul::detail {

class callback : public work, public timer, public pooled {
public:
    explicit callback(executor& home) noexcept : home_(home) {}
    virtual ~callback() = default;

    /// Calls it; what it throws is reported.
    void call() noexcept;

    void run() noexcept override
    {
        call();
        release();
    }
    void drop() noexcept override { release(); }

    void cancel() noexcept;
    bool cancelled() const noexcept { return cancelled_; }

    executor& home() const noexcept { return home_; }

    void acquire() noexcept { ++owners_; }
    void release() noexcept
    {
        if (--owners_ == 0)
            delete this;
    }

protected:
    virtual void invoke() = 0;

private:
    executor& home_;
    unsigned owners_ = 1;
    bool cancelled_ = false;
};

/// What the loop's error handler is kept as.
class handler {
public:
    virtual ~handler() = default;
    virtual void handle(const problem& found) = 0;
};

template <class Fn> callback& make_callback(Fn fn, executor& home)
{
    static_assert(std::is_void_v<std::invoke_result_t<Fn&>> || !requires { typename std::invoke_result_t<Fn&>::promise_type; },
                  "simul: a callback is a plain function; to start a task use spawn(the_task)");
    struct made final : callback {
        made(Fn f, executor& h) : callback(h), fn(std::move(f)) {}
        void invoke() override { static_cast<void>(fn()); }
        Fn fn;
    };
    refuse_null(fn);
    return *new made(std::move(fn), home);
}

template <class Fn> handler* make_handler(Fn fn)
{
    struct made final : handler {
        explicit made(Fn f) : fn(std::move(f)) {}
        void handle(const problem& found) override { fn(found); }
        Fn fn;
    };
    refuse_null(fn);
    return new made(std::move(fn));
}

} // namespace simul::detail
