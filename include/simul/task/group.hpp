// SPDX-License-Identifier: MIT
//
// group: start tasks as you go; all of them have ended when it ends.
//
//     co_await simul::with_group([&](simul::group& g) -> simul::task<> {
//         for (auto& url : urls)
//             g.spawn(fetch(url));
//         co_await show_progress();
//     });
//
// The first error of a member, or of the body, cancels the others and the body; when all have ended, every error that
// was raised arrives in one `error_group`, in the order of their happening, the body's own last. A member that ends
// cancelled by itself disturbs nobody. Members may spawn into the group while it is ending, not after an error.
//
// *Cancel:* goes to the body and every member, in the order of their creation. Where errors were raised too, the
// `error_group` goes first, and the cancellation comes again at the next wait.
// *Lifetime:* a group can't be made, copied or moved by hand, so it can't outlive its members' scope.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/join.hpp>
#include <simul/task/spawn.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul {

struct group_options {
    std::size_t limit = 0; ///< at most so many members at once, the others wait their turn; 0: all
};

/// The future of a group's member. It may be dropped: the group owns the work.
template <class T> class member_future : public future<T> {
public:
    using future<T>::future;
};

namespace detail {

/// The join of a group: the body is one of its branches.
class group_join : public join {
public:
    explicit group_join(group_options options) noexcept : limit_(options.limit) {}

    void check_open() const;
    /// A member that stands in the tree already: starts it when its turn comes.
    void add(branch_base& made);
    void cancel_quietly() noexcept;
    std::size_t members() const noexcept { return members_; }

protected:
    enum class phase : unsigned char { open, cancelled, failed, over };

    ~group_join() = default;
    void on_end(branch_base& ended) noexcept override;

    branch_base* body_ = nullptr;
    std::vector<std::exception_ptr> errors_;
    std::exception_ptr body_error_;
    phase phase_ = phase::open;
    bool member_cancelled_ = false;  ///< after somebody outside had asked
    bool body_ended_before_ = false; ///< before anybody outside asked

private:
    void end_all(phase why) noexcept;
    void start_waiting() noexcept;

    std::size_t limit_;
    std::size_t members_ = 0; ///< that have not ended
    std::size_t begun_ = 0;   ///< of these, that were started
    work_list waiting_;
};

template <class Body, class T> class group_awaiter;

} // namespace detail

class group {
public:
    // The compiler quotes these lines to who tries.
    group() = delete;             // with_group makes it, and waits for its members
    group(const group&) = delete; // it ends with its scope: pass it by reference
    group& operator=(const group&) = delete;

    /// Starts a member. *Throws:* `invalid_state` when the group is over, or ending because of an error or `cancel`.
    template <detail::awaitable Awaitable>
    auto spawn(Awaitable work, std::source_location at = std::source_location::current())
        -> member_future<detail::result_of<Awaitable>>;
    /// As above for `fn(args...)`, which are kept while it runs.
    template <class Fn, class... Args>
        requires(!detail::awaitable<Fn>) && detail::task_function<Fn, Args...>
    auto spawn(Fn fn, Args... args) -> member_future<detail::result_of<detail::call_result<Fn, Args...>>>;

    /// Ends the body and all members, quietly: errors raised meanwhile still count, cancellation doesn't. For a body
    /// with a result that was ended by this, `with_group` raises `cancelled`.
    void cancel() noexcept { join_.cancel_quietly(); }

    std::size_t size() const noexcept { return join_.members(); } ///< members that have not ended

private:
    template <class Body, class T> friend class detail::group_awaiter;
    explicit group(detail::group_join& join) noexcept : join_(join) {}

    detail::group_join& join_;
};

