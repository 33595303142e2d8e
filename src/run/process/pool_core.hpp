// SPDX-License-Identifier: MIT
//
// What a process_pool is inside.
//
//     submit ──► pending ──deal──► a seat's ring ══ worker ══► its answers ──look──► deliver: its future is done
//                   ▲                   │ taken back: not begun, and its worker died or others are idle
//                   └───────────────────┘
//
// Any thread deals, with the mutex: a job goes straight into the ring of the seat with the fewest. Answers are read by
// who *watches*: the pool's own thread, or a plain thread that would block for a result anyway and finds nobody watching
// (`help`). Messages of the server (started, ended) and deadlines are the own thread's.
//
// The jobs of a seat are in the order of its ring, and the worker answers in that order. So the first one is the only
// one that can have begun; when a worker dies, that one has died with it, and the others are dealt again. Who takes a
// job out of `pending_` or out of a seat, with the mutex, is the only one to complete it: each job is answered exactly
// once.
//
// | word        | meaning                                              | guarded by                                |
// |-------------|------------------------------------------------------|-------------------------------------------|
// | pending_    | jobs that are in no ring, oldest first               | mutex_                                    |
// | seats_      | the workers, and what is in their rings              | mutex_; the answers' positions: watching_ |
// | unfinished_ | jobs submitted and not answered                      | atomic; up only with mutex_               |
// | visitors_   | threads that came in through a job that was not done | atomic                                    |
// | closing_    | no more jobs are taken                               | mutex_                                    |
// | over_       | and the last has ended, and the processes            | mutex_                                    |
// | broken_     | why there are no workers any more                    | mutex_                                    |
// | stopping_   | nobody is to watch any more                          | watching_                                 |
// | batch_      | answers being delivered                              | watching_                                 |
//
// Order of locks: watching_, then mutex_. Jobs are completed with neither but watching_.
#pragma once

#include "run/process/server_process.hpp"
#include "run/process/shared.hpp"

#include <simul/detail/future_state.hpp>
#include <simul/detail/process_job.hpp>
#include <simul/run/process_pool.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace simul::detail {

/// Jobs in a row; each is in one list at most.
class job_list {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    process_job* front() const noexcept { return first_; }
    process_job* back() const noexcept { return last_; }
    void push_front(process_job& job) noexcept;
    void push_back(process_job& job) noexcept;
    void remove(process_job& job) noexcept;

private:
    process_job* first_ = nullptr;
    process_job* last_ = nullptr;
};

/// Where a worker sits; when it has ended, another one takes the seat.
struct pool_seat {
    unsigned number = 0;
    unsigned life = 0;           ///< counts its workers
    worker_area* area = nullptr; ///< null: vacant
    detail::orders* orders = nullptr;
    unique_fd socket;
    unique_fd pidfd; ///< not there yet while it starts
    int pid = 0;
    bool ready = false;   ///< got through its initializer
    bool closed = false;  ///< gets no more jobs: it was told to leave, or is being ended
    bool ending = false;  ///< to be killed as soon as that is possible
    bool garbled = false; ///< has answered nonsense, and is not listened to any more
    std::string problem;  ///< what its initializer failed with
    job_list jobs;
    unsigned jobs_here = 0;
    unsigned jobs_sent = 0; ///< in this life
    ring_end requests;
    std::uint64_t requests_read = 0; ///< by the worker, as far as we know
    ring_end answers;                ///< that were read
    time_point deadline = never;     ///< of the first job; of a vacant seat, for the next try

    void vacate() noexcept;
};

class pool_core {
public:
    explicit pool_core(const process_pool_options& options);
    ~pool_core();
    pool_core(const pool_core&) = delete;
    pool_core& operator=(const pool_core&) = delete;

    void submit(process_job& job);
    /// False when its answer is there already.
    bool cancel(process_job& job) noexcept;
    void help(const future_state_base& until_done) noexcept;
    future<> shutdown(shutdown_options options);

