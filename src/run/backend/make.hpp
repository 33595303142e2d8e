// SPDX-License-Identifier: MIT
//
// What `make_backend` chooses from.
#pragma once

#include "run/backend/backend.hpp"

namespace simul::detail {

/// *Throws:* `error` when the kernel refuses, lacks what we need, or has no descriptor left.
std::unique_ptr<backend> make_uring_backend();
std::unique_ptr<backend> make_epoll_backend();

} // namespace simul::detail