namespace detail {

/// A task that belongs to a group.
template <class T> class member : public flight<T, branch_base> {
public:
    explicit member(task<T> work) noexcept : flight<T, branch_base>(std::move(work)) {}

    /// Without a place it is named by that of its coroutine.
    void enter(group_join& owner, const std::source_location* at) noexcept
    {
        this->attach(owner, 0, at ? *at : this->where());
        keeper_ = &this->home();
    }

    const failure* error() const noexcept override { return this->result_.failed() ? &this->result_.error() : nullptr; }

    /// The group has taken note: answers whoever waits for the future, and goes.
    void settle_future() noexcept override
    {
        this->let_go();
        this->observe(); // by the group
        this->complete();
        this->release();
    }
    void handle_dropped() noexcept override {}
    void destroy_unfinished() noexcept override
    {
        this->fail_as_closed();
        this->let_go();
        this->leave_tree();
        this->complete();
        this->release();
    }

private:
    executor& keeper() const noexcept override { return *keeper_; }
    std::coroutine_handle<> over() noexcept override { return this->ended(); }

    executor* keeper_ = nullptr; ///< the group's
};

template <class T> member_future<T> start(member<T>& made, group_join& owner, const std::source_location* at)
{
    member_future<T> handle(made);
    made.enter(owner, at);
    owner.add(made);
    return handle;
}

template <class Body, class T> class group_awaiter final : public group_join {
public:
    group_awaiter(Body&& body, group_options options)
        : group_join(options), group_(*this), function_(std::move(body)), branch_(as_task(function_(group_)))
    {
    }

    ~group_awaiter() { destroy_branches(&branch_); }

    bool await_ready() const noexcept { return false; }
    template <std::derived_from<promise_base> Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> frame) noexcept
    {
        wait_in(frame.promise());
        body_ = &branch_;
        const std::coroutine_handle<> begun = branch_.begin(*this, 0);
        settle();
        return begun;
    }
    T await_resume()
    {
        const bool quiet = phase_ == phase::cancelled && !asked_to_end();
        phase_ = phase::over;
        if (body_error_)
            errors_.push_back(std::move(body_error_));
        if (!errors_.empty()) {
            if (asked_to_end())
                frame().line->cancel_again();
            throw error_group("errors in a group", std::move(errors_));
        }
        if (asked_to_end()) {
            if (member_cancelled_)
                throw cancelled{};
            if (body_ended_before_)
                frame().line->cancel_again(); // only members got the request, and took no notice
        }
        pass_on_request();
        if constexpr (std::is_void_v<T>)
            if (quiet && branch_.error())
                return;
        return branch_.take();
    }

private:
    group group_;
    Body function_;
    branch<T> branch_;
};

template <class Body> class [[nodiscard("nothing starts until it is awaited: co_await it")]] group_call {
    using T = result_of<std::invoke_result_t<Body&, group&>>;

public:
    group_call(Body body, group_options options) : body_(std::move(body)), options_(options) {}
    group_awaiter<Body, T> operator co_await() && { return {std::move(body_), options_}; }

private:
    Body body_;
    group_options options_;
};

} // namespace detail

/// Runs `body(group)`, waits for all that was spawned into the group, and gives the body's result.
template <class Body>
    requires detail::awaitable<std::invoke_result_t<Body&, group&>>
detail::group_call<Body> with_group(Body body, group_options options = {})
{
    detail::refuse_null(body);
    return {std::move(body), options};
}

template <detail::awaitable Awaitable>
auto group::spawn(Awaitable work, std::source_location at) -> member_future<detail::result_of<Awaitable>>
{
    using T = detail::result_of<Awaitable>;
    auto described = detail::as_task(std::move(work));
    try {
        join_.check_open();
    } catch (...) {
        described.discard();
        throw;
    }
    return detail::start(*new detail::member<T>(std::move(described)), join_, &at);
}

template <class Fn, class... Args>
    requires(!detail::awaitable<Fn>) && detail::task_function<Fn, Args...>
auto group::spawn(Fn fn, Args... args) -> member_future<detail::result_of<detail::call_result<Fn, Args...>>>
{
    using T = detail::result_of<detail::call_result<Fn, Args...>>;
    join_.check_open();
    detail::refuse_null(fn);
    using flight = detail::flight_of_call<detail::member<T>, Fn, Args...>;
    return detail::start<T>(*new flight(std::move(fn), std::move(args)...), join_, nullptr);
}

} // namespace simul