    void enter() noexcept { visitors_.fetch_add(1, std::memory_order_acquire); }
    void leave() noexcept { visitors_.fetch_sub(1, std::memory_order_release); } // pairs with the load in shutdown

    std::size_t workers() const noexcept { return seats_.size(); }
    std::vector<int> pids();
    bool is_forked() const noexcept;
    /// In a forked child: gives up what is the parent's.
    void abandon() noexcept;

private:
    struct answer {
        process_job* job;
        frame_kind kind;
        bool in_file;
        std::uint64_t size;
        const std::byte* bytes; ///< in the ring
    };
    struct lost_job {
        process_job* job;
        std::exception_ptr error;
    };
    using lost_jobs = std::vector<lost_job>;
    struct awaited_end {
        promise<> to_tell;
        outside_job outside;
    };

    // With the mutex.
    void start();
    void start_server();
    void start_worker(pool_seat& seat);
    void check_usable() const;
    void deal() noexcept;
    void deal_pending() noexcept;
    void balance() noexcept;
    pool_seat* seat_for(const process_job& job) noexcept;
    bool has_room(pool_seat& seat, std::uint64_t length) noexcept;
    bool push(pool_seat& seat, process_job& job) noexcept;
    frame& push_frame(pool_seat& seat, frame_kind kind, std::uint64_t bytes) noexcept;
    void publish(pool_seat& seat) noexcept;
    bool take_back(process_job& job) noexcept;
    void take_back_behind(pool_seat& seat, const process_job* first_kept) noexcept;
    bool has_begun(const process_job& job) const noexcept;
    bool seems_begun(process_job& job) noexcept;
    void first_job_changed(pool_seat& seat) noexcept;
    bool end_with_worker(process_job& job, process_job::doom why) noexcept;
    void end_worker(pool_seat& seat) noexcept;
    void clear_seat(pool_seat& seat, const message& how, lost_jobs& lost);
    void bury(pool_seat& seat, const message& how, lost_jobs& lost);
    void blame(process_job& job, const pool_seat& seat, const message& how, lost_jobs& lost);
    void could_not_start(pool_seat& seat, std::string reason);
    bool cannot_be_started() const noexcept;
    void break_pool(std::string reason, lost_jobs& lost);
    void take_unbegun(lost_jobs& lost, const std::exception_ptr& error);

    // Who watches.
    bool look() noexcept;
    bool look_at(pool_seat& seat) noexcept;
    void read_answers(pool_seat& seat, ring_end tail);
    bool read_answer(pool_seat& seat, ring_end tail);
    void deliver(pool_seat& seat, const answer& each) noexcept;
    void set_watched(bool watched) noexcept;
    bool stop_watching() noexcept;

    // The own thread.
    void run() noexcept;
    bool has_nothing_left() noexcept;
    void end() noexcept;
    void hear_server() noexcept;
    void hear(received& heard, lost_jobs& lost);
    void server_lost(lost_jobs& lost);
    void pass_deadlines() noexcept;
    time_point next_deadline() noexcept;

    void settle(lost_jobs& lost) noexcept;
    void finished(std::size_t jobs) noexcept;
    void ring() noexcept;

    static constexpr unsigned not_begun = ~0u;

    const process_pool_options options_;
    std::atomic<unsigned> began_after_forks_{not_begun};

    std::mutex mutex_;
    job_list pending_;
    std::vector<pool_seat> seats_;
    std::unique_ptr<server_process> server_;
    std::unique_ptr<broken_pool> broken_;
    std::uint64_t last_id_ = 0;
    std::string start_problem_;
    unsigned failed_starts_ = 0; ///< in a row
    bool started_ = false;
    bool closing_ = false;
    bool over_ = false;
    std::vector<awaited_end> awaited_ends_;
    std::atomic<std::size_t> unfinished_{0};
    std::atomic<int> visitors_{0};

    std::mutex watching_;
    mapping memory_;
    unique_fd memory_file_;
    unique_fd bell_;
    std::vector<answer> batch_;
    bool stopping_ = false;

    std::thread thread_;
};

} // namespace simul::detail
