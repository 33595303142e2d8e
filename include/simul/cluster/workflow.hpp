// SPDX-License-Identifier: MIT
//
// workflow: jobs that follow each other, without the client in between.
//
//     auto steps = cluster::chain(cluster::call(load_job, "cat.png"),   // image load(path)
//                                 cluster::call(scale_job, 0.5),        // image scale(image, double), of the image before
//                                 cluster::call(save_job));             // std::string save(image)
//     std::string saved = co_await app.submit(std::move(steps));
//
//     auto parts = cluster::group(cluster::call(area_job, "a.png", 1.0), cluster::call(area_job, "b.png", 1.0));
//     auto [a, b] = co_await app.submit(std::move(parts));
//
//     auto total = cluster::chord(cluster::group(calls), cluster::call(sum_job)); // double sum(std::vector<double>)
//
// What a step returns is the first argument of the next; that it fits is checked when this is compiled. Workers begin the next
// step themselves, be they in C++ or Python: that is the Celery protocol's chain, group and chord.
//
// The first error ends the whole: what has not begun never does, and the future gets it.
#pragma once

#include <simul/cluster/call.hpp>

#include <concepts>
#include <cstddef>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simul::cluster {
namespace detail {

template <class First> inline constexpr bool takes_any = std::is_same_v<First, anything> || std::is_same_v<First, ignored>;

/// Whether a step that takes `To` first may come after one that gives `From`.
template <class From, class To>
inline constexpr bool follows = takes_any<To> || (!std::is_void_v<From> && !std::is_void_v<To> && std::is_convertible_v<From, To>);

template <class From, class To> consteval void check_step()
{
    static_assert(!std::is_void_v<To>,
                  "simul: this step has all its arguments, so it has no room for the result of the step before it: leave the "
                  "first one out, or say .immutable()");
    static_assert(follows<From, To>, "simul: what a step gives doesn't fit the first argument of the next");
}

described make_chain_of(std::vector<described> steps);
described make_group_of(std::vector<described> parts);
described make_chord_of(described group, described body);

template <class Signature> struct signature_traits;
template <class Shape, class First> struct signature_traits<signature<Shape, First>> {
    using shape = Shape;
    using first = First;
};
template <class S> using shape_of = typename signature_traits<std::remove_cvref_t<S>>::shape;
template <class S> using first_of = typename signature_traits<std::remove_cvref_t<S>>::first;
template <class Shape> struct single;
template <class R> struct single<one_result<R>> {
    using type = R;
};
template <class S> using single_result = typename single<shape_of<S>>::type;

template <class S>
concept describes_work = requires { typename shape_of<S>; };

/// What a group takes: what all of its parts do.
template <class First, class... Others> struct common_first {
    using type = First;
};
template <class First, class Second, class... Rest> struct common_first<First, Second, Rest...> {
    static_assert(std::is_same_v<First, Second> || takes_any<First> || takes_any<Second>,
                  "simul: the parts of a group get the same result of the step before it, so they take the same");
    using type = typename common_first<std::conditional_t<takes_any<First>, Second, First>, Rest...>::type;
};

template <class First, class Second, class... Rest> consteval void check_chain()
{
    check_step<typename First::result, first_of<Second>>();
    if constexpr (sizeof...(Rest) > 0)
        check_chain<Second, Rest...>();
}

} // namespace detail

/// One after the other: each gets what the one before it gave, a group's all of its results. It ends in one job.
template <detail::describes_work First, detail::describes_work... Rest> auto chain(First first, Rest... rest)
{
    using last = std::tuple_element_t<sizeof...(Rest), std::tuple<First, Rest...>>;
    if constexpr (sizeof...(Rest) > 0)
        detail::check_chain<First, Rest...>();
    static_assert(detail::is_single<detail::shape_of<last>>,
                  "simul: a chain ends in one job: for the results of a group, submit the group");
    std::vector<detail::described> steps;
    steps.reserve(1 + sizeof...(Rest));
    steps.push_back(std::move(first).take());
    (steps.push_back(std::move(rest).take()), ...);
    return signature<detail::shape_of<last>, detail::first_of<First>>(detail::make_chain_of(std::move(steps)));
}

/// All at once. Its result is a tuple; void ones are left out.
template <detail::describes_work... Parts> auto group(Parts... parts)
{
    static_assert((detail::is_single<detail::shape_of<Parts>> && ...), "simul: a group is made of jobs and chains");
    std::vector<detail::described> all;
    all.reserve(sizeof...(Parts));
    (all.push_back(std::move(parts).take()), ...);
    return signature<detail::tuple_of_results<detail::single_result<Parts>...>,
                     typename detail::common_first<detail::first_of<Parts>...>::type>(
        detail::make_group_of(std::move(all)));
}

/// All at once: those of a range of one kind, of which it takes what isn't const. Its result is a vector.
template <std::ranges::input_range Range>
    requires detail::describes_work<std::ranges::range_value_t<Range>>
auto group(Range&& parts)
{
    using part = std::ranges::range_value_t<Range>;
    static_assert(detail::is_single<detail::shape_of<part>>, "simul: a group is made of jobs and chains");
    std::vector<detail::described> all;
    for (auto&& each : parts) {
        part taken = static_cast<std::conditional_t<std::is_lvalue_reference_v<Range>, part&, part&&>>(each);
        all.push_back(std::move(taken).take());
    }
    return signature<detail::list_of_results<detail::single_result<part>>, detail::first_of<part>>(
        detail::make_group_of(std::move(all)));
}

/// When all of the group is done, `body` with the list of its results. Needs a place where results are kept: Redis.
template <class Shape, class First, class BodyShape, class BodyFirst>
auto chord(signature<Shape, First> group, signature<BodyShape, BodyFirst> body)
{
    static_assert(!detail::is_single<Shape>, "simul: a chord begins with a group");
    static_assert(detail::is_single<BodyShape>, "simul: a chord ends in one job or chain");
    detail::check_step<typename Shape::type, BodyFirst>();
    return signature<BodyShape, First>(detail::make_chord_of(std::move(group).take(), std::move(body).take()));
}

} // namespace simul::cluster
