// SPDX-License-Identifier: MIT
//
// Envelopes and entries, as anybody who can reach the Redis may put them there.
#include "fuzz.hpp"

#include "cluster/redis/envelope.hpp"

#include <simul/base/error.hpp>

#include <string>

namespace redis = simul::cluster::redis;

namespace {

void read_as_envelope(std::string_view input)
{
    try {
        redis::envelope read = redis::read_envelope(input);
        const std::string body = read.content.body;
        const std::string again = redis::write_envelope(std::move(read.content), {"", "celery"}, "tag");
        require(redis::read_envelope(again).content.body == body, "what was written is read");
    } catch (const simul::error&) {
    }
}

void read_as_entry(std::string_view input)
{
    try {
        redis::entry read = redis::read_entry(input);
        require(read.priority() >= 0 && read.priority() <= 9, "priorities are levels");
        const std::string dead = redis::buried(read.envelope, "why");
        const std::string left = redis::begun_before(std::move(read.envelope));
        read_as_envelope(dead);
        read_as_envelope(left);
    } catch (const simul::error&) {
    }
}

} // namespace

void fuzz(std::string_view input)
{
    read_as_envelope(input);
    read_as_entry(input);
    read_as_entry('[' + std::string(input) + redis::entry_tail("celery"));
}
