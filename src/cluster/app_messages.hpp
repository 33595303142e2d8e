// SPDX-License-Identifier: MIT
//
// What an order becomes: messages, and the ids whose outcomes it waits for.
#pragma once

#include "app_core.hpp"
#include "broker.hpp"
#include "message.hpp"
#include "signature.hpp"

#include <simul/cluster/order.hpp>

#include <string>
#include <utility>
#include <vector>

namespace simul::cluster::detail {

struct order_messages {
    std::vector<std::pair<std::string, message>> messages; ///< each with its queue
    std::vector<expansion::join> joins;
    std::string id;
    std::vector<std::string> ends;    ///< of which it wants the results, in this order
    std::vector<std::string> watched; ///< that come before, so their failure is its
    std::vector<std::string> given;   ///< by whoever submits it, so they may be done already
};

/// Uses up the signature. *Throws:* `limit_exceeded`.
order_messages write_order(described& what, const app_core& app, const std::string& reply_to);

/// What is said to workers, so that they don't do these jobs any more.
question call_back_of(std::vector<std::string> ids);

} // namespace simul::cluster::detail
