// SPDX-License-Identifier: MIT
//
// All of simul's core: describing work (task) and running it (run).
#pragma once

#include <simul/base/error.hpp>
#include <simul/base/result.hpp>
#include <simul/base/time.hpp>
#include <simul/base/version.hpp>
#include <simul/task/as_completed.hpp>
#include <simul/task/async_generator.hpp>
#include <simul/task/await_chain.hpp>
#include <simul/task/barrier.hpp>
#include <simul/task/broadcast.hpp>
#include <simul/task/channel.hpp>
#include <simul/task/condition.hpp>
#include <simul/task/event.hpp>
#include <simul/task/from_callback.hpp>
#include <simul/task/future.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/generator.hpp>
#include <simul/task/group.hpp>
#include <simul/task/latch.hpp>
#include <simul/task/mutex.hpp>
#include <simul/task/queue.hpp>
#include <simul/task/race.hpp>
#include <simul/task/rate_limiter.hpp>
#include <simul/task/retry.hpp>
#include <simul/task/select.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/task/shared_mutex.hpp>
#include <simul/task/shield.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/task.hpp>
#include <simul/task/task_local.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/task/wait.hpp>
#include <simul/task/watch.hpp>
#include <simul/task/with.hpp>
#include <simul/run/block_on.hpp>
#include <simul/run/cpu_count.hpp>
#include <simul/run/dump_tasks.hpp>
#include <simul/run/fiber.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/run/to_thread.hpp>
