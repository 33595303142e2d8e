// SPDX-License-Identifier: MIT
//
// The fields of a type, for what writes and reads them: the codec that carries values between processes, JSON.
//
//     struct point { int x, y; };                     // an aggregate is understood as it is
//
//     class account {                                 // anything else says what it is made of
//         friend void simul_describe(account& a, auto&& field)
//         {
//             field("owner", a.owner_);
//             field("balance", a.balance_);
//         }
//         std::string owner_;
//         long balance_ = 0;
//     };
//
// `simul_describe` is found where the type is: as a friend, or as a function of the type's namespace. It is used for
// reading and for writing, so it calls `field` for the same fields in the same order every time. A derived class needs its
// own. An aggregate is understood up to 32 members, and without base classes or bit-fields; its fields have the names of
// its members.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace simul {
namespace detail {

// These are never evaluated, only asked what they would convert to.

/// Gives a T&, and no reference to a base of T.
template <class T> struct exactly {
    template <class U>
        requires std::same_as<U, T>
    operator U&() const noexcept
    {
        __builtin_unreachable();
    }
};
struct any_field {
    void operator()(std::string_view, auto&) const noexcept {}
};

} // namespace detail

/// Types that have a `simul_describe`.
template <class T>
concept described = std::is_class_v<T> && requires(detail::exactly<T> self, T& same, detail::any_field field) {
    simul_describe(self, field);
    simul_describe(same, field);
};

namespace detail {

inline constexpr std::size_t most_fields = 32;

/// Becomes a member of any type, or whatever a braced list has at that place.
struct becomes_anything {
    template <class T> operator T() const noexcept { __builtin_unreachable(); }
};
template <std::size_t> using becomes_anything_at = becomes_anything;

/// Becomes what is a base class of `Whole`, or what is none.
template <class Whole, bool Base> struct becomes_base {
    template <class T>
        requires(std::is_base_of_v<T, Whole> == Base)
    operator T() const noexcept
    {
        __builtin_unreachable();
    }
};
template <class T>
inline constexpr bool begins_with_base =
    requires { T{becomes_base<T, true>()}; } && !requires { T(becomes_base<T, false>()); };

template <class T, std::size_t... I> consteval bool takes(std::index_sequence<I...>)
{
    return requires { T{becomes_anything_at<I>()...}; };
}
/// Parentheses let nothing be elided, so an array takes no single values.
template <class T, std::size_t... I> consteval bool takes_without_elision(std::index_sequence<I...>)
{
    return requires { T(becomes_anything_at<I>()...); };
}
template <class T, std::size_t... Before, std::size_t... Inside, std::size_t... After>
consteval bool takes_nested(std::index_sequence<Before...>, std::index_sequence<Inside...>,
                            std::index_sequence<After...>)
{
    return requires {
        T{becomes_anything_at<Before>()..., {becomes_anything_at<Inside>()...}, becomes_anything_at<After>()...};
    };
}

/// How many values T takes in braces, where those of an array member need none of their own.
template <class T, std::size_t N = 0> consteval std::size_t count_values()
{
    if constexpr (N <= 8 * most_fields && takes<T>(std::make_index_sequence<N + 1>()))
        return count_values<T, N + 1>();
    else
        return N;
}

/// How many of the `All` values the member takes that starts with value number `At`: more than one if it is an array.
template <class T, std::size_t All, std::size_t At, std::size_t Size = 2> consteval std::size_t values_of_member()
{
    if constexpr (At + Size > All) {
        return 1;
    } else {
        constexpr std::make_index_sequence<At> before;
        constexpr std::make_index_sequence<Size> inside;
        // Were it no array, there would be room for more behind it.
        if constexpr (takes_nested<T>(before, inside, std::make_index_sequence<All - At - Size>()) &&
                      !takes_nested<T>(before, inside, std::make_index_sequence<All - At - Size + 1>()))
            return Size;
        else
            return values_of_member<T, All, At, Size + 1>();
    }
}
template <class T, std::size_t All, std::size_t At = 0> consteval std::size_t count_members()
{
    if constexpr (At == All)
        return 0;
    else
        return 1 + count_members<T, All, At + values_of_member<T, All, At>()>();
}

template <class T>
concept tuple_like = requires { typename std::tuple_size<T>::type; };

/// Members of an aggregate; 0 where they can't be told: it has base classes, or too many.
template <class T> consteval std::size_t count_fields()
{
    if constexpr (!std::is_aggregate_v<T> || std::is_array_v<T> || std::is_union_v<T> || tuple_like<T>) {
        return 0;
    } else if constexpr (begins_with_base<T>) {
        return 0;
    } else {
        constexpr std::size_t values = count_values<T>();
        if constexpr (values > 8 * most_fields)
            return 0;
        else if constexpr (takes_without_elision<T>(std::make_index_sequence<values>()))
            return values > most_fields ? 0 : values;
        else
            return count_members<T, values>() > most_fields ? 0 : count_members<T, values>();
    }
}
template <class T> inline constexpr std::size_t field_count = count_fields<T>();

/// `fn(first, second, ...)` of an aggregate's fields.
template <class T, class Fn> constexpr decltype(auto) with_fields(T& value, Fn&& fn)
{
    constexpr std::size_t number = field_count<std::remove_const_t<T>>;
    static_assert(number > 0);
    // clang-format off
    if constexpr (number == 1) { auto& [a] = value; return fn(a); }
    else if constexpr (number == 2) { auto& [a, b] = value; return fn(a, b); }
    else if constexpr (number == 3) { auto& [a, b, c] = value; return fn(a, b, c); }
    else if constexpr (number == 4) { auto& [a, b, c, d] = value; return fn(a, b, c, d); }
    else if constexpr (number == 5) { auto& [a, b, c, d, e] = value; return fn(a, b, c, d, e); }
    else if constexpr (number == 6) { auto& [a, b, c, d, e, f] = value; return fn(a, b, c, d, e, f); }
    else if constexpr (number == 7) { auto& [a, b, c, d, e, f, g] = value; return fn(a, b, c, d, e, f, g); }
    else if constexpr (number == 8) { auto& [a, b, c, d, e, f, g, h] = value; return fn(a, b, c, d, e, f, g, h); }
    else if constexpr (number == 9) { auto& [a, b, c, d, e, f, g, h, i] = value; return fn(a, b, c, d, e, f, g, h, i); }
    else if constexpr (number == 10) { auto& [a, b, c, d, e, f, g, h, i, j] = value; return fn(a, b, c, d, e, f, g, h, i, j); }
    else if constexpr (number == 11) { auto& [a, b, c, d, e, f, g, h, i, j, k] = value; return fn(a, b, c, d, e, f, g, h, i, j, k); }
    else if constexpr (number == 12) { auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l); }
    else if constexpr (number == 13) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m); }
    else if constexpr (number == 14) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n); }
    else if constexpr (number == 15) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o); }
    else if constexpr (number == 16) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p); }
    else if constexpr (number == 17) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q); }
    else if constexpr (number == 18) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r); }
    else if constexpr (number == 19) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s); }
    else if constexpr (number == 20) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t); }
    else if constexpr (number == 21) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u); }
    else if constexpr (number == 22) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v); }
    else if constexpr (number == 23) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w); }
    else if constexpr (number == 24) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x); }
    else if constexpr (number == 25) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y); }
    else if constexpr (number == 26) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z); }
    else if constexpr (number == 27) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa); }
    else if constexpr (number == 28) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb); }
    else if constexpr (number == 29) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc); }
    else if constexpr (number == 30) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd); }
    else if constexpr (number == 31) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, ee] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, ee); }
    else if constexpr (number == 32) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, ee, ff] = value; return fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, bb, cc, dd, ee, ff); }
    // clang-format on
}

