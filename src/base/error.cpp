// SPDX-License-Identifier: MIT
#include "demangle.hpp"

#include <simul/base/error.hpp>

#include <typeinfo>

namespace simul {
namespace {

std::string summary(const std::string& what, const std::vector<std::exception_ptr>& errors)
{
    std::string text = what + " (" + std::to_string(errors.size()) + (errors.size() == 1 ? " error" : " errors");
    constexpr std::size_t shown = 5;
    for (std::size_t i = 0; i < errors.size() && i < shown; ++i)
        text += (i == 0 ? ": " : "; ") + describe(errors[i]);
    if (errors.size() > shown)
        text += "; ...";
    return text + ")";
}

} // namespace

error error::from_errno(int number, std::string_view operation)
{
    const std::error_code code(number, std::generic_category());
    return {code, std::string(operation) + ": " + code.message()};
}

error_group::error_group(std::string what, std::vector<std::exception_ptr> errors)
    : error(std::errc::operation_canceled, summary(what, errors)), errors_(std::move(errors))
{
}

std::string describe(const std::exception_ptr& failure)
{
    if (!failure)
        return "no error";
    const std::string type = detail::demangle(failure.__cxa_exception_type()->name());
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return type + ": " + e.what();
    } catch (...) {
        return type;
    }
}

bool is_cancelled(const std::exception_ptr& failure) noexcept
{
    return failure && *failure.__cxa_exception_type() == typeid(cancelled);
}

} // namespace simul
