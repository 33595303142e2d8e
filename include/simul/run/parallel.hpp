// SPDX-License-Identifier: MIT
//
// parallel_for, parallel_reduce, parallel_sort: tasks that split themselves.
//
//     simul::thread_pool pool;
//     pool.submit(simul::parallel_for(0, 1'000'000, [&](int i) { out[i] = f(in[i]); })).result();
//     double sum = co_await pool.submit(simul::parallel_reduce(in, 0.0, std::plus<>()));
//     co_await simul::parallel_sort(words);                  // in a task of a pool
//
// They are made of `gather`, so they are parallel in a thread pool and plain loops elsewhere. A piece of at most `grain`
// elements is done in one go; the default makes about 64 pieces.
//
// *Cancel:* and errors: pieces that have not begun are dropped; those under way are waited for.
// *Lifetime:* ranges and functions are taken by reference where they are named, and must outlive the task.
#pragma once

#include <simul/run/thread_pool.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/task.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace simul {

struct parallel_options {
    std::size_t grain = 0; ///< at most so many elements in one go; 0: a 64th of all
};

namespace detail {

inline std::size_t grain_for(std::size_t count, parallel_options options) noexcept
{
    return options.grain != 0 ? options.grain : count / 64 + 1;
}

// What is counted: an index, or an iterator.
template <class Place> std::size_t places_between(const Place& from, const Place& to)
{
    return to <= from ? 0 : static_cast<std::size_t>(to - from);
}
template <class Place> Place place_after(const Place& from, std::size_t count)
{
    if constexpr (std::integral<Place>)
        return static_cast<Place>(from + static_cast<Place>(count));
    else
        return from + static_cast<std::iter_difference_t<Place>>(count);
}

template <class Place, class Visit> task<> visit_pieces(Place from, std::size_t count, std::size_t grain, Visit& visit)
{
    if (count > grain) {
        const std::size_t half = count / 2;
        co_await gather(visit_pieces(from, half, grain, visit),
                        visit_pieces(place_after(from, half), count - half, grain, visit));
        co_return;
    }
    const job_scope scope;
    for (; count > 0; --count, ++from)
        visit(from);
}

template <class Place, class Fn> task<> for_indices(Place from, Place to, Fn fn, parallel_options options)
{
    const std::size_t count = places_between(from, to);
    const auto visit = [&](const Place& at) { static_cast<void>(fn(at)); };
    co_await visit_pieces(from, count, grain_for(count, options), visit);
}

template <class Range, class Fn> task<> for_elements(Range range, Fn fn, parallel_options options)
{
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    const auto visit = [&](const auto& at) { static_cast<void>(fn(*at)); };
    co_await visit_pieces(std::ranges::begin(range), count, grain_for(count, options), visit);
}

template <class T, class Place, class Combine, class Transform>
task<T> reduce_pieces(Place from, std::size_t count, std::size_t grain, Combine& combine, Transform& transform)
{
    if (count > grain) {
        const std::size_t half = count / 2;
        auto [left, right] = co_await gather(reduce_pieces<T>(from, half, grain, combine, transform),
                                             reduce_pieces<T>(place_after(from, half), count - half, grain, combine, transform));
        const job_scope scope;
        co_return combine(std::move(left), std::move(right));
    }
    const job_scope scope;
    T so_far = transform(*from);
    for (++from, --count; count > 0; --count, ++from)
        so_far = combine(std::move(so_far), transform(*from));
    co_return so_far;
}

template <class Range, class T, class Combine, class Transform>
task<T> reduce_elements(Range range, T first, Combine combine, Transform transform, parallel_options options)
{
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    if (count == 0)
        co_return first;
    T rest = co_await reduce_pieces<T>(std::ranges::begin(range), count, grain_for(count, options), combine, transform);
    const job_scope scope;
    co_return combine(std::move(first), std::move(rest));
}

/// The one of nine, spread over the elements, that is in the middle of them (or nearly).
template <class Place, class Less> Place pivot_of(Place from, std::size_t count, Less& less)
{
    const auto at = [&](std::size_t ninth) { return place_after(from, count / 9 * ninth); };
    const auto middle = [&](Place a, Place b, Place c) {
        return less(*a, *b) ? (less(*b, *c) ? b : less(*a, *c) ? c : a) : (less(*a, *c) ? a : less(*b, *c) ? c : b);
    };
    return middle(middle(at(0), at(1), at(2)), middle(at(3), at(4), at(5)), middle(at(6), at(7), at(8)));
}

template <class Place, class Less>
task<> sort_pieces(Place from, Place to, std::size_t grain, unsigned splits_left, Less& less)
{
    const std::size_t count = places_between(from, to);
    Place smaller_end = from;
    Place larger_begin = to;
    {
        const job_scope scope;
        if (count <= grain || splits_left == 0) { // where the pivots were bad too often, std::sort knows what to do
            std::sort(from, to, [&](const auto& a, const auto& b) { return less(a, b); });
            co_return;
        }
        std::iter_swap(from, pivot_of(from, count, less));
        const auto& pivot = *from;
        smaller_end = std::partition(std::next(from), to, [&](const auto& each) { return less(each, pivot); });
        larger_begin = std::partition(smaller_end, to, [&](const auto& each) { return !less(pivot, each); });
        std::iter_swap(from, --smaller_end);
    }
    co_await gather(sort_pieces(from, smaller_end, grain, splits_left - 1, less),
                    sort_pieces(larger_begin, to, grain, splits_left - 1, less));
}

template <class Range, class Less> task<> sort_elements(Range range, Less less, parallel_options options)
{
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    const std::size_t grain = std::max<std::size_t>(grain_for(count, options), 32);
    unsigned splits = 16;
    for (std::size_t pieces = count / grain; pieces > 0; pieces /= 2)
        splits += 2;
    const auto from = std::ranges::begin(range);
    co_await sort_pieces(from, place_after(from, count), grain, splits, less);
}

} // namespace detail

/// `fn(i)` for each i from `from` to before `to`.
template <std::integral From, std::integral To, class Fn>
    requires std::invocable<Fn&, std::common_type_t<From, To>>
task<> parallel_for(From from, To to, Fn fn, parallel_options options = {})
{
    using index = std::common_type_t<From, To>;
    detail::refuse_null(fn);
    return detail::for_indices<index, Fn>(static_cast<index>(from), static_cast<index>(to), std::move(fn), options);
}
/// `fn(element)` for each element of a random access range.
template <std::ranges::random_access_range Range, class Fn>
    requires std::invocable<Fn&, std::ranges::range_reference_t<Range>>
task<> parallel_for(Range&& range, Fn fn, parallel_options options = {})
{
    detail::refuse_null(fn);
    return detail::for_elements<Range, Fn>(std::forward<Range>(range), std::move(fn), options);
}

/// `combine(... combine(first, transform(element0)) ..., transform(elementN))`, with the brackets where they suit: `combine`
/// must be associative, and need not be commutative.
template <std::ranges::random_access_range Range, class T, class Combine, class Transform = std::identity>
task<T> parallel_reduce(Range&& range, T first, Combine combine, Transform transform = {}, parallel_options options = {})
{
    return detail::reduce_elements<Range, T, Combine, Transform>(std::forward<Range>(range), std::move(first),
                                                                 std::move(combine), std::move(transform), options);
}

/// Sorts in place, as std::sort does: equal elements may change their order.
template <std::ranges::random_access_range Range, class Less = std::ranges::less>
task<> parallel_sort(Range&& range, Less less = {}, parallel_options options = {})
{
    return detail::sort_elements<Range, Less>(std::forward<Range>(range), std::move(less), options);
}

} // namespace simul
