// SPDX-License-Identifier: MIT
//
// call: a job and its arguments, not begun yet. `app.submit(area_job, "cat.png", 2.0)` makes one and submits it; workflows
// (workflow.hpp) are made of them.
//
//     auto one = cluster::call(area_job, "cat.png", 2.0);
//     auto two = cluster::call({.queue = "gpu"}, area_job, "dog.png", cluster::keyword("factor", 2.0));
//     auto python = cluster::call<double>("tasks.add", 2, cluster::keyword("y", 3));   // a job of which only the name is known
//
// What is called is a job, or a function that is one: `call(area, "cat.png", 2.0)`. Arguments are converted to what the function
// takes, as in any call, and copied. When its first argument is left out, the call gets it from the step before it in a chain.
#pragma once

#include <simul/base/time.hpp>
#include <simul/cluster/job.hpp>
#include <simul/cluster/order.hpp>
#include <simul/detail/process_call.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul::cluster {

/// An argument by the name of its parameter.
template <class T> struct keyword {
    std::string_view name;
    T value;
};
template <class T> keyword(const char*, T) -> keyword<T>;

/// How a job is to be done; or all jobs of a workflow, by `with`.
struct submit_options {
    std::string queue = {};                                                   ///< empty: the app's
    duration countdown = duration::zero();                                    ///< it begins after so long
    std::optional<std::chrono::system_clock::time_point> eta = {};            ///< it begins then; rather than the countdown
    duration expires = duration::max();                                       ///< not begun for so long, it never is: `job_revoked`
    std::optional<int> priority = {};           ///< 0 to 9; first comes 0 with Redis, and 9 with RabbitMQ
    duration time_limit = duration::max();      ///< from when it begins; then its process is ended: `timeout_error`
    duration soft_time_limit = duration::max(); ///< ... then it is told, where it is Python: SoftTimeLimitExceeded
    bool ignore_result = false;                 ///< of `publish`: nothing is kept of it
    std::string id = {};                        ///< by which it is known to all; a job of this id that is done isn't done again
    std::string shadow = {};                    ///< the name that monitors show
    progress_handler on_progress = {};          ///< called with what the job tells
};

namespace detail {

/// What a call takes from the step before it, where that is no type: anything, or nothing although there is something.
struct anything {};
struct ignored {};

/// Arguments, as they travel.
struct spoken {
    json::array args = {};
    json::object kwargs = {};

    template <class T> void add(const T& argument) { args.push_back(to_value(argument)); }
    template <class T> void add_keyword(const keyword<T>& argument)
    {
        if constexpr (std::is_convertible_v<const T&, std::string_view>)
            kwargs[argument.name] = std::string_view(argument.value);
        else
            kwargs[argument.name] = to_value(argument.value);
    }
};

template <class T> inline constexpr bool is_keyword = false;
template <class T> inline constexpr bool is_keyword<keyword<T>> = true;

/// How the arguments of a call meet the parameters of a job.
template <class Parameters, class... Args> struct matching {
    static constexpr std::size_t taken = std::tuple_size_v<Parameters>;
    static constexpr std::size_t given = sizeof...(Args);
    /// Parameters that must have an argument: all but the last ones that are optional.
    static constexpr std::size_t needed = [] {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t last = 0;
            ((last = may_miss<std::tuple_element_t<I, Parameters>> ? last : I + 1), ...);
            return last;
        }(std::make_index_sequence<taken>());
    }();
    static_assert(given <= taken, "simul: the job takes fewer arguments");
    static_assert(given + 1 >= needed, "simul: the job takes more arguments");
    /// The first is left out.
    static constexpr bool partial = given < needed;
    static constexpr std::size_t from = partial ? 1 : 0;

    using first =
        typename std::conditional_t<partial, std::tuple_element<0, Parameters>, std::type_identity<void>>::type;

    static spoken speak(const Args&... args)
    {
        spoken said;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (add<I>(said, args), ...);
        }(std::index_sequence_for<Args...>());
        return said;
    }

private:
    template <std::size_t I, class Arg> static void add(spoken& to, const Arg& argument)
    {
        if constexpr (is_keyword<Arg>) {
            to.add_keyword(argument);
        } else {
            using T = std::tuple_element_t<I + from, Parameters>;
            if constexpr (std::is_same_v<T, std::string> && std::is_convertible_v<const Arg&, std::string_view>)
                to.args.emplace_back(std::string_view(argument));
            else
                to.add<T>(argument);
        }
    }
};

/// Of arguments for a job of which nothing is known.
template <class... Args> spoken speak(const Args&... args)
{
    spoken said;
    const auto add = [&]<class Arg>(const Arg& argument) {
        if constexpr (is_keyword<Arg>)
            said.add_keyword(argument);
        else if constexpr (std::is_convertible_v<const Arg&, std::string_view>)
            said.args.emplace_back(std::string_view(argument));
        else
            said.add(argument);
    };
    (add(args), ...);
    return said;
}

