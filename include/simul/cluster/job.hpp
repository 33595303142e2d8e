// SPDX-License-Identifier: MIT
//
// job: a function that other machines can be asked to run, by its name.
//
//     double area(std::string image, double factor);
//     inline simul::cluster::job<&area> area_job{"img.area", {"image", "factor"}};
//
//     future<double> far = app.submit(area_job, "cat.png", 2.0); // a worker runs it, wherever it is
//     double near = area_job("cat.png", 2.0);                    // here and now
//
// A job is a global object; programs that have it, as clients and as workers, know it by the name, and so do Python's. The
// names of the parameters are what Python may say as keyword arguments; parameters that are `optional` may be left out.
// Arguments and the result travel as JSON: they are what simul/text/json.hpp knows.
//
// A function runs in a process of the worker's pool; one that returns a `task` on the worker's loop, among thousands: for
// jobs that wait more than they compute.
#pragma once

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/detail/awaitable.hpp>
#include <simul/detail/process_call.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::cluster {

struct job_settings {
    unsigned retries = 0;                                ///< how often it is begun again after an error
    duration backoff = std::chrono::seconds(1);          ///< the longest wait before the first retry; it doubles
    duration longest_backoff = std::chrono::minutes(10); ///< ... up to this; the waits are random
    duration time_limit = duration::max();               ///< from when it begins; then its process is ended
};

/// The arguments don't fit the job: Python's TypeError.
class argument_error : public error {
public:
    explicit argument_error(std::string what) : error(std::errc::invalid_argument, std::move(what)) {}
};

namespace detail {

/// A job, whatever its function. All of them are in one list; they are made before `main`, or while a library is loaded.
class any_job {
public:
    using name_list = std::vector<std::string_view>;
    /// How it is called, of which one is null.
    struct calls {
        json::value (*now)(const any_job& self, json::array& args, json::object& kwargs);
        task<json::value> (*soon)(const any_job& self, json::array args, json::object kwargs);
    };

    any_job(const any_job&) = delete;
    any_job& operator=(const any_job&) = delete;

    std::string_view name() const noexcept { return name_; }
    const name_list& parameters() const noexcept { return parameters_; }
    const job_settings& settings() const noexcept { return settings_; }
    bool is_coroutine() const noexcept { return calls_.soon != nullptr; }

    /// *Throws:* `argument_error`, and what the function does.
    json::value run(json::array args, json::object kwargs) const { return calls_.now(*this, args, kwargs); }
    task<json::value> start(json::array args, json::object kwargs) const
    {
        return calls_.soon(*this, std::move(args), std::move(kwargs));
    }

    /// Null when there is none. *Throws:* `error` when two have this name.
    static const any_job* find(std::string_view name);
    /// Of a function.
    static const any_job* find(void (*function)()) noexcept;
    static std::vector<const any_job*> all();

protected:
    any_job(std::string_view name, name_list parameters, job_settings settings, calls how, void (*function)());
    ~any_job();

    /// The arguments in the order of the parameters, null where there is none.
    std::vector<json::value> bind(json::array& args, json::object& kwargs, std::size_t taken,
                                  const bool* may_miss) const;
    [[noreturn]] void refuse(std::size_t index, const json::error& why) const;

private:
    /// For messages: its name, or its number.
    std::string parameter(std::size_t index) const;

    std::string_view name_;
    name_list parameters_;
    job_settings settings_;
    calls calls_;
    void (*function_)();
    any_job* next_;
};

template <class T> inline constexpr bool may_miss = false;
template <class T> inline constexpr bool may_miss<std::optional<T>> = true;

template <class T> json::value to_value(const T& result)
{
    if constexpr (std::is_constructible_v<json::value, const T&>)
        return json::value(result);
    else
        return json::parse(json::dump(result));
}

} // namespace detail

template <auto Fn> class job final : public detail::any_job {
    using function = std::decay_t<decltype(Fn)>;
    using signature = simul::detail::signature_of<function>;

public:
    using arguments = typename signature::arguments;
    static constexpr bool coroutine = simul::detail::awaitable<typename signature::result>;
    /// What a caller gets.
    using result = typename decltype([] {
        if constexpr (coroutine)
            return std::type_identity<simul::detail::result_of<typename signature::result>>();
        else
            return std::type_identity<typename signature::result>();
    }())::type;

    explicit job(std::string_view name, std::initializer_list<std::string_view> parameters = {},
                 job_settings settings = {})
        : any_job(name, parameters, settings, {coroutine ? nullptr : &now, coroutine ? &soon : nullptr},
                  reinterpret_cast<void (*)()>(Fn))
    {
    }

    /// Here and now.
    template <class... Args> decltype(auto) operator()(Args&&... args) const { return Fn(std::forward<Args>(args)...); }

private:
    static_assert(!signature::gives_back,
                  "simul: a job gets copies of its arguments, so what it writes through a reference would be lost: "
                  "return it");

    static arguments read(const any_job& self, json::array& args, json::object& kwargs)
    {
        const job& me = static_cast<const job&>(self);
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            constexpr bool optional[] = {detail::may_miss<std::tuple_element_t<I, arguments>>..., false};
            const std::vector<json::value> bound = me.bind(args, kwargs, sizeof...(I), optional);
            return arguments{me.template argument<std::tuple_element_t<I, arguments>>(bound[I], I)...};
        }(std::make_index_sequence<signature::size>());
    }
    template <class T> T argument(const json::value& from, std::size_t index) const
    {
        try {
            return from.as<T>();
        } catch (const json::error& why) {
            refuse(index, why);
        }
    }

    static json::value now(const any_job& self, json::array& args, json::object& kwargs)
    {
        if constexpr (!coroutine) {
            function fn = Fn;
            arguments with = read(self, args, kwargs);
            if constexpr (std::is_void_v<result>) {
                signature::call(fn, with);
                return {};
            } else {
                return detail::to_value(signature::call(fn, with));
            }
        }
        return {};
    }
    static task<json::value> soon(const any_job& self, json::array args, json::object kwargs)
    {
        if constexpr (coroutine) {
            function fn = Fn;
            arguments with = read(self, args, kwargs);
            if constexpr (std::is_void_v<result>)
                co_await signature::call(fn, with);
            else
                co_return detail::to_value(co_await signature::call(fn, with));
        }
        co_return json::value();
    }
};

} // namespace simul::cluster
