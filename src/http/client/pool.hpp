// SPDX-License-Identifier: MIT
//
// pool: the lanes of a client. A request takes one, and gives it back when its answer was read.
//
// Two semaphores make who wants one wait, first come, first served: one of the host, then that of all. Their permits are for
// lanes in use, also while they are being connected; idle lanes have none, and give way when there would be too many in all.
#pragma once

#include "lane.hpp"

#include "run/loop_resource.hpp"

#include <simul/base/time.hpp>
#include <simul/detail/timer.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/future.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

struct pool_limits {
    std::size_t all = 0;
    std::size_t per_host = 0;
    duration keep_alive{};
};

class pool : simul::detail::timer {
    struct idle_lane {
        std::unique_ptr<lane> kept;
        time_point until;
    };
    struct host {
        explicit host(std::ptrdiff_t limit) : places(limit) {}

        semaphore places;
        std::vector<idle_lane> idle; ///< the latest is taken first, so that the others can go
        std::size_t users = 0;       ///< leases
    };

public:
    class lease;

    explicit pool(const pool_limits& within);
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool();

    /// A lease for that host, without its place yet. *Throws:* `invalid_state` on another loop than the one that uses it.
    lease enter(std::string_view host);

    void close() noexcept;
    bool is_closed() const noexcept { return closed_; }

private:
    /// To the loop: what belongs to it goes when that is closed.
    struct binding final : simul::detail::loop_resource {
        binding(loop& at, pool& whose) : loop_resource(at), of(whose) {}
        void loop_closes() noexcept override { of.drop_all_idle(); }
        pool& of;
    };
    /// A lane that is being made; on the list while it is.
    struct connecting {
        connecting(pool& at, task<std::unique_ptr<lane>> making);
        connecting(const connecting&) = delete;
        ~connecting();

        pool& of;
        future<std::unique_ptr<lane>> flight;
        std::size_t place = 0; ///< on the list
    };
    using hosts = std::map<std::string, host, std::less<>>;

    void settle_here();
    void keep(host& at, std::unique_ptr<lane> kept);
    std::unique_ptr<lane> take_idle(host& at) noexcept;
    void let_go(std::unique_ptr<lane> gone) noexcept;
    void make_room() noexcept;
    void leave(hosts::iterator at) noexcept;
    void expire() noexcept;
    time_point drop_idle(time_point now) noexcept;
    void drop_all_idle() noexcept;

    pool_limits limits_;
    std::optional<binding> home_;
    semaphore places_;
    hosts hosts_;
    std::size_t idle_ = 0;
    std::vector<lane*> in_use_;
    std::vector<connecting*> connecting_;
    bool closed_ = false;
};

/// A place in the pool, and what is in it.
class pool::lease {
public:
    lease() noexcept = default;
    lease(lease&& other) noexcept;
    lease& operator=(lease&& other) noexcept;
    /// The lane is closed.
    ~lease() { drop(); }

    /// Without waiting: false when it isn't its turn.
    bool try_take_place();
    /// False: the pool was closed meanwhile.
    task<bool> take_place();
    bool has_place() const noexcept { return static_cast<bool>(of_all_); }
    /// With its place: a lane that was kept, if there is one.
    bool try_reuse();
    /// With its place: makes room for another lane, where there would be too many.
    void make_room() noexcept { of_->make_room(); }
    /// With its place: takes the lane that `making` makes. False: the pool was closed meanwhile.
    task<bool> connect(task<std::unique_ptr<lane>> making);

    explicit operator bool() const noexcept { return lane_ != nullptr; }
    lane& operator*() const noexcept { return *lane_; }
    lane* operator->() const noexcept { return lane_.get(); }
    /// Somebody used it before.
    bool is_reused() const noexcept { return reused_; }

    /// Closes the lane, and keeps the place.
    void close_lane() noexcept;
    /// For the next one, if the lane is fit for that.
    void give_back() noexcept;

private:
    friend pool;
    lease(pool& of, hosts::iterator at) noexcept : of_(&of), at_(at) {}
    void drop() noexcept;

    pool* of_ = nullptr;
    hosts::iterator at_;
    permit of_host_;
    permit of_all_;
    std::unique_ptr<lane> lane_;
    bool reused_ = false;
};

} // namespace simul::http::detail
