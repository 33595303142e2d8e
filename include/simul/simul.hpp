// SPDX-License-Identifier: MIT
//
// All of simul's core: describing work (task) and running it (run).
#pragma once

#include <simul/base/error.hpp>
#include <simul/base/time.hpp>
#include <simul/base/version.hpp>
#include <simul/run/dump_tasks.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/await_chain.hpp>
#include <simul/task/future.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>
#include <simul/task/this_task.hpp>
