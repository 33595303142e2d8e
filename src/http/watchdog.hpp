// SPDX-License-Identifier: MIT
//
// The time limits of a connection: one timer for all of them, which isn't touched when a limit moves or is met.
//
//     watchdog limit(connection);
//     limit.set(10s, "no request came within 10 s");
//     co_await connection.next();       // closed_error when it bites, and `limit.bitten()` says why
//     limit.rest();
#pragma once

#include <simul/base/time.hpp>
#include <simul/detail/timer.hpp>
#include <simul/io/stream.hpp>
#include <simul/run/loop.hpp>

namespace simul::http {

class watchdog : simul::detail::timer {
public:
    /// *Lifetime:* the stream. On the loop that runs here.
    explicit watchdog(simul::stream& guarded) noexcept;
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;
    virtual ~watchdog();

    /// Aborts the stream when this has passed, unless there is another `set` or `rest` before. Zero: no limit.
    void set(duration limit, const char* reason) noexcept;
    void rest() noexcept { until_ = time_point::max(); }

    /// The reason of the limit that was passed; null while none was.
    const char* bitten() const noexcept { return bitten_; }

protected:
    /// May `set` another one.
    virtual void time_is_up() noexcept { guarded_.abort(); }

private:
    void bite() noexcept;

    simul::stream& guarded_;
    loop& home_;
    time_point until_ = time_point::max();
    const char* reason_ = nullptr;
    const char* bitten_ = nullptr;
};

} // namespace simul::http
