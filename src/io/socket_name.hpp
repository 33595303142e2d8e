// SPDX-License-Identifier: MIT
//
// The addresses at the two ends of a socket.
#pragma once

#include "run/backend/backend.hpp"

#include <simul/io/address.hpp>

namespace simul::detail {

/// Of family `none` when it has none.
address socket_name(backend& io, int fd);
address peer_name(backend& io, int fd);

} // namespace simul::detail