template <class T> struct example {
    T value;
};
template <class Pointer> struct pointer_to_field {
    constexpr explicit pointer_to_field(Pointer to) : pointer(to) {}
    Pointer pointer;
};
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
template <class T> extern example<T> example_of; // only its members' addresses are taken

template <class T, std::size_t I> consteval auto find_field()
{
    return with_fields(example_of<T>.value,
                       [](auto&... fields) { return pointer_to_field(std::get<I>(std::tuple(&fields...))); });
}
#pragma clang diagnostic pop
/// What compilers call a pointer to a member ends in the member's name: "... {&example_of.value.title}]".
template <pointer_to_field Field> consteval auto name_of_field()
{
    constexpr auto in_identifier = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    std::string_view text = __PRETTY_FUNCTION__;
    while (!in_identifier(text.back()))
        text.remove_suffix(1);
    std::size_t begin = text.size();
    while (in_identifier(text[begin - 1]))
        --begin;
    return text.substr(begin);
}
template <class T, std::size_t I> inline constexpr std::string_view field_name = name_of_field<find_field<T, I>()>();

} // namespace detail

/// Types whose fields can be told.
template <class T>
concept has_fields = described<T> || detail::field_count<T> > 0;

/// Calls `fn(name, field)` for each field of `value`, in order.
template <class T, class Fn>
    requires has_fields<std::remove_const_t<T>>
constexpr void for_each_field(T& value, Fn&& fn)
{
    using plain = std::remove_const_t<T>;
    if constexpr (!described<plain>)
        detail::with_fields(value, [&](auto&... fields) {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (fn(detail::field_name<plain, I>, fields), ...);
            }(std::index_sequence_for<decltype(fields)...>());
        });
    else if constexpr (std::is_const_v<
                           T>) // simul_describe is written once, for objects that can be changed; nobody changes this
        simul_describe(const_cast<plain&>(value), [&](std::string_view name, const auto& field) { fn(name, field); });
    else
        simul_describe(value, fn);
}

} // namespace simul
