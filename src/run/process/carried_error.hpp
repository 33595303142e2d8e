// SPDX-License-Identifier: MIT
//
// Exceptions on their way from a worker to the pool.
#pragma once

#include <simul/base/codec.hpp>

#include <exception>

namespace simul::detail {

/// simul's errors and the standard ones arrive as what they are, with code and text. What is derived from them, or is
/// none of them, arrives as a `simul::error` that names its type; its code is kept if it has one.
void put_error(encoder& out, const std::exception_ptr& thrown);
std::exception_ptr get_error(decoder& in);

} // namespace simul::detail
