// SPDX-License-Identifier: MIT
//
// held_job: a job that this worker has to answer for, from its delivery until it is acknowledged or given back.
#pragma once

#include "../broker.hpp"
#include "../request.hpp"

#include <simul/base/time.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>

#include <cstdint>
#include <list>
#include <utility>

namespace simul::cluster::detail {

enum class phase : std::uint8_t {
    scheduled, ///< waits for its time
    reserved,  ///< waits for a process, or for its turn
    active,    ///< runs
    finishing, ///< its outcome is known, and about to be stored
};

/// Why a job is ended that is not done.
enum class interruption : std::uint8_t { none, revoked, terminated, returned };

struct held_job {
    held_job(delivery delivered, request read) : from(std::move(delivered)), asked(std::move(read)) {}

    /// Once its outcome is known, it isn't interrupted any more.
    void interrupt(interruption reason) noexcept
    {
        if (at == phase::finishing || why != interruption::none)
            return;
        why = reason;
        work.cancel();
    }

    delivery from;
    const request asked;
    phase at = phase::reserved;
    interruption why = interruption::none;
    int signal = 0;        ///< that somebody wanted to end it by, for monitors
    time_point begun = {}; ///< by the loop's clock
    wall_time begun_at = {};
    member_future<void> work; ///< what does it
};

using held_jobs = std::list<held_job>;

/// A job's place among those held, from its delivery until it is answered for, or its frame goes.
class job_place {
public:
    job_place(held_jobs& among, event& job_left, delivery delivered, request read)
        : among_(&among), job_left_(&job_left), at_(among.emplace(among.end(), std::move(delivered), std::move(read)))
    {
    }
    job_place(job_place&& other) noexcept
        : among_(std::exchange(other.among_, nullptr)), job_left_(other.job_left_), at_(other.at_)
    {
    }
    job_place& operator=(job_place&&) = delete;
    ~job_place()
    {
        if (!among_)
            return;
        among_->erase(at_);
        job_left_->set();
    }

    held_job& job() const noexcept { return *at_; }

private:
    held_jobs* among_;
    event* job_left_;
    held_jobs::iterator at_;
};

} // namespace simul::cluster::detail
