// SPDX-License-Identifier: MIT
//
// What a future of the cluster and the app's loop know of each other: part of simul/cluster/app.hpp, which is what to include.
#pragma once

#include <simul/base/error.hpp>
#include <simul/detail/future_state.hpp>
#include <simul/detail/outside_job.hpp>
#include <simul/detail/refuse_null.hpp>
#include <simul/text/json.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::cluster {

/// What a job tells while it runs.
struct progress {
    std::string id;    ///< of the job
    std::string state; ///< "PROGRESS"; "STARTED", where workers tell that; "RETRY"; or a word of the job's own
    json::value value; ///< what was told
};

/// What is called with each `progress`: any function of one. On the app's loop, so it must not block.
class progress_handler {
public:
    progress_handler() noexcept = default;
    template <std::invocable<const progress&> Fn>
        requires(!std::same_as<std::remove_cvref_t<Fn>, progress_handler>)
    progress_handler(Fn fn) : fn_(std::make_shared<holder<Fn>>(std::move(fn)))
    {
        simul::detail::refuse_null(static_cast<holder<Fn>&>(*fn_).fn);
    }

    explicit operator bool() const noexcept { return fn_ != nullptr; }
    void operator()(const progress& told) const { fn_->call(told); }

private:
    struct callable {
        virtual ~callable() = default;
        virtual void call(const progress& told) = 0;
    };
    template <class Fn> struct holder final : callable {
        explicit holder(Fn f) : fn(std::move(f)) {}
        void call(const progress& told) override { fn(told); }
        Fn fn;
    };

    std::shared_ptr<callable> fn_;
};

namespace detail {

class app_core;
class app_session;

struct listener {
    std::string id; ///< of the job
    progress_handler handler;
};

/// Jobs that are described: what `submit` takes.
struct described {
    json::value signature; ///< as the Celery protocol has it
    std::string name;      ///< for messages
    std::vector<listener> listeners;
};

enum class order_kind : std::uint8_t {
    submit,  ///< publish, and bring the results
    publish, ///< publish; the result is the id
    look,    ///< bring the result of the job whose id is the signature
    revoke,  ///< the job whose id is the signature
    close,   ///< end the app
};

/// What a future asks of an app. Its members belong to the app's loop once it was given to it; both hold a share.
class order {
public:
    order(const order&) = delete;
    order& operator=(const order&) = delete;

    /// All of it is here, in order. As `fail`, once.
    virtual void deliver(std::vector<json::value> results) noexcept = 0;
    virtual void fail(std::exception_ptr error) noexcept = 0;
    /// As `fail`, when the app ends: nobody has to look at it.
    virtual void abandon_with(std::exception_ptr error) noexcept = 0;

    virtual void take_share() noexcept = 0;
    virtual void give_back_share() noexcept = 0;

    const order_kind kind;
    described what;

protected:
    order(order_kind of_kind, described jobs) noexcept : kind(of_kind), what(std::move(jobs)) {}
    ~order() = default;

private:
    friend app_session;

