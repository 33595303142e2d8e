// SPDX-License-Identifier: MIT
//
// Large arguments and results: files in memory, sealed when they are written, so that who reads them needs no copy and
// can't be surprised.
#pragma once

#include "run/process/shared.hpp"

#include <simul/base/codec.hpp>

namespace simul::detail {

/// What `content` has written. *Throws:* `error` when there is no memory for it.
unique_fd make_sealed_file(const encoder& content);

/// The bytes of such a file, which came from another process. *Throws:* `error` when it isn't one.
mapping open_sealed_file(int file, std::uint64_t size);

} // namespace simul::detail
