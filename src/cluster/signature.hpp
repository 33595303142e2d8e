// SPDX-License-Identifier: MIT
//
// A signature is a job to be begun, as JSON: {"task", "args", "kwargs", "options", "subtask_type", "immutable"}; or several:
// a chain, a group, a chord. It is what workflows are made of, on the client and in what comes after a job on a worker;
// both begin it by `expand`.
#pragma once

#include "request.hpp"

#include <simul/text/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace simul::cluster::detail {

json::value make_signature(std::string_view task, json::array args, json::object kwargs, json::object options = {},
                           bool immutable = false);
/// One after the other: each gets what the one before it returned.
json::value make_chain(json::array steps, json::object options = {});
/// All at once.
json::value make_group(json::array parts, json::object options = {});
/// All at once, and then `body` with their results.
json::value make_chord(json::array parts, json::value body, json::object options = {});

/// Who begins it.
struct beginner {
    std::string id = {};      ///< becomes the parent; empty: a client
    std::string root_id = {}; ///< empty: each job begins a workflow of its own
    std::string reply_to = {};
};

struct expansion {
    struct part {
        request job;
        std::string queue; ///< empty: the default
    };
    struct join {
        std::string group;
        std::size_t parts;
    };

    std::vector<part> jobs;        ///< to be published, after
    std::vector<join> joins;       ///< ... the chords that they are parts of were begun
    std::string id;                ///< of what has the result in the end; of a group its own
    std::vector<std::string> ends; ///< of what has the results: of a group those of its parts
};

/// `leading`: arguments that come before those of the first jobs, unless they are immutable.
/// *Throws:* `error` for what is no signature.
expansion expand(json::value signature, const beginner& by, const json::array& leading = {});

} // namespace simul::cluster::detail
