// SPDX-License-Identifier: MIT
//
// How commands are written: an array of strings, "*2\r\n$3\r\nGET\r\n$1\r\na\r\n", in both versions of the protocol.
#include <simul/db/redis_command.hpp>

#include <charconv>

namespace simul::db::detail {
namespace {

/// The longest: "-1.2345678901234567e-308".
constexpr std::size_t number_room = 32;

void write_length(bytes& to, char type, std::size_t length)
{
    char room[number_room];
    room[0] = type;
    char* end = std::to_chars(room + 1, room + sizeof room, length).ptr;
    *end++ = '\r';
    *end++ = '\n';
    to.append(room, end);
}

template <class Number> void write_number(bytes& to, Number number)
{
    char room[number_room];
    const char* const end = std::to_chars(room, room + sizeof room, number).ptr;
    write_argument(to, bytes_view(room, end));
}

} // namespace

void write_count(bytes& to, std::size_t arguments)
{
    write_length(to, '*', arguments);
}

void write_argument(bytes& to, bytes_view text)
{
    write_length(to, '$', text.size());
    to.append(text).append("\r\n", 2);
}

void write_argument(bytes& to, std::int64_t number)
{
    write_number(to, number);
}

void write_argument(bytes& to, std::uint64_t number)
{
    write_number(to, number);
}

void write_argument(bytes& to, double number)
{
    write_number(to, number);
}

} // namespace simul::db::detail
