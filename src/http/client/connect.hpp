// SPDX-License-Identifier: MIT
//
// From a request to a lane to where it goes: name, network, proxy, TLS, each within its time.
#pragma once

#include "asked.hpp"
#include "lane.hpp"

#include <simul/http/client.hpp>
#include <simul/task/task.hpp>

#include <memory>

namespace simul::http::detail {

/// *Throws:* `connect_error`, `request_timeout`. *Lifetime:* both.
task<std::unique_ptr<lane>> connect(const asked& what, const client_options& with);

} // namespace simul::http::detail
