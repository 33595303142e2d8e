// SPDX-License-Identifier: MIT
//
// Descriptors that were not opened here.
#pragma once

#include "fd_transport.hpp"

#include <string>

namespace simul::detail {

enum class files { allowed, refused };

/// How `fd` is driven. *Throws:* `error` that begins with `operation` when it is nothing to stream from or to, and where
/// descriptors aren't real: in virtual time.
fd_transport::kind recognise(int fd, files those, const std::string& operation);

} // namespace simul::detail
