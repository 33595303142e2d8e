// SPDX-License-Identifier: MIT
#pragma once

namespace simul::detail {

/// The ambient loop, if there is one, ends now, as at the end of the process; the next task makes another. For who counts
/// threads and descriptors.
void end_ambient_loop() noexcept;

/// The same for the process pool of `unsync`.
void end_ambient_processes() noexcept;

} // namespace simul::detail
