// SPDX-License-Identifier: MIT
#include <simul/http/request_options.hpp>

#include "text/base64.hpp"

#include <simul/base/error.hpp>

namespace simul::http {

credentials basic(std::string_view name, std::string_view password)
{
    if (name.find(':') != std::string_view::npos)
        throw error(std::errc::invalid_argument, "HTTP: a name with a colon can't be told from its password");
    return {.value = "Basic " + simul::detail::base64(std::string(name).append(":").append(password))};
}

credentials bearer(std::string_view token)
{
    return {.value = std::string("Bearer ").append(token)};
}

credentials digest(std::string_view name, std::string_view password)
{
    if (name.empty())
        throw error(std::errc::invalid_argument, "HTTP: digest authentication needs a name");
    return {.name = std::string(name), .password = std::string(password)};
}

} // namespace simul::http
