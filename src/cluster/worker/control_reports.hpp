// SPDX-License-Identifier: MIT
//
// What a worker tells of itself and its jobs, in the shapes that Celery's tools and Flower read.
#pragma once

#include "workplace.hpp"

#include <simul/text/json.hpp>

#include <string>

namespace simul::cluster::detail {

json::object describe_job(const workplace& at, const held_job& job);
json::array list_jobs(const workplace& at, phase in);
json::array list_scheduled(const workplace& at);
json::array list_queues(const workplace& at);
json::object describe_worker(const workplace& at);
json::object describe_settings(const workplace& at);
/// For people.
std::string describe_program(const workplace& at);

} // namespace simul::cluster::detail
