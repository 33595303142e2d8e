// SPDX-License-Identifier: MIT
//
// Values as bytes, for another process of the same program.
//
//     std::vector<std::byte> bytes = simul::to_bytes(pages);
//     auto again = simul::from_bytes<std::vector<page>>(bytes);
//
// What travels: numbers, enums, everything trivially copyable that refers to nothing; strings, the standard containers,
// optional, variant, pair, tuple, unique_ptr, paths, error codes; aggregates of all that (up to 32 members), and
// classes with a `simul_describe`. For a type that can't be changed, specialise `codec`:
//
//     template <> struct simul::codec<bigint> {
//         static void encode(simul::encoder& out, const bigint& value) { out.put(value.to_string()); }
//         static bigint decode(simul::decoder& in) { return bigint(in.get<std::string>()); }
//     };
//
// What points into this process (pointers, views, iterators) doesn't compile. The bytes are in this machine's order and
// of this build's layout: not for files, not for other programs. Every value takes a byte at least.
#pragma once

#include <simul/base/describe.hpp>
#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace simul {

template <class T> struct codec;

/// Where values are written to.
class encoder {
public:
    encoder() noexcept = default;
    /// Fills `first`, and takes memory of its own when that is full.
    explicit encoder(std::span<std::byte> first) noexcept
        : begin_(first.data()), at_(begin_), end_(begin_ + first.size())
    {
    }
    encoder(const encoder&) = delete;
    encoder& operator=(const encoder&) = delete;

    /// A copy of `value`, as bytes.
    template <class T> void put(const T& value)
    {
        const bool lasts = lasts_;
        lasts_ = lasts && codec_keeps<T>();
        codec<T>::encode(*this, value);
        lasts_ = lasts;
    }
    /// The same without copying what is large: `value` must stay as it is for as long as this encoder is used.
    template <class T> void put_lasting(const T& value)
    {
        lasts_ = true;
        put(value);
        lasts_ = false;
    }

    void put_size(std::size_t size)
    {
        for (; size >= 0x80; size >>= 7)
            put_byte(static_cast<std::byte>(size | 0x80));
        put_byte(static_cast<std::byte>(size));
    }
    void put_byte(std::byte value)
    {
        if (at_ == end_)
            grow(1);
        *at_++ = value;
    }
    void write(const void* data, std::size_t size)
    {
        if (size > static_cast<std::size_t>(end_ - at_))
            grow(size);
        if (size > 0)
            std::memcpy(at_, data, size);
        at_ += size;
    }
    /// As `write`, for a part of the value that is put, not of a copy of it.
    void write_part(const void* data, std::size_t size)
    {
        if (!lasts_ || size < lasting_from)
            return write(data, size);
        lasting_.push_back({static_cast<std::size_t>(at_ - begin_), {static_cast<const std::byte*>(data), size}});
        lasting_size_ += size;
    }
    /// Fills up, so that what comes next can be read where it lies.
    void align(std::size_t alignment)
    {
        while (size() % alignment != 0)
            put_byte(std::byte{});
    }

    std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_) + lasting_size_; }
    /// Calls `fn(std::span<const std::byte>)` with what was written, piece by piece.
    template <class Fn> void for_each_piece(Fn&& fn) const
    {
        std::size_t given = 0;
        for (const lasting_block& each : lasting_) {
            fn(std::span<const std::byte>(begin_ + given, each.before - given));
            fn(each.data);
            given = each.before;
        }
        fn(std::span<const std::byte>(begin_ + given, at_));
    }
    /// All of it in one piece, if it fits in what the encoder was given first.
    bool fits() const noexcept { return !grown_ && lasting_.empty(); }
    void clear() noexcept;

private:
    static constexpr std::size_t lasting_from = 16 * 1024;

    struct lasting_block {
        std::size_t before; ///< so many bytes of the buffer come first
        std::span<const std::byte> data;
    };

    template <class T> static consteval bool codec_keeps()
    {
        if constexpr (requires { codec<T>::keeps; })
            return codec<T>::keeps;
        else
            return false;
    }
    void grow(std::size_t needed);

    std::byte* begin_ = nullptr;
    std::byte* at_ = nullptr;
    std::byte* end_ = nullptr;
    std::unique_ptr<std::byte[]> grown_;
    std::vector<lasting_block> lasting_;
    std::size_t lasting_size_ = 0;
    bool lasts_ = false; ///< what is being put
};

