// SPDX-License-Identifier: MIT
//
// request: a job on its way, in the Celery protocol, version 2: what its message says, and how that is written.
#pragma once

#include "message.hpp"
#include "wall_clock.hpp"

#include <simul/text/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace simul::cluster::detail {

struct request {
    std::string task = {}; ///< the job's name
    std::string id = {};
    std::string root_id = {};   ///< of the workflow's first; its own id for one that stands alone
    std::string parent_id = {}; ///< of who sent it; empty: nobody
    std::string group = {};     ///< empty: none
    std::optional<std::int64_t> group_index = {};

    json::array args = {};
    json::object kwargs = {};

    // Signatures (signature.hpp) of what comes after it.
    json::array callbacks = {}; ///< each gets the result
    json::array errbacks = {};  ///< each gets the id of the failed job
    json::array chain = {};     ///< the steps that follow, the last first
    json::value chord = {};     ///< what gets the results of the whole group; null: none

    unsigned retries = 0; ///< how often it has been begun before
    std::optional<wall_time> eta = {};
    std::optional<wall_time> expires = {};
    std::optional<double> time_limit = {};      ///< seconds, then its process is ended
    std::optional<double> soft_time_limit = {}; ///< seconds, then it is told
    bool ignore_result = false;
    bool once = false; ///< a job of this id that is done isn't to be done again: its result is looked for

    std::string reply_to = {}; ///< the client's queue for results, where they travel as messages
    std::optional<int> priority = {};
    std::string shadow = {}; ///< the name to show; empty: its own
    std::string origin = {};
    std::string args_text = {}; ///< for logs and monitors, cut; empty: made of the arguments
    std::string kwargs_text = {};
    json::object others = {}; ///< headers that mean nothing here, and are handed on

    const std::string& shown_name() const noexcept { return shadow.empty() ? task : shadow; }
};

/// *Throws:* `error` that says why it is no job: no task or id, a body that isn't JSON of the right shape, another content
/// type ("application/x-python-serialize" is refused: reading it would run code).
request read_request(const message& from);
message write_request(const request& from);

std::string new_id(); ///< a random UUID

} // namespace simul::cluster::detail
