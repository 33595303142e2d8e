// SPDX-License-Identifier: MIT
//
// redis_broker: Redis as a broker, beside Python's workers and clients, which use kombu. What it does otherwise than kombu, and
// they don't notice:
//
// - A message is taken and put among the unacknowledged in one go, so that no death at the wrong moment loses it.
// - Who has a message says so again and again, so that none is begun twice because it takes long.
// - What dead workers had is given back as soon as it is due.
#pragma once

#include "broker.hpp"

#include <memory>
#include <string>

namespace simul::cluster::detail {

/// "redis://", "rediss://" and "unix://" as simul/db/redis.hpp reads them. *Throws:* as `connect_broker`.
task<std::unique_ptr<broker>> connect_redis_broker(std::string url, broker_options options);

} // namespace simul::cluster::detail
