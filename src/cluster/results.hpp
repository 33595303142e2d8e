// SPDX-License-Identifier: MIT
//
// results: the seam between who has results and who waits for them. Redis keeps them, for whoever asks; RabbitMQ sends them as
// messages to the client that submitted the job, once. As a broker, it belongs to one loop and outlives its connections.
#pragma once

#include "broker.hpp"
#include "outcome.hpp"

#include <simul/base/time.hpp>
#include <simul/task/task.hpp>
#include <simul/text/json.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster::detail {

struct results_options {
    duration expires = std::chrono::hours(24); ///< results are kept for so long
    std::string key_prefix = {};
    tls::client_options tls = {};
};

class results {
public:
    virtual ~results() = default;
    results(const results&) = delete;
    results& operator=(const results&) = delete;

    // ---- workers

    /// Returns when it is safe there. A SUCCESS that is there stays, whatever comes. *Throws:* `limit_exceeded` for one that
    /// will never be taken.
    virtual task<> store(const request& of, const outcome& what) = 0;
    /// What is known of a job; none: nothing, or nothing can be known.
    virtual task<std::optional<outcome>> look(std::string id) = 0;
    /// Part of a chord is done, or has failed: keeps its outcome, and gives all of them (id, status and result), in order, to
    /// who brings the last. *Throws:* `error` where results can't be joined, as with RabbitMQ's.
    virtual task<std::optional<std::vector<outcome>>> join(const request& part, const outcome& what) = 0;
    /// What follows the parts was published; until then who brings a part again gets all of them again.
    virtual task<> end_join(std::string) { co_return; }

    // ---- clients

    /// To be put into requests as `reply_to`; empty where results are kept.
    virtual const std::string& address() const noexcept = 0;
    /// Before a job is published: from the return on its outcomes come out of `next`, each as soon as it is known; `look` tells
    /// what is known before. What is asked in one turn of the loop goes out together.
    virtual task<> expect(std::string id) = 0;
    /// No more of this job. Nothing is waited for.
    virtual void forget(std::string_view id) noexcept = 0;
    /// The next outcome of any expected job, also of one that isn't final. *Cancel:* has taken none.
    virtual task<outcome> next() = 0;
    /// Before a chord's parts are published: how many there are.
    virtual task<> begin_join(std::string group, std::size_t parts) = 0;

    virtual task<> close() = 0;

protected:
    results() = default;
};

/// Where results are, unless it is said: Redis keeps them, RabbitMQ sends them as messages. `given`: what was said; empty: nothing.
std::string results_beside(std::string_view broker, std::string_view given);
/// By scheme, as connect_broker; "rpc://": by `broker`, which has to be RabbitMQ and outlives it.
task<std::unique_ptr<results>> connect_results(std::string url, broker& by, results_options options = {});

} // namespace simul::cluster::detail
