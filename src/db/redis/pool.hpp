// SPDX-License-Identifier: MIT
//
// Connections that are lent to one task at a time, for commands that block. Those that come back idle are lent again.
#pragma once

#include "line.hpp"
#include "settings.hpp"

#include <simul/task/semaphore.hpp>
#include <simul/task/task.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace simul::db::detail {

class redis_pool {
public:
    explicit redis_pool(shared_settings to) : to_(std::move(to)), slots_(static_cast<std::ptrdiff_t>(to_->options.pool))
    {
    }
    ~redis_pool() { end(); }

    /// A line, given back at the end of the scope. *Lifetime:* the pool's.
    class lease {
    public:
        lease(redis_pool& from, permit slot, std::shared_ptr<redis_line> lent) noexcept
            : from_(&from), slot_(std::move(slot)), lent_(std::move(lent))
        {
        }
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease()
        {
            if (lent_)
                from_->take_back(std::move(lent_));
        }

        redis_line* operator->() const noexcept { return lent_.get(); }

    private:
        redis_pool* from_;
        permit slot_;
        std::shared_ptr<redis_line> lent_;
    };

    /// Waits while all are lent. *Throws:* what keeps a connection from being made; `closed_error`.
    task<lease> take();
    /// Those that are lent end, too.
    void end() noexcept;

private:
    void take_back(std::shared_ptr<redis_line> lent) noexcept;

    shared_settings to_;
    semaphore slots_;
    std::vector<std::shared_ptr<redis_line>> idle_;
    std::vector<redis_line*> lent_;
    bool over_ = false;
};

} // namespace simul::db::detail
