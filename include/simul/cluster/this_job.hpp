// SPDX-License-Identifier: MIT
//
// this_job: what a job knows of itself, while a worker runs it.
//
//     void convert(const std::string& video)
//     {
//         for (int i = 0; i < 100; ++i) {
//             convert_part(video, i);
//             simul::cluster::this_job::progress(i + 1);      // the job's result, until there is one: state PROGRESS
//         }
//     }
//     void upload(const std::string& file)
//     {
//         if (server_is_busy() && simul::cluster::this_job::retries() < 10)
//             simul::cluster::this_job::retry(30s);           // ends here, and is begun again later
//     }
//
// In functions and in coroutines; also in what these call and start.
#pragma once

#include <simul/base/time.hpp>
#include <simul/text/json_value.hpp>

#include <string>

namespace simul::cluster::this_job {

/// Whether a worker runs this. Where it doesn't, as when the job is called here and now, there is no id and no name, and
/// `progress` does nothing.
bool running() noexcept;
const std::string& id() noexcept;
const std::string& name() noexcept;
/// How often it has been begun before.
unsigned retries() noexcept;

/// Who waits for the job can see how far it is. Nothing is waited for where this is a coroutine, and nothing is thrown:
/// when it can't be told, it isn't.
void progress(json::value state);

/// Ends the job here; it is begun again after so long. However often: that is for the job to decide, by `retries`.
/// What it throws is no std::exception. *Throws:* `invalid_state` where no worker runs this.
[[noreturn]] void retry(duration after);

} // namespace simul::cluster::this_job
