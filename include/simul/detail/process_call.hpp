// SPDX-License-Identifier: MIT
//
// Calls in other processes: what of a function and its arguments travels, what a worker does with them, and the futures
// of the results.
#pragma once

#include <simul/detail/awaitable.hpp>
#include <simul/detail/future_state.hpp>
#include <simul/detail/outside_job.hpp>
#include <simul/detail/process_job.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace simul::detail {

/// How an argument travels that is taken as T.
template <class T> struct travelling {
    using type = std::decay_t<T>;
};
template <class T>
    requires std::same_as<std::decay_t<T>, const char*> || std::same_as<std::decay_t<T>, char*> ||
             std::same_as<std::decay_t<T>, std::string_view>
struct travelling<T> {
    using type = std::string;
};
template <class T> using travels_as = typename travelling<T>::type;

/// What a job's function takes and gives.
template <class R, class... P> struct signature {
    using result = std::decay_t<R>;
    using arguments = std::tuple<travels_as<P>...>;
    static constexpr bool gives_back =
        ((std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>) || ...);
    static constexpr std::size_t size = sizeof...(P);

    template <class Fn> static R call(Fn& fn, arguments& with)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) -> R {
            return fn(pass<P>(std::get<I>(with))...);
        }(std::index_sequence_for<P...>());
    }

private:
    template <class Taken, class Held> static decltype(auto) pass(Held& held)
    {
        if constexpr (std::is_same_v<std::decay_t<Taken>, const char*>)
            return held.c_str();
        else
            return static_cast<std::remove_reference_t<Held>&&>(held);
    }
};

template <class Fn> struct signature_of_member;
template <class C, class R, class... P> struct signature_of_member<R (C::*)(P...)> : signature<R, P...> {};
template <class C, class R, class... P> struct signature_of_member<R (C::*)(P...) const> : signature<R, P...> {};
template <class C, class R, class... P> struct signature_of_member<R (C::*)(P...) noexcept> : signature<R, P...> {};
template <class C, class R, class... P>
struct signature_of_member<R (C::*)(P...) const noexcept> : signature<R, P...> {};

/// Of a function its own; of a lambda that of its operator; of one with `auto` parameters, what it is called with.
template <class Fn, class... Args>
struct signature_of : signature<std::invoke_result_t<Fn&, travels_as<Args>...>, travels_as<Args>...> {};
template <class R, class... P, class... Args> struct signature_of<R (*)(P...), Args...> : signature<R, P...> {};
template <class R, class... P, class... Args>
struct signature_of<R (*)(P...) noexcept, Args...> : signature<R, P...> {};
template <class Fn, class... Args>
    requires requires { &Fn::operator(); }
struct signature_of<Fn, Args...> : signature_of_member<decltype(&Fn::operator())> {};

template <class Fn> consteval void check_function()
{
    static_assert(!std::is_member_pointer_v<Fn>,
                  "simul: a process can't be given a member of an object here: write a lambda without "
                  "captures that takes the object");
    static_assert(std::is_pointer_v<Fn> || (std::is_empty_v<Fn> && std::is_default_constructible_v<Fn>),
                  "simul: a process pool takes functions and lambdas without captures: what a lambda captures is in "
                  "this process; pass it "
                  "as an argument");
}
template <class Signature> consteval void check_arguments()
{
    static_assert(!awaitable<typename Signature::result>,
                  "simul: a job in a process returns a value, not a task: call block_on(the_task) in it");
    static_assert(!Signature::gives_back,
                  "simul: a job gets copies of its arguments, so what it writes through a reference would be lost: "
                  "return it");
}

template <class Fn> Fn take_function(decoder& in)
{
    if constexpr (std::is_pointer_v<Fn>)
        return reinterpret_cast<Fn>(get_code(in));
    else
        return Fn();
}

template <class T, class Arg>
using converted_argument = std::conditional_t<std::same_as<T, std::remove_cvref_t<Arg>>, const T&, T>;

template <class Tuple, class... Args> struct converted_arguments;
template <class... T, class... Args> struct converted_arguments<std::tuple<T...>, Args...> {
    std::tuple<converted_argument<T, Args>...> values;
};

