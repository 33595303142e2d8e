// SPDX-License-Identifier: MIT
//
// What a client is behind its handle: the line that its tasks share, and the pool for what can't go there. A session
// has its line only.
#pragma once

#include "line.hpp"
#include "pool.hpp"
#include "settings.hpp"

#include <simul/db/redis_command.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace simul::db::detail {

class redis_core : public std::enable_shared_from_this<redis_core> {
public:
    /// A client's.
    redis_core(shared_settings to, redis_connection first)
        : settings(to),
          line(redis_line::start(to, std::move(first), redis_line::when_lost::connects_again)),
          pool(std::in_place, to)
    {
    }
    struct session {};
    redis_core(session, shared_settings to, redis_connection only)
        : settings(to), line(redis_line::start(to, std::move(only), redis_line::when_lost::ends))
    {
    }
    redis_core(const redis_core&) = delete;
    redis_core& operator=(const redis_core&) = delete;
    ~redis_core() { end(); }

    bool is_session() const noexcept { return !pool; }

    void end() noexcept
    {
        line->end();
        if (pool)
            pool->end();
    }

    const shared_settings settings;
    const std::shared_ptr<redis_line> line;
    std::optional<redis_pool> pool;
};

} // namespace simul::db::detail
