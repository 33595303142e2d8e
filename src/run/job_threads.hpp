// SPDX-License-Identifier: MIT
#pragma once

namespace simul::detail {

/// The threads that `to_thread` keeps for the next job go now; for who counts threads.
void dismiss_idle_job_threads() noexcept;

} // namespace simul::detail
