// SPDX-License-Identifier: MIT
//
// cpu_count: how many threads that compute make sense here.
//
//     std::vector<std::thread> workers(simul::cpu_count());
//
// A machine of 64 CPUs may let this process use two: by an affinity mask (taskset, cpusets) or by a quota of CPU time
// (containers: `docker run --cpus=2`). More threads than that only wait for each other.
#pragma once

namespace simul {

/// The CPUs that this thread may use: those of its affinity mask, or what the smallest CPU quota of the control groups
/// that it is in comes to, rounded up; 1 at least. Reads some small files, so ask once: about 50 µs.
unsigned cpu_count();

} // namespace simul
