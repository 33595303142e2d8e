// SPDX-License-Identifier: MIT
//
// result<T>: a value, or the error that came instead of it.
//
//     for (simul::result<page>& each : co_await simul::settle(downloads))
//         each ? show(*each) : log(each.error());
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace simul {

/// What an attempt came to. Never empty.
template <class T> class [[nodiscard]] result {
    struct nothing {};
    using held_type = std::conditional_t<std::is_void_v<T>, nothing,
                                         std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>>;

public:
    template <class... Args> static result success(Args&&... args)
    {
        result made;
        if constexpr (std::is_reference_v<T>)
            made.value_.emplace(&args...);
        else
            made.value_.emplace(std::forward<Args>(args)...);
        return made;
    }
    static result failure(std::exception_ptr error)
    {
        result made;
        made.error_ = std::move(error);
        return made;
    }

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    /// Null for a value.
    const std::exception_ptr& error() const noexcept { return error_; }

    /// *Throws:* the error.
    decltype(auto) value() &
    {
        if (!value_)
            std::rethrow_exception(error_);
        if constexpr (std::is_void_v<T>)
            return;
        else if constexpr (std::is_reference_v<T>)
            return static_cast<T>(**value_);
        else
            return static_cast<T&>(*value_);
    }
    T value() && { return static_cast<T>(std::forward<T>(value())); }
    decltype(auto) operator*() & { return value(); }

private:
    result() = default;

    std::optional<held_type> value_;
    std::exception_ptr error_;
};

template <> inline void result<void>::value() &&
{
    value();
}

} // namespace simul
