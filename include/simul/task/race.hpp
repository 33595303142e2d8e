// SPDX-License-Identifier: MIT
//
// race: several at once, the first result.
//
//     auto first = co_await simul::race(from_cache(key), from_database(key));     // std::variant
//     if (first.index() == 0) ...
//
// The first to end decides, be it with an error, which is rethrown. The others are cancelled and waited for, so none
// outlives the call. What a loser has produced is dropped: to wait for the first of several queues, channels or futures
// and lose nothing, use `select`.
#pragma once

#include <simul/task/gather.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

namespace simul {
namespace detail {

template <class T>
using raced = std::conditional_t<std::is_void_v<T>, std::monostate, contained<T>>;

template <class... Ts> class race_awaiter final : public argument_join<Ts...> {
    static_assert(sizeof...(Ts) > 0, "simul: a race needs somebody to win it");

public:
    using argument_join<Ts...>::argument_join;

    std::variant<raced<Ts>...> await_resume()
    {
        if (this->asked_to_end() && winner_cancelled_)
            throw cancelled{};
        if (this->asked_to_end() && decided_before_)
            this->frame().line->cancel_again(); // only losers got the request
        this->pass_on_request();
        return take(std::index_sequence_for<Ts...>());
    }

private:
    static constexpr std::size_t nobody = ~std::size_t{0};

    void on_end(branch_base& ended) noexcept override
    {
        if (winner_ != nobody)
            return;
        winner_ = ended.index();
        winner_cancelled_ = ended.error() && ended.error()->is_cancellation();
        decided_before_ = !this->asked_to_end();
        this->cancel_others();
    }
    template <std::size_t... I> std::variant<raced<Ts>...> take(std::index_sequence<I...>)
    {
        std::variant<raced<Ts>...> won(std::in_place_index<0>, raced<std::tuple_element_t<0, std::tuple<Ts...>>>());
        const auto try_one = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
            if (winner_ != Index)
                return;
            auto& ended = std::get<Index>(this->branches_);
            using T = std::tuple_element_t<Index, std::tuple<std::type_identity<Ts>...>>::type;
            if constexpr (std::is_void_v<T>)
                ended.take(), won.template emplace<Index>();
            else if constexpr (std::is_reference_v<T>)
                won.template emplace<Index>(&ended.take());
            else
                won.template emplace<Index>(ended.take());
        };
        (try_one(std::integral_constant<std::size_t, I>()), ...);
        return won;
    }

    std::size_t winner_ = nobody;
    bool winner_cancelled_ = false;
    bool decided_before_ = false; ///< before anybody asked the race to end
};

} // namespace detail

/// Runs all at once; the variant holds the result of the first to end, at its place.
template <detail::awaitable... Awaitables> auto race(Awaitables&&... several)
{
    return detail::make_argument_call<detail::race_awaiter>(detail::as_task(std::forward<Awaitables>(several))...);
}

} // namespace simul