/// Its job. *Throws:* `error` for one that is none.
const any_job& job_of(void (*function)());

template <class What> struct target;
template <auto Fn> struct target<job<Fn>> {
    using arguments = typename job<Fn>::arguments;
    using result = typename job<Fn>::result;
    static const any_job& of(const job<Fn>& itself) { return itself; }
};
template <class R> struct result_when_done {
    using type = R;
};
template <simul::detail::awaitable R> struct result_when_done<R> {
    using type = simul::detail::result_of<R>;
};
template <class R, class... P> struct target<R (*)(P...)> {
    using arguments = typename simul::detail::signature_of<R (*)(P...)>::arguments;
    using result = typename result_when_done<typename simul::detail::signature_of<R (*)(P...)>::result>::type;
    static const any_job& of(R (*function)(P...)) { return job_of(reinterpret_cast<void (*)()>(function)); }
};
template <class R, class... P> struct target<R (*)(P...) noexcept> : target<R (*)(P...)> {};

template <class What>
concept callable_job = requires { typename target<std::decay_t<What>>::result; };

described describe_call(std::string_view name, spoken arguments, submit_options options);
/// *Throws:* `argument_error` for keywords that the job doesn't have, or that a positional argument is there for.
described describe_call(const any_job& job, spoken arguments, std::size_t from, submit_options options);
/// So many elements, or a 64th of all, to a job.
described describe_map(const any_job& job, json::array elements, std::size_t chunk);
void make_immutable(described& of);
void add_options(described& to, const submit_options& options);
void add_callback(described& to, described next);
void add_errback(described& to, described next);

} // namespace detail

/// Work that is described and not begun; `Shape` says what its future gives, `First` what it takes from the step before.
template <class Shape, class First = void> class [[nodiscard("it is only described: submit it")]] signature {
public:
    using result = typename Shape::type;
    using first = First;

    explicit signature(detail::described made) noexcept : made_(std::move(made)) {}

    /// The same, which takes nothing from the step before it in a chain.
    auto immutable() &&
    {
        static_assert(std::is_void_v<First> || std::is_same_v<First, detail::anything>,
                      "simul: this call has no first argument unless it takes that of the step before");
        detail::make_immutable(made_);
        return signature<Shape, detail::ignored>(std::move(made_));
    }
    /// The same, with options for the whole: each of its jobs has those that it doesn't say itself. `countdown` and `eta` are of what
    /// begins first, `id` is of what has the result; `expires` counts from now for all of them.
    signature with(const submit_options& options) &&
    {
        detail::add_options(made_, options);
        return std::move(*this);
    }
    /// When it is done, `next` begins, with its result. Nobody here waits for that.
    template <class S, class F> signature link(signature<S, F> next) &&
    {
        static_assert(detail::is_single<Shape>, "simul: what follows a group is a chord, or the next step of a chain");
        detail::add_callback(made_, std::move(next).take());
        return std::move(*this);
    }
    /// When a job of it fails, `next` begins, with the id of that job. Nobody here waits for it.
    template <class S, class F> signature on_error(signature<S, F> next) &&
    {
        static_assert(std::is_same_v<F, std::string> || std::is_same_v<F, detail::anything> ||
                          std::is_same_v<F, detail::ignored>,
                      "simul: what is called on errors takes the id of the failed job, a string");
        detail::add_errback(made_, std::move(next).take());
        return std::move(*this);
    }

    detail::described take() && { return std::move(made_); }

private:
    detail::described made_;
};

template <detail::callable_job What, class... Args> auto call(submit_options options, const What& what, const Args&... args)
{
    using target = detail::target<std::decay_t<What>>;
    using matching = detail::matching<typename target::arguments, std::decay_t<const Args&>...>;
    return signature<detail::one_result<typename target::result>, typename matching::first>(
        detail::describe_call(target::of(what), matching::speak(args...), matching::from, std::move(options)));
}
template <detail::callable_job What, class... Args> auto call(const What& what, const Args&... args)
{
    return call(submit_options(), what, args...);
}
/// A job that is known by name, and what it gives.
template <class R, class... Args>
signature<detail::one_result<R>, detail::anything> call(submit_options options, std::string_view name, const Args&... args)
{
    return signature<detail::one_result<R>, detail::anything>(
        detail::describe_call(name, detail::speak(args...), std::move(options)));
}
template <class R, class... Args>
signature<detail::one_result<R>, detail::anything> call(std::string_view name, const Args&... args)
{
    return call<R>(submit_options(), name, args...);
}

} // namespace simul::cluster
