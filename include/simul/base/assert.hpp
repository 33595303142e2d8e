// SPDX-License-Identifier: MIT
//
// SIMUL_ASSERT states an invariant of simul itself. It is on in dev and CI builds and gone in release builds
// (NDEBUG). A user's mistake is never an assertion: it is an exception that says what to do.
#pragma once

namespace simul::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#ifdef NDEBUG
#define SIMUL_ASSERT(condition) static_cast<void>(sizeof(!(condition)))
#else
#define SIMUL_ASSERT(condition)                                                                                        \
    (static_cast<bool>(condition) ? static_cast<void>(0)                                                               \
                                  : ::simul::detail::assertion_failed(#condition, __FILE__, __LINE__))
#endif
