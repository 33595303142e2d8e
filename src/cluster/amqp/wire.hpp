// SPDX-License-Identifier: MIT
//
// The data types of AMQP 0-9-1, as they lie in a frame: numbers in network order, short and long strings, tables.
//
//     writer to(out);                                 reader from(arguments);
//     to(queue, prefetch);                            from(queue, prefetch);
//     to.bits(passive, durable);                      from.bits(passive, durable);
//                                                     if (from.why()) ...it was no such thing
//
// Both take the same fields in the same order, so one list of them serves both ways. Texts that are read are views of
// the input.
//
// A table is a json::object, for that is what is put in and wanted out. Read is every type there is: all integers, also
// times, become integers, decimals and floats become reals, strings and bytes become strings. Written are those that a
// JSON value can be.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/text/json_value.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace simul::cluster::amqp {

using table = json::object;

/// Of more than 255 bytes, if need be; a std::string_view is a short one.
struct long_string {
    bytes_view text;
};

/// Of the tables in one frame. Brokers let others through: what they hold is anybody's.
struct table_limits {
    std::size_t values = 4096;
    std::size_t depth = 32; ///< of tables and arrays in each other
};

/// Puts a size, of four bytes, in place of what stands there.
void overwrite_size(bytes& in, std::size_t at, std::size_t size) noexcept;

/// After something that isn't what was asked for, all that is read is empty.
class reader {
public:
    explicit reader(bytes_view input, const table_limits& within = {}) noexcept
        : rest_(input), values_left_(within.values), depth_left_(within.depth)
    {
    }

    template <class... Fields> void operator()(Fields&... fields) { (read(fields), ...); }
    /// A run of flags, which share octets.
    template <std::same_as<bool>... Flags> void bits(Flags&... flags)
    {
        static_assert(sizeof...(flags) <= 8, "no method has more in a row");
        std::uint8_t octet = 0;
        read(octet);
        ((flags = (octet & 1) != 0, octet >>= 1), ...);
    }

    bytes_view rest() const noexcept { return rest_; }
    /// What is wrong; null while nothing is.
    const char* why() const noexcept { return why_; }

private:
    template <std::unsigned_integral Number> void read(Number& number) noexcept
    {
        number = 0;
        for (const char octet : take(sizeof(Number)))
            number = static_cast<Number>(static_cast<std::uint64_t>(number) << 8 | static_cast<std::uint8_t>(octet));
    }
    void read(std::string_view& text) noexcept;
    void read(long_string& text) noexcept;
    void read(table& into);

    template <std::integral Number> Number number() noexcept
    {
        std::make_unsigned_t<Number> octets{};
        read(octets);
        return static_cast<Number>(octets);
    }
    double decimal() noexcept;
    json::array array();
    json::value value();
    bytes_view take(std::size_t size) noexcept;
    bytes_view take_long() noexcept;
    /// Runs `read_one` until `inside` is used up, one level deeper.
    template <class ReadOne> void within(bytes_view inside, ReadOne read_one);
    void fail(const char* why) noexcept;

    bytes_view rest_;
    std::size_t values_left_;
    std::size_t depth_left_;
    const char* why_ = nullptr;
};

class writer {
public:
    explicit writer(bytes& to) noexcept : to_(to) {}

    /// *Throws:* `error` for what can't be said: texts that are too long, numbers that are too large.
    template <class... Fields> void operator()(const Fields&... fields) { (write(fields), ...); }
    template <std::same_as<bool>... Flags> void bits(const Flags&... flags)
    {
        static_assert(sizeof...(flags) <= 8, "no method has more in a row");
        unsigned octet = 0;
        unsigned bit = 1;
        ((octet |= flags ? bit : 0, bit <<= 1), ...);
        write(static_cast<std::uint8_t>(octet));
    }

private:
    template <std::unsigned_integral Number> void write(Number number)
    {
        char octets[sizeof(Number)];
        for (std::size_t i = sizeof(Number); i-- > 0; number = static_cast<Number>(std::uint64_t{number} >> 8))
            octets[i] = static_cast<char>(number & 0xff);
        to_.append(octets, sizeof octets);
    }
    void write(std::string_view text);
    void write(long_string text);
    void write(const table& fields);
    void write(const json::array& elements);
    void write(const json::value& value);
    void write_integer(std::int64_t number);
    /// Writes what `fill` does behind its length.
    template <class Fill> void write_sized(Fill fill);

    bytes& to_;
};

} // namespace simul::cluster::amqp
