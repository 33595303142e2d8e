// SPDX-License-Identifier: MIT
#include "properties.hpp"

#include "method.hpp"

#include <type_traits>

namespace simul::cluster::amqp {
namespace {

/// The standard's last property, "reserved".
constexpr unsigned cluster_id = 1 << 2;

template <class Field> bool is_given(const Field& field) noexcept
{
    if constexpr (std::is_integral_v<Field>)
        return field != 0;
    else
        return !field.empty();
}

void read_properties(reader& from, properties& into)
{
    std::uint16_t flags = 0;
    from(flags);
    for_each_property(into, [&]<class Field>(int bit, Field& field) {
        if ((flags >> bit & 1) == 0)
            return;
        if constexpr (std::is_same_v<Field, std::string>) {
            std::string_view text;
            from(text);
            field = text;
        } else {
            from(field);
        }
    });
    if ((flags & cluster_id) != 0) {
        std::string_view ignored;
        from(ignored);
    }
}

} // namespace

void write(bytes& to, std::uint64_t body_size, const properties& of)
{
    unsigned flags = 0;
    for_each_property(of, [&](int bit, const auto& field) { flags |= is_given(field) ? 1U << bit : 0; });
    writer out(to);
    out(std::uint16_t{basic_class}, std::uint16_t{0}, body_size, static_cast<std::uint16_t>(flags));
    for_each_property(of, [&]<class Field>(int, const Field& field) {
        if (!is_given(field))
            return;
        if constexpr (std::is_same_v<Field, std::string>)
            out(std::string_view(field));
        else
            out(field);
    });
}

bool read(bytes_view from, const table_limits& within, content_header& header)
{
    reader in(from, within);
    std::uint16_t class_number = 0;
    std::uint16_t weight = 0;
    in(class_number, weight, header.body_size);
    if (in.why() || class_number != basic_class)
        return false;
    read_properties(in, header.properties);
    header.unreadable = in.why() ? in.why() : in.rest().empty() ? nullptr : "properties and something behind them";
    if (header.unreadable)
        header.properties = {};
    return true;
}

} // namespace simul::cluster::amqp
