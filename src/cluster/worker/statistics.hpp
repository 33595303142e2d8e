// SPDX-License-Identifier: MIT
//
// statistics: what a worker has done since it began, for `celery inspect stats` and for Prometheus.
#pragma once

#include <simul/base/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

/// What is so now, and not counted.
struct worker_gauges {
    std::size_t running = 0;
    std::size_t reserved = 0;
    std::size_t scheduled = 0;
    std::uint64_t reconnects = 0;
};

class statistics {
public:
    statistics();

    void received(const std::string& name) { ++received_[name]; }
    /// It ended in this state, so long after its begin.
    void ended(std::string_view state, duration took);

    const std::map<std::string, std::uint64_t>& received() const noexcept { return received_; }
    std::uint64_t processed() const noexcept { return timed_; }
    duration uptime() const;

    /// For Prometheus, in its text format.
    std::string text(const worker_gauges& now) const;

private:
    static constexpr std::array limits = {0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 600.0}; // seconds

    time_point began_;
    std::map<std::string, std::uint64_t> received_;
    std::map<std::string, std::uint64_t, std::less<>> by_state_;
    std::array<std::uint64_t, limits.size()> up_to_{}; ///< how many took as long, or less
    std::uint64_t timed_ = 0;
    double seconds_ = 0;
};

} // namespace simul::cluster::detail
