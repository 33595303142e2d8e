// SPDX-License-Identifier: MIT
#include "field_syntax.hpp"

#include <simul/http/method.hpp>

#include <array>
#include <cstddef>

namespace simul::http {

namespace {

constexpr std::array<std::string_view, 10> names = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                    "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};

} // namespace

std::string_view to_string(method of) noexcept
{
    return of < method::other ? names[static_cast<std::size_t>(of)] : std::string_view();
}

method method_of(std::string_view name) noexcept
{
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name)
            return static_cast<method>(i);
    }
    return method::other;
}

bool is_method_name(std::string_view name) noexcept
{
    return detail::is_token(name);
}

bool is_safe(method of) noexcept
{
    return of == method::get || of == method::head || of == method::options || of == method::trace ||
           of == method::query;
}

bool is_idempotent(method of) noexcept
{
    return is_safe(of) || of == method::put || of == method::delete_;
}

} // namespace simul::http