/// What runs in the worker: one call.
template <class Fn, class Signature> void run_call(decoder& in, answer_sink& answer)
{
    Fn fn = take_function<Fn>(in);
    auto arguments = in.get<typename Signature::arguments>();
    in.finish();
    if constexpr (std::is_void_v<typename Signature::result>) {
        Signature::call(fn, arguments);
        answer.send_nothing();
    } else {
        const auto& result = Signature::call(fn, arguments);
        answer.send<typename Signature::result>(result);
    }
}

/// What runs in the worker: a chunk of a map.
template <class Fn, class Signature> void run_chunk(decoder& in, answer_sink& answer)
{
    using R = typename Signature::result;
    Fn fn = take_function<Fn>(in);
    std::vector<std::conditional_t<std::is_void_v<R>, char, R>> results;
    const std::size_t count = in.get_count();
    for (std::size_t i = 0; i < count; ++i) {
        auto arguments = in.get<typename Signature::arguments>();
        if constexpr (std::is_void_v<R>)
            Signature::call(fn, arguments);
        else
            results.push_back(Signature::call(fn, arguments));
    }
    in.finish();
    if constexpr (std::is_void_v<R>)
        answer.send_nothing();
    else
        answer.send(results);
}

template <class Fn> called_function name_of_call(const Fn& fn, remote_call call)
{
    if constexpr (std::is_pointer_v<Fn>)
        return {reinterpret_cast<std::uintptr_t>(fn), nullptr};
    else
        return {reinterpret_cast<std::uintptr_t>(call), &typeid(Fn)};
}
template <class Fn> void put_call(encoder& out, const Fn& fn, remote_call call)
{
    put_code(out, reinterpret_cast<std::uintptr_t>(call));
    if constexpr (std::is_pointer_v<Fn>)
        put_code(out, reinterpret_cast<std::uintptr_t>(fn));
}

void submit_to(pool_core& pool, process_job& job);
bool cancel_in(pool_core& pool, process_job& job) noexcept;
void help_in(pool_core& pool, const future_state_base& until_done) noexcept;
void enter_pool(pool_core& pool) noexcept;
void leave_pool(pool_core& pool) noexcept;

/// A future whose work is in a pool.
template <class T> class process_future : public future_state<T> {
public:
    std::string name() const override { return name_.empty() ? default_name() : name_; }
    void rename(std::string name) override { name_ = std::move(name); }

    bool request_cancel() noexcept final
    {
        pool_core* const pool = visit();
        if (!pool)
            return false;
        const bool taken = cancel_work(*pool);
        leave_pool(*pool);
        return taken;
    }
    void before_blocking() noexcept final
    {
        if (pool_core* const pool = visit()) {
            help_in(*pool, *this);
            leave_pool(*pool);
        }
    }

protected:
    explicit process_future(pool_core& pool) noexcept : future_state<T>(2), pool_(&pool), outside_(outside_job::begin())
    {
    }

    virtual bool cancel_work(pool_core& pool) noexcept = 0;
    virtual std::string default_name() const = 0;

    /// The result is in place. The pool may be gone as soon as this is known.
    void end() noexcept
    {
        const outside_job over = std::move(outside_); // for its loop, after who waits there was called
        {
            const guard held(this->waiters_);
            pool_ = nullptr;
            this->complete_locked();
        }
        this->release();
    }

private:
    /// The pool, which stays while it is visited; null when the result is there.
    pool_core* visit() noexcept
    {
        const guard held(this->waiters_);
        if (pool_)
            enter_pool(*pool_);
        return pool_;
    }

    pool_core* pool_; ///< null when done
    outside_job outside_;
    std::string name_;
};

