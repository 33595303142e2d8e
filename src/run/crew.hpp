// SPDX-License-Identifier: MIT
//
// The workers of a thread pool: loops that share what has not begun. `run` with several threads has one too.
//
// A worker that is out of work looks in three places: its own deque, newest first; the queue of what came from outside;
// the deques of the others, oldest first. It looks again for some microseconds, and then sleeps in its loop, where
// descriptors, timers and posts wake it as they always do.
//
// | word       | meaning                                           | who writes                              |
// |------------|---------------------------------------------------|-----------------------------------------|
// | idle       | workers that sleep, or are about to               | workers; whoever rouses one             |
// | searching_ | workers that look for work, and will see new work | workers                                 |
// | roots_     | tasks submitted or spawned, and not ended         | whoever begins or ends one              |
// | ending_    | nothing new comes from outside                    | `finish`                                |
//
// No work is left lying while somebody sleeps: a worker announces that it is idle, then makes what all others have pushed
// visible (heavy_fence, which costs only the one who goes to sleep), and looks once more.
#pragma once

#include <simul/detail/shared_work.hpp>
#include <simul/detail/work.hpp>
#include <simul/run/loop.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace simul::detail {

class crew;

class worker final : public shared_work {
public:
    worker(crew& of, loop& at, std::uint64_t seed);

    /// Something to begin: its own, from outside, or another's. Null when there is none to be seen.
    context* find() noexcept;
    /// As `find`, for a worker that has nothing else to do: takes its time. Null: it may sleep now.
    context* search() noexcept;
    /// After a sleep.
    void back() noexcept;
    /// A job of this worker waits for a task, or for something else (null), from now on until `unblock`.
    /// *Throws:* `deadlock_error` when that waits for the job.
    void block(const context* job, const context* waits_for);
    void unblock() noexcept;
    /// Whether it may begin something new.
    bool may_begin() const noexcept;

    /// Asked not to sleep, since `search`.
    bool roused() const noexcept { return roused_.load(std::memory_order_seq_cst); }

    void count_root(int change) noexcept override;
    const crew& of() const noexcept { return crew_; }

private:
    friend crew;

    /// Jobs on this worker's stack that wait, the outermost first.
    struct blocked {
        const context* job;
        const context* waits_for;
    };

    void rouse() noexcept override;
    context* steal_from_others() noexcept;

    crew& crew_;
    loop& loop_;
    std::uint64_t random_;
    unsigned turns_ = 0;
    std::atomic<bool> roused_{false};
    bool listed_ = false;           ///< among the idle; under the crew's mutex
    std::vector<blocked> blocked_;  ///< changed under the crew's mutex, by the worker itself
};

class crew {
public:
    crew() = default;
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;

    /// Before any of them runs.
    worker& add(loop& at);

    /// From any thread: `offered` begins wherever it is taken first. False once `finish` was called.
    bool inject(context& offered) noexcept;

    /// What has not begun ends as cancelled.
    void cancel_pending() noexcept;
    /// So does what has begun, when it has cleaned up; then the workers end.
    void cancel_all() noexcept;
    bool cancels_all() const noexcept { return cancels_all_.load(std::memory_order_relaxed); }
    /// Workers end at once, whatever is left.
    void abandon() noexcept;
    /// Nothing comes from outside any more; workers end when nothing is left.
    void finish() noexcept;
    bool finished() const noexcept;

    std::size_t size() const noexcept { return workers_.size(); }
    std::size_t roots() const noexcept { return static_cast<std::size_t>(roots_.load(std::memory_order_relaxed)); }
    loop& loop_of(std::size_t index) noexcept { return workers_[index]->loop_; }
    worker& any() noexcept { return *workers_.front(); }

private:
    friend worker;

    context* take_injected(worker& by) noexcept;
    bool leads_to(const context* from, const context* job) const noexcept;
    void rouse_one() noexcept;
    void rouse_all() noexcept;

    std::vector<std::unique_ptr<worker>> workers_;
    shared_words words_;
    std::atomic<int> searching_{0};
    std::atomic<int> blocked_{0}; ///< workers with a job that waits
    alignas(128) std::atomic<std::int64_t> roots_{0};
    std::atomic<bool> ending_{false};
    std::atomic<bool> cancels_all_{false};
    std::atomic<bool> abandoned_{false};

    std::mutex mutex_;
    std::vector<worker*> sleepers_; ///< latest last: the one whose memory is still warm is roused first
    work_list injected_;
    std::atomic<std::size_t> injected_count_{0};
};

} // namespace simul::detail