/// Where values are read from. Anything may be in there: what can't be a value is an `error`, never more than that.
class decoder {
public:
    explicit decoder(std::span<const std::byte> bytes) noexcept
        : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size())
    {
    }

    /// *Throws:* `error` when the bytes are not what was put; what decoding a user's type throws.
    template <class T> T get()
    {
        const level entered(*this);
        return codec<T>::decode(*this);
    }

    std::size_t get_size();
    /// The number of values that follow, each of one byte or more.
    std::size_t get_count()
    {
        const std::size_t count = get_size();
        if (count > left())
            fail_short();
        return count;
    }
    /// The next `size` bytes, where they are.
    const std::byte* read(std::size_t size)
    {
        if (size > left())
            fail_short();
        return std::exchange(at_, at_ + size);
    }
    void read_into(void* to, std::size_t size)
    {
        const std::byte* const from = read(size);
        if (size > 0)
            std::memcpy(to, from, size);
    }
    void align(std::size_t alignment)
    {
        const auto offset = static_cast<std::size_t>(at_ - begin_);
        read((alignment - offset % alignment) % alignment);
    }

    bool is_aligned(std::size_t alignment) const noexcept
    {
        return reinterpret_cast<std::uintptr_t>(at_) % alignment == 0;
    }

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// *Throws:* `error` when something is left.
    void finish() const;

    [[noreturn]] static void fail(const char* reason);

private:
    static constexpr int deepest = 1000; // so that no bytes can exhaust the stack

    class level {
    public:
        explicit level(decoder& in) : in_(in)
        {
            if (++in_.depth_ > deepest)
                fail("values are nested more than 1000 deep");
        }
        ~level() { --in_.depth_; }

    private:
        decoder& in_;
    };

    [[noreturn]] static void fail_short();

    const std::byte* begin_;
    const std::byte* at_;
    const std::byte* end_;
    int depth_ = 0;
};

