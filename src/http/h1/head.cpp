// SPDX-License-Identifier: MIT
#include "head.hpp"

#include "http/field_syntax.hpp"

#include <algorithm>

namespace simul::http::h1 {

using namespace http::detail;

void head::clear() noexcept
{
    method = http::method::get;
    expects = expectation::none;
    form = target_form::origin;
    other_method.clear();
    target.clear();
    status = 0;
    reason.clear();
    version = h1::version::http_1_1;
    body = framing::none;
    keep_alive = true;
    upgrade = false;
    length = 0;
    fields.clear();
}

std::string_view head::local_target() const noexcept
{
    if (form == target_form::authority)
        return {};
    if (form != target_form::absolute)
        return target;
    const std::string_view rest = split_absolute(target).rest;
    return rest.starts_with('/') ? rest : "/"; // "http://host?query" is no path of ours
}

std::string_view head::authority() const noexcept
{
    if (form == target_form::absolute)
        return split_absolute(target).authority;
    if (form == target_form::authority)
        return target;
    return fields.get("Host").value_or(std::string_view());
}

absolute_target split_absolute(std::string_view target) noexcept
{
    constexpr std::string_view schemes[] = {"http://", "https://"};
    for (const std::string_view scheme : schemes) {
        if (same_ignoring_case(target.substr(0, scheme.size()), scheme)) {
            const std::string_view behind = target.substr(scheme.size());
            const std::size_t end = std::min(behind.find_first_of("/?"), behind.size());
            return {behind.substr(0, end), behind.substr(end)};
        }
    }
    return {};
}

bool belongs_into_heads(std::string_view field_name) noexcept
{
    constexpr std::string_view names[] = {"Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Host",
                                          "Expect"};
    return std::ranges::any_of(names, [&](std::string_view each) { return same_ignoring_case(each, field_name); });
}

bool is_authority(std::string_view text) noexcept
{
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos)
            return false;
        const std::string_view address = text.substr(1, end - 1);
        const auto belongs = [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; };
        if (address.size() < 2 || address.find(':') == std::string_view::npos || !std::ranges::all_of(address, belongs))
            return false;
        port = text.substr(end + 1);
    } else {
        const std::size_t end = find_other(host_set, text);
        if (end == 0)
            return false;
        port = text.substr(end);
    }
    if (port.empty())
        return true;
    if (port[0] != ':' || port.size() < 2 || port.size() > 6)
        return false;
    unsigned number = 0;
    for (const char c : port.substr(1)) {
        if (!is_digit(c))
            return false;
        number = number * 10 + static_cast<unsigned>(c - '0');
    }
    return number <= 65535;
}

} // namespace simul::http::h1
