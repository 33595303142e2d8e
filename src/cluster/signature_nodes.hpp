// SPDX-License-Identifier: MIT
//
// What signatures (signature.hpp) of our own are made of, for who says something to all of their jobs, or to some. What is
// linked to a job is not among them.
#pragma once

#include <simul/text/json.hpp>

#include <vector>

namespace simul::cluster::detail {

bool is_one_job(const json::value& signature);
/// The signature itself and all that it is made of: the parts of groups, the steps of chains, the bodies of chords.
std::vector<json::value*> nodes_of(json::value& signature);
/// Those of them that are jobs.
std::vector<json::value*> jobs_of(json::value& signature);
/// What has its result: the last step of a chain, the body of a chord; else itself.
json::value& end_of(json::value& signature);
/// Its jobs that begin first.
std::vector<json::value*> beginnings_of(json::value& signature);

} // namespace simul::cluster::detail