/// One call.
template <class T> class process_call final : public process_job, public process_future<T> {
public:
    process_call(pool_core& pool, called_function fn) noexcept : process_job(fn), process_future<T>(pool) {}

    /// *Throws:* what keeps it from being submitted.
    void start(pool_core& pool)
    {
        try {
            submit_to(pool, *this);
        } catch (...) {
            this->observe();
            fail(std::current_exception());
            throw;
        }
    }

    void deliver(decoder& answer) noexcept override
    {
        try {
            if constexpr (std::is_void_v<T>)
                this->result_.emplace();
            else
                this->result_.emplace(answer.get<T>());
            answer.finish();
        } catch (...) {
            this->result_.fail(failure(std::current_exception()));
        }
        this->end();
    }
    void fail(std::exception_ptr error) noexcept override
    {
        this->result_.fail(failure(std::move(error)));
        this->end();
    }

private:
    bool cancel_work(pool_core& pool) noexcept override { return cancel_in(pool, *this); }
    std::string default_name() const override { return function.name(); }
};

/// The calls of a map, in chunks.
template <class T>
class process_map final : public process_future<std::conditional_t<std::is_void_v<T>, void, std::vector<T>>> {
    using results = std::conditional_t<std::is_void_v<T>, void, std::vector<T>>;
    struct nothing {};
    using part = std::conditional_t<std::is_void_v<T>, nothing, std::vector<T>>;

public:
    using value_type = results;

    class chunk final : public process_job {
    public:
        chunk(process_map& of, called_function fn) noexcept : process_job(fn), of_(of) {}

        void deliver(decoder& answer) noexcept override
        {
            try {
                if constexpr (!std::is_void_v<T>)
                    result_ = answer.get<part>();
                answer.finish();
                of_.part_done({});
            } catch (...) {
                of_.part_done(std::current_exception());
            }
        }
        void fail(std::exception_ptr error) noexcept override { of_.part_done(std::move(error)); }

    private:
        friend process_map;
        process_map& of_;
        part result_;
    };

    process_map(pool_core& pool, called_function fn) noexcept : process_future<results>(pool), function_(fn) {}

    chunk& add() { return *chunks_.emplace_back(std::make_unique<chunk>(*this, function_)); }

    /// All at once. *Throws:* what keeps them from being submitted; those that were are cancelled.
    void start(pool_core& pool)
    {
        left_ = chunks_.size() + 1; // so that it doesn't end before this does
        std::exception_ptr refused;
        for (const auto& each : chunks_) {
            std::exception_ptr stop = refused ? refused : first_error();
            try {
                if (!stop)
                    submit_to(pool, *each);
            } catch (...) {
                stop = refused = std::current_exception();
                this->observe();
            }
            if (stop)
                part_done(stop);
        }
        part_done({});
        if (refused)
            std::rethrow_exception(refused);
    }
    /// It comes to nothing.
    void refuse(std::exception_ptr error) noexcept
    {
        error_ = std::move(error);
        gather();
    }

private:
    bool cancel_work(pool_core& pool) noexcept override
    {
        bool taken = false;
        for (const auto& each : chunks_)
            taken |= cancel_in(pool, *each);
        return taken;
    }
    std::string default_name() const override { return "map " + function_.name(); }

    std::exception_ptr first_error() noexcept
    {
        const guard held(this->waiters_);
        return error_;
    }
    void part_done(std::exception_ptr error) noexcept
    {
        bool is_first = false;
        {
            const guard held(this->waiters_);
            if (error && !error_) {
                error_ = std::move(error);
                is_first = true;
            }
        }
        if (is_first) // the others need not be done; this one keeps everything alive meanwhile
            this->request_cancel();
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            gather();
    }
    void gather() noexcept
    {
        try {
            if (error_)
                std::rethrow_exception(error_);
            if constexpr (std::is_void_v<T>) {
                this->result_.emplace();
            } else {
                std::vector<T> all;
                for (const auto& each : chunks_)
                    all.insert(all.end(), std::make_move_iterator(each->result_.begin()),
                               std::make_move_iterator(each->result_.end()));
                this->result_.emplace(std::move(all));
            }
        } catch (...) {
            this->result_.fail(failure(std::current_exception()));
        }
        this->end();
    }

    called_function function_;
    std::vector<std::unique_ptr<chunk>> chunks_;
    std::exception_ptr error_;
    std::atomic<std::size_t> left_{0};
};

} // namespace simul::detail
