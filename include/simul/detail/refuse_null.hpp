// SPDX-License-Identifier: MIT
#pragma once

#include <simul/base/error.hpp>

namespace simul::detail {

/// *Throws:* `error` for a function pointer, or a wrapper such as `std::function`, that is null.
template <class Fn> void refuse_null(const Fn& fn)
{
    if constexpr (requires { fn == nullptr; })
        if (fn == nullptr)
            throw error(std::errc::invalid_argument, "the function to call is null");
}

} // namespace simul::detail