namespace detail {

template <class T>
concept counted = requires(const T& c) {
    typename T::value_type;
    c.begin();
    c.end();
    { c.size() } -> std::convertible_to<std::size_t>;
};
template <class T>
concept associative = counted<T> && requires { typename T::key_type; };
template <class T>
concept growing = counted<T> && std::is_default_constructible_v<T> &&
                  (associative<T> || requires(T c, typename T::value_type v) { c.push_back(std::move(v)); });
template <class T>
concept path_like = requires(const T& p) {
    p.native();
    p.root_path();
} && std::constructible_from<T, typename T::string_type>;

/// A map's pairs, without the const that would keep them from being read.
template <class T> struct changeable {
    using type = T;
};
template <class K, class V> struct changeable<std::pair<const K, V>> {
    using type = std::pair<K, V>;
};

/// What a pointer is, or what looks as if it held one: of no meaning in another process.
template <class T>
concept looks_elsewhere = requires(const T& v) { v.begin() == v.end(); } || requires(const T& v) { v.category(); } ||
                          requires(const T& v) { v.file_name(); } || requires(const T& v) { v.hash_code(); } ||
                          requires { T::from_address(nullptr); } || std::input_or_output_iterator<T> ||
                          !std::is_same_v<std::unwrap_reference_t<T>, T>;
template <class T>
concept refers =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> || std::is_reference_v<T> ||
    (std::is_class_v<T> && std::is_trivially_copyable_v<T> && !std::is_aggregate_v<T> && looks_elsewhere<T>);

template <class T> consteval bool is_plain();

/// Types whose bytes are their value.
template <class T> inline constexpr bool plain = is_plain<T>();
template <class T, std::size_t N> inline constexpr bool plain<std::array<T, N>> = N > 0 && plain<T>;
template <class T> inline constexpr bool plain<std::optional<T>> = false; // knows what is worth sending
template <class... T> inline constexpr bool plain<std::variant<T...>> = false;
template <> inline constexpr bool plain<std::error_code> = false;

template <class T>
using are_fields_plain = decltype(with_fields(std::declval<T&>(), [](auto&... field) {
    return std::bool_constant<(plain<std::remove_cvref_t<decltype(field)>> && ...)>();
}));

template <class T> consteval bool is_plain()
{
    if constexpr (std::is_array_v<T>)
        return plain<std::remove_all_extents_t<T>>;
    else if constexpr (std::is_scalar_v<T>)
        return !refers<T> && !std::is_same_v<T, bool>; // a bool has but two values
    else if constexpr (!std::is_trivially_copyable_v<T> || std::is_empty_v<T> || std::is_union_v<T> || described<T> ||
                       refers<T>)
        return false;
    else if constexpr (field_count<T> > 0)
        return are_fields_plain<T>::value;
    else
        return !std::is_aggregate_v<T> && !tuple_like<T>;
}

enum class composition : std::uint8_t { unknown, boolean, plain, fields, path, container, tuple, nothing };

template <class T> consteval composition composition_of()
{
    if constexpr (std::is_same_v<T, bool>)
        return composition::boolean;
    else if constexpr (plain<T>)
        return composition::plain;
    else if constexpr (described<T>)
        return composition::fields;
    else if constexpr (path_like<T>)
        return composition::path;
    else if constexpr (growing<T>)
        return composition::container;
    else if constexpr (std::is_empty_v<T> || requires { requires std::tuple_size<T>::value == 0; })
        return composition::nothing;
    else if constexpr (tuple_like<T>)
        return composition::tuple;
    else
        return has_fields<T> ? composition::fields : composition::unknown;
}

/// Whether it consists of what can be referred to; not so the elements of a `std::vector<bool>`.
template <class T> consteval bool keeps_parts()
{
    if constexpr (described<T>)
        return false;
    else if constexpr (growing<T>)
        return std::is_lvalue_reference_v<decltype(*std::declval<const T&>().begin())>;
    else
        return true;
}

template <class T> T get_plain(decoder& in)
{
    std::array<std::byte, sizeof(T)> bytes;
    in.read_into(bytes.data(), bytes.size());
    return std::bit_cast<T>(bytes);
}

/// Decodes where it stands, since arrays can't be returned.
template <class T> void get_into(decoder& in, T& to)
{
    if constexpr (plain<T>)
        in.read_into(&to, sizeof to);
    else if constexpr (std::is_array_v<T>)
        for (auto& each : to)
            get_into(in, each);
    else
        to = in.get<T>();
}

/// Containers that can be sent as one block.
template <class C>
concept block = plain<typename C::value_type> && requires(C& c, const typename C::value_type* p) {
    { std::as_const(c).data() } -> std::same_as<decltype(p)>;
    c.assign(p, p);
};

template <class C> void encode_container(encoder& out, const C& value)
{
    using T = typename C::value_type;
    out.put_size(value.size());
    if constexpr (block<C>) {
        if constexpr (alignof(T) > 1)
            out.align(alignof(T));
        out.write_part(value.data(), value.size() * sizeof(T));
    } else {
        for (const auto& each : value)
            out.put<typename changeable<T>::type>(each);
    }
}

template <class C> C decode_container(decoder& in)
{
    using T = typename changeable<typename C::value_type>::type;
    const std::size_t count = in.get_count();
    C value;
    if constexpr (block<C>) {
        if constexpr (alignof(T) > 1)
            in.align(alignof(T));
        if (count > in.left() / sizeof(T))
            decoder::fail("a container is longer than its bytes");
        if (in.is_aligned(alignof(T))) {
            const T* const first = reinterpret_cast<const T*>(in.read(count * sizeof(T)));
            value.assign(first, first + count);
            return value;
        }
    }
    if constexpr (requires { value.reserve(count); })
        value.reserve(std::min(count, std::size_t{4096} / sizeof(T) + 1)); // the rest when it is there
    for (std::size_t i = 0; i < count; ++i)
        if constexpr (associative<C>)
            value.insert(value.end(), in.get<T>());
        else
            value.push_back(in.get<T>());
    return value;
}

} // namespace detail

