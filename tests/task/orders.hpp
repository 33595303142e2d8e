// SPDX-License-Identifier: MIT
//
// How many random orders of execution a test tries.
#pragma once

#include <cstdint>

namespace laws {

/// An order takes five to ten times as long under a sanitizer.
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
inline constexpr std::uint64_t usual_orders = 1'000;
#else
inline constexpr std::uint64_t usual_orders = 10'000;
#endif

} // namespace laws