    bool over_ = false;
    std::vector<std::string> ids_;     ///< whose outcomes it waits for
    std::vector<json::value> results_; ///< those that are here
    std::size_t missing_ = 0;
};

/// *Throws:* `closed_error`; then nobody will answer it.
void give(const std::shared_ptr<app_core>& app, order& asked);
void withdraw(app_core& app, order& asked) noexcept;
/// While it exists, the virtual time of who asks stands still; none where that is the app's loop.
simul::detail::outside_job wait_outside(const app_core& app) noexcept;
[[noreturn]] void refuse_result(const std::string& name, const json::error& why);

// ---- what results become

template <class R> struct one_result {
    using type = R;
    static R read(std::vector<json::value>& from)
    {
        if constexpr (!std::is_void_v<R>)
            return from.at(0).template as<R>();
    }
};

template <class Shape> inline constexpr bool is_single = false;
template <class R> inline constexpr bool is_single<one_result<R>> = true;

/// One for each part of a group.
template <class R> struct list_of_results {
    using type = std::conditional_t<std::is_void_v<R>, void, std::vector<R>>;
    static type read(std::vector<json::value>& from)
    {
        if constexpr (!std::is_void_v<R>) {
            std::vector<R> all;
            all.reserve(from.size());
            for (const json::value& each : from)
                all.push_back(each.as<R>());
            return all;
        }
    }
};

/// A list for each part.
template <class R> struct chunks_of_results {
    using type = std::conditional_t<std::is_void_v<R>, void, std::vector<R>>;
    static type read(std::vector<json::value>& from)
    {
        if constexpr (!std::is_void_v<R>) {
            std::vector<R> all;
            for (const json::value& chunk : from)
                for (const json::value& each : chunk.elements())
                    all.push_back(each.as<R>());
            return all;
        }
    }
};

/// Different ones; those of void jobs are left out, as by `gather`.
template <class... R> struct tuple_of_results {
    using type = decltype(std::tuple_cat(
        std::declval<std::conditional_t<std::is_void_v<R>, std::tuple<>, std::tuple<R>>>()...));
    static type read(std::vector<json::value>& from)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple_cat(element<R>(from.at(I))...);
        }(std::index_sequence_for<R...>());
    }

private:
    template <class T> static auto element(const json::value& from)
    {
        if constexpr (std::is_void_v<T>)
            return std::tuple<>();
        else
            return std::tuple<T>(from.as<T>());
    }
};

/// A future whose work is in the cluster.
template <class Shape> class flight final : public order, public simul::detail::future_state<typename Shape::type> {
    using value = typename Shape::type;

public:
    flight(order_kind kind, described what, const std::shared_ptr<app_core>& app)
        : order(kind, std::move(what)), simul::detail::future_state<value>(2), app_(app), name_(this->what.name),
          outside_(wait_outside(*app))
    {
    }

    /// *Throws:* what keeps it from being asked for.
    void begin()
    {
        try {
            give(std::shared_ptr(app_), *this); // which may be answered before this returns
        } catch (...) {
            this->observe();
            fail(std::current_exception());
            throw;
        }
    }

    void deliver(std::vector<json::value> results) noexcept override
    {
        try {
            read(results);
        } catch (...) {
            this->result_.fail(simul::detail::failure(std::current_exception()));
        }
        end();
    }
    void fail(std::exception_ptr error) noexcept override
    {
        this->result_.fail(simul::detail::failure(std::move(error)));
        end();
    }
    void abandon_with(std::exception_ptr error) noexcept override
    {
        this->observe();
        fail(std::move(error));
    }
    void take_share() noexcept override { this->acquire(); }
    void give_back_share() noexcept override { this->release(); }

    bool request_cancel() noexcept override
    {
        std::shared_ptr<app_core> app;
        {
            const simul::detail::guard held(this->waiters_);
            app = app_;
        }
        if (app)
            withdraw(*app, *this);
        return app != nullptr;
    }
    std::string name() const override { return name_; }
    void rename(std::string name) override { name_ = std::move(name); }

private:
    void read(std::vector<json::value>& results)
    try {
        if constexpr (std::is_void_v<value>)
            this->result_.emplace();
        else
            this->result_.emplace(Shape::read(results));
    } catch (const json::error& why) {
        refuse_result(what.name, why);
    }
    /// The result is in place.
    void end() noexcept
    {
        const simul::detail::outside_job over = std::move(outside_); // for its loop, after who waits there was called
        std::shared_ptr<app_core> let_go;
        {
            const simul::detail::guard held(this->waiters_);
            let_go = std::move(app_);
            this->complete_locked();
        }
        this->release();
    }

    std::shared_ptr<app_core> app_; ///< null when done
    std::string name_;
    simul::detail::outside_job outside_;
};

} // namespace detail
} // namespace simul::cluster
