// SPDX-License-Identifier: MIT
//
// What the cases include, compiled once: reading it takes longer than all that they do. A case includes what it shows all the
// same, and may include what is not here.
#include <simul/db/redis.hpp>
#include <simul/simul.hpp>
#include <simul/text/json.hpp>
