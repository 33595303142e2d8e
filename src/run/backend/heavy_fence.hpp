// SPDX-License-Identifier: MIT
//
// A fence for the one who rarely needs it, so that those who need it often pay nothing.
#pragma once

namespace simul::detail {

/// As if every running thread of this process executed a sequentially consistent fence now.
void heavy_fence() noexcept;

} // namespace simul::detail
