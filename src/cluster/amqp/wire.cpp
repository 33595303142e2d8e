// SPDX-License-Identifier: MIT
#include "wire.hpp"

#include <simul/base/error.hpp>
#include <simul/text/json.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace simul::cluster::amqp {
namespace {

constexpr std::size_t longest_short_string = 255;

[[noreturn]] void refuse(std::string why)
{
    throw error(std::errc::invalid_argument, "amqp: " + std::move(why));
}

} // namespace

// ---- reading

void reader::fail(const char* why) noexcept
{
    if (!why_)
        why_ = why;
    rest_ = {};
}

bytes_view reader::take(std::size_t size) noexcept
{
    if (rest_.size() < size) {
        fail("something that ends too soon");
        return {};
    }
    const bytes_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

bytes_view reader::take_long() noexcept
{
    return take(number<std::uint32_t>());
}

void reader::read(std::string_view& text) noexcept
{
    text = take(number<std::uint8_t>());
}

void reader::read(long_string& text) noexcept
{
    text.text = take_long();
}

template <class ReadOne> void reader::within(bytes_view inside, ReadOne read_one)
{
    if (depth_left_ == 0)
        return fail("a table that is nested too deeply");
    --depth_left_;
    const bytes_view behind = std::exchange(rest_, inside);
    while (!rest_.empty())
        read_one();
    if (!why_)
        rest_ = behind;
    ++depth_left_;
}

void reader::read(table& into)
{
    into = {};
    within(take_long(), [&] {
        std::string_view name;
        read(name);
        json::value field = value();
        if (!why_)
            into[name] = std::move(field);
    });
}

json::array reader::array()
{
    json::array elements;
    within(take_long(), [&] { elements.push_back(value()); });
    return elements;
}

double reader::decimal() noexcept
{
    const auto scale = number<std::uint8_t>();
    return number<std::int32_t>() / std::pow(10.0, scale);
}

json::value reader::value()
{
    if (values_left_ == 0) {
        fail("a table of too many values");
        return {};
    }
    --values_left_;
    // The letters are those that brokers and clients use, which aren't all the standard's.
    switch (number<std::uint8_t>()) {
    case 't':
        return number<std::uint8_t>() != 0;
    case 'b':
        return number<std::int8_t>();
    case 'B':
        return number<std::uint8_t>();
    case 's':
        return number<std::int16_t>();
    case 'u':
        return number<std::uint16_t>();
    case 'I':
        return number<std::int32_t>();
    case 'i':
        return number<std::uint32_t>();
    case 'l':
    case 'L':
        return number<std::int64_t>();
    case 'T':
        return number<std::uint64_t>();
    case 'f':
        return std::bit_cast<float>(number<std::uint32_t>());
    case 'd':
        return std::bit_cast<double>(number<std::uint64_t>());
    case 'D':
        return decimal();
    case 'S':
    case 'x':
        return take_long();
    case 'A':
        return array();
    case 'F': {
        table inner;
        read(inner);
        return inner;
    }
    case 'V':
        return {};
    default:
        fail("a table with a value of unknown type");
        return {};
    }
}

// ---- writing

void overwrite_size(bytes& in, std::size_t at, std::size_t size) noexcept
{
    for (std::size_t i = sizeof(std::uint32_t); i-- > 0; size >>= 8)
        in[at + i] = static_cast<char>(size & 0xff);
}

void writer::write(std::string_view text)
{
    if (text.size() > longest_short_string)
        refuse('"' + std::string(text.substr(0, 32)) + "...\" has " + std::to_string(text.size()) +
               " bytes, and names may have 255");
    write(static_cast<std::uint8_t>(text.size()));
    to_.append(text);
}

void writer::write(long_string text)
{
    if (text.text.size() > std::numeric_limits<std::uint32_t>::max())
        refuse("a text of more than 4 GiB");
    write(static_cast<std::uint32_t>(text.text.size()));
    to_.append(text.text);
}

template <class Fill> void writer::write_sized(Fill fill)
{
    const std::size_t begin = to_.size();
    write(std::uint32_t{0});
    fill();
    overwrite_size(to_, begin, to_.size() - begin - sizeof(std::uint32_t));
}

void writer::write(const table& fields)
{
    write_sized([&] {
        for (const json::member& each : fields) {
            write(std::string_view(each.name));
            write(each.value);
        }
    });
}

void writer::write(const json::array& elements)
{
    write_sized([&] {
        for (const json::value& each : elements)
            write(each);
    });
}

/// As the smaller of the two that every client reads.
void writer::write_integer(std::int64_t number)
{
    if (number >= std::numeric_limits<std::int32_t>::min() && number <= std::numeric_limits<std::int32_t>::max()) {
        to_ += 'I';
        write(static_cast<std::uint32_t>(number));
    } else {
        to_ += 'l';
        write(static_cast<std::uint64_t>(number));
    }
}

void writer::write(const json::value& value)
{
    switch (value.kind()) {
    case json::kind::null:
        to_ += 'V';
        return;
    case json::kind::boolean:
        to_ += 't';
        return write(static_cast<std::uint8_t>(value.as<bool>()));
    case json::kind::integer:
        return write_integer(value.as<std::int64_t>());
    case json::kind::unsigned_integer:
        refuse("the number " + std::to_string(value.as<std::uint64_t>()) + " is too large for a table");
    case json::kind::real:
        to_ += 'd';
        return write(std::bit_cast<std::uint64_t>(value.as<double>()));
    case json::kind::string:
        to_ += 'S';
        return write(long_string{value.string()});
    case json::kind::array:
        to_ += 'A';
        return write(value.elements());
    case json::kind::object:
        to_ += 'F';
        return write(value.members());
    }
}

} // namespace simul::cluster::amqp