/// How a `T` becomes bytes. The primary template knows what the head of this file says.
template <class T> struct codec {
    /// Whether what it puts is part of the value, and nothing made for the purpose: a `simul_describe` may do that.
    static constexpr bool keeps = detail::keeps_parts<T>();

    static void encode(encoder& out, const T& value)
    {
        using enum detail::composition;
        constexpr detail::composition made_of = detail::composition_of<T>();
        check_known<made_of>();
        if constexpr (made_of == boolean)
            out.put_byte(static_cast<std::byte>(value));
        else if constexpr (made_of == plain)
            out.write(std::addressof(value), sizeof value);
        else if constexpr (made_of == fields)
            for_each_field(value, [&](std::string_view, const auto& field) { out.put(field); });
        else if constexpr (made_of == path)
            out.put(value.native());
        else if constexpr (made_of == container)
            detail::encode_container(out, value);
        else if constexpr (made_of == tuple)
            std::apply([&](const auto&... each) { (out.put(each), ...); }, value);
        else
            out.put_byte(std::byte{});
    }

    static T decode(decoder& in)
    {
        using enum detail::composition;
        constexpr detail::composition made_of = detail::composition_of<T>();
        check_known<made_of>();
        if constexpr (made_of == boolean) {
            return *in.read(1) != std::byte{};
        } else if constexpr (made_of == plain) {
            return detail::get_plain<T>(in);
        } else if constexpr (made_of == path) {
            return T(in.get<typename T::string_type>());
        } else if constexpr (made_of == container) {
            return detail::decode_container<T>(in);
        } else if constexpr (made_of == tuple) {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return T{in.get<std::tuple_element_t<I, T>>()...}; // in this order, as they stand in braces
            }(std::make_index_sequence<std::tuple_size_v<T>>());
        } else {
            T value{};
            if constexpr (made_of == fields)
                for_each_field(value, [&](std::string_view, auto& field) { detail::get_into(in, field); });
            else
                in.read(1);
            return value;
        }
    }

private:
    template <detail::composition MadeOf> static void check_known()
    {
        static_assert(!detail::refers<T>,
                      "simul: this type can't travel to another process, because it refers to memory of "
                      "this one (a pointer, a view, an iterator): send what it refers to");
        static_assert(MadeOf != detail::composition::unknown || detail::refers<T>,
                      "simul: it is not known what this type is made of: give it a simul_describe "
                      "(simul/base/describe.hpp), or specialise simul::codec for it (simul/base/codec.hpp)");
    }
};

/// Members that are arrays.
template <class T, std::size_t N> struct codec<T[N]> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const T (&value)[N])
    {
        if constexpr (detail::plain<T>)
            out.write(value, sizeof value);
        else
            for (const T& each : value)
                out.put(each);
    }
};

template <class T> struct codec<std::optional<T>> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const std::optional<T>& value)
    {
        out.put(value.has_value());
        if (value)
            out.put(*value);
    }
    static std::optional<T> decode(decoder& in)
    {
        std::optional<T> value;
        if (in.get<bool>())
            value.emplace(in.get<T>());
        return value;
    }
};

template <class T> struct codec<std::unique_ptr<T>> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const std::unique_ptr<T>& value)
    {
        out.put(value != nullptr);
        if (value)
            out.put(*value);
    }
    static std::unique_ptr<T> decode(decoder& in)
    {
        return in.get<bool>() ? std::make_unique<T>(in.get<T>()) : nullptr;
    }
};

template <class... T> struct codec<std::variant<T...>> {
    static constexpr bool keeps = true;

    static void encode(encoder& out, const std::variant<T...>& value)
    {
        out.put_size(value.index() + 1); // 0: valueless
        if (!value.valueless_by_exception())
            std::visit([&](const auto& held) { out.put(held); }, value);
    }
    static std::variant<T...> decode(decoder& in)
    {
        return decode_alternative(in, in.get_size(), std::index_sequence_for<T...>());
    }

private:
    template <std::size_t I> static bool emplace(std::optional<std::variant<T...>>& value, decoder& in)
    {
        value.emplace(std::in_place_index<I>, in.get<std::variant_alternative_t<I, std::variant<T...>>>());
        return true;
    }
    template <std::size_t... I>
    static std::variant<T...> decode_alternative(decoder& in, std::size_t wanted, std::index_sequence<I...>)
    {
        std::optional<std::variant<T...>> value;
        static_cast<void>(((I + 1 == wanted && emplace<I>(value, in)) || ...));
        if (!value)
            decoder::fail("a variant has no such alternative");
        return std::move(*value);
    }
};

/// The system's and std::errc's codes arrive as what they are; of other categories, what they mean as std::errc.
template <> struct codec<std::error_code> {
    static void encode(encoder& out, const std::error_code& value);
    static std::error_code decode(decoder& in);
};

/// `value` as bytes.
template <class T> std::vector<std::byte> to_bytes(const T& value)
{
    encoder out;
    out.put_lasting(value);
    std::vector<std::byte> bytes;
    bytes.reserve(out.size());
    out.for_each_piece(
        [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    return bytes;
}

/// The value that became `bytes`, all of them. *Throws:* `error` when they are of no `T`.
template <class T> T from_bytes(std::span<const std::byte> bytes)
{
    decoder in(bytes);
    T value = in.get<T>();
    in.finish();
    return value;
}

} // namespace simul
