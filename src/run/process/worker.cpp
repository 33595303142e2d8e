// SPDX-License-Identifier: MIT
#include "run/process/worker.hpp"

#include "run/process/carried_error.hpp"
#include "run/process/message.hpp"
#include "run/process/sealed_file.hpp"
#include "run/process/shared.hpp"
#include "run/process/spinning.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/process_job.hpp>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

namespace simul::detail {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                                                   \
    (defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
constexpr bool memory_can_be_limited = false; // the sanitizers' shadow would count
#else
constexpr bool memory_can_be_limited = true;
#endif

class worker final : answer_sink {
public:
    explicit worker(worker_setup& setup)
        : socket_(std::move(setup.socket)),
          bell_(std::move(setup.bell)),
          page_(setup.memory.get(), 0, page_size, mapping::access::read),
          orders_page_(setup.memory.get(), orders_offset(setup.seat), page_size, mapping::access::read),
          memory_(setup.memory.get(), area_offset(setup.seat), sizeof(worker_area), mapping::access::write),
          orders_(*reinterpret_cast<const orders*>(orders_page_.address())),
          area_(*reinterpret_cast<worker_area*>(memory_.address())),
          watch_(reinterpret_cast<watch_page*>(page_.address())->watch)
    {
        setup.memory = unique_fd();
    }

    [[noreturn]] void run()
    {
        for (;;) {
            frame& request = next_request();
            if (request.kind != frame_kind::pad)
                serve(request);
            requests_ = request_end_;
        }
    }

private:
    frame& next_request()
    {
        const auto is_there = [&] { return orders_.request_tail.load(std::memory_order_seq_cst) != requests_.word(); };
        while (!is_there())
            if (!patience_.spin_until(is_there))
                sleep_in(area_, is_there);
        const ring_end tail(orders_.request_tail.load(std::memory_order_relaxed));
        frame& next = area_.requests.at(requests_.position());
        const std::uint64_t length = frame_length(next.in_file ? 0 : next.size);
        if (length > tail.position() - requests_.position())
            give_up();
        request_end_ = requests_.after_frame(requests_.position() + length);
        return next;
    }

    void serve(frame& request)
    {
        received file;
        if (request.in_file) {
            file = receive_message(socket_.get(), false); // also for a job that was taken back
            if (file.what != received::result::message)
                give_up();
        }
        frame_state found = frame_state::queued;
        if (!request.state.compare_exchange_strong(found, frame_state::begun, std::memory_order_acq_rel)) {
            if (found != frame_state::taken_back || ++passed_over_ > orders_.taken_back.load(std::memory_order_relaxed))
                give_up();
            area_.requests_read.store(request_end_.position(), std::memory_order_seq_cst);
            ring_if_nobody_watches(); // there may be no answer that tells that there is room now
            return;
        }
        switch (request.kind) {
        case frame_kind::leave:
            std::fflush(nullptr);
            ::_exit(0);
        case frame_kind::initialize:
            initialize(request);
            return;
        case frame_kind::job:
            break;
        default:
            give_up();
        }

        job_ = request.job;
        answered_ = false;
        try {
            if (request.in_file) {
                const mapping content = open_sealed_file(file.files[0].get(), request.size);
                file.files[0] = unique_fd();
                call(content.bytes());
            } else {
                call({request.bytes(), request.size});
            }
        } catch (...) {
            answer_error(std::current_exception());
        }
    }

    void call(std::span<const std::byte> bytes)
    {
        decoder in(bytes);
        const auto function = reinterpret_cast<remote_call>(get_code(in));
        function(in, *this);
    }

    void initialize(frame& request)
    {
        job_ = 0;
        try {
            decoder in({request.bytes(), request.size});
            if (in.left() > 0)
                reinterpret_cast<void (*)()>(get_code(in))();
            begin_as(frame_kind::ready);
            finish();
        } catch (...) {
            answer_error(std::current_exception());
            std::fflush(nullptr);
            ::_exit(1);
        }
    }

    /// What the pool wrote has been overwritten, by an earlier job most likely. No other job must pay for that.
    [[noreturn]] void give_up()
    {
        send_message(socket_.get(), {.kind = message_kind::nothing_begun});
        ::_exit(127);
    }

    // ---- answers

    encoder& begin() override { return begin_as(frame_kind::value); }

    encoder& begin_as(frame_kind kind)
    {
        // Written where it will be read, if it fits there.
        constexpr std::uint64_t most = frame_length(1024);
        begin_frame(kind, most);
        out_.emplace(std::span(answer_->bytes(), most - sizeof(frame)));
        return *out_;
    }

    void finish() override
    {
        // What the job has printed comes before its result.
        std::fflush(stdout);
        const std::uint64_t size = out_->size();
        if (size > largest_in_ring) {
            const unique_fd file = make_sealed_file(*out_);
            const int files[] = {file.get()};
            if (!send_message(socket_.get(), {.kind = message_kind::file}, files))
                ::_exit(0); // the pool is gone
            answer_->in_file = 1;
        } else if (!out_->fits()) {
            begin_frame(answer_->kind, frame_length(size));
            std::byte* to = answer_->bytes();
            out_->for_each_piece([&](std::span<const std::byte> piece) {
                if (!piece.empty())
                    std::memcpy(to, piece.data(), piece.size());
                to += piece.size();
            });
        }
        answer_->size = size;
        answered_ = true;
        answers_ = padded_.after_frame(padded_.position() + frame_length(answer_->in_file ? 0 : size));
        area_.requests_read.store(request_end_.position(), std::memory_order_relaxed); // seen with the answer
        area_.answer_tail.store(answers_.word(), std::memory_order_seq_cst);
        ring_if_nobody_watches();
    }

    void ring_if_nobody_watches() noexcept
    {
        // seq_cst, with the pool's set_watched: either it looks once more before it sleeps, or we see that it will.
        const auto is_called = [&] {
            const std::uint32_t watch = watch_.load(std::memory_order_seq_cst);
            return watch % 2 == 1 && watch != rung_;
        };
        // Who has just submitted may be about to watch, which is cheaper than the bell.
        if (!is_called() || spin_for(grace, [&] { return !is_called(); }))
            return;
        rung_ = watch_.load(std::memory_order_relaxed);
        const std::uint64_t one = 1;
        static_cast<void>(::write(bell_.get(), &one, sizeof one));
    }

    /// Waits for room for a frame of up to `length`.
    void begin_frame(frame_kind kind, std::uint64_t length)
    {
        const std::uint64_t at = ring_bytes::place(answers_.position(), length);
        const auto is_room = [&] {
            return at + length - orders_.answers_taken.load(std::memory_order_seq_cst) <= ring_size;
        };
        while (!is_room())
            sleep_in(area_, is_room);
        padded_ = area_.answers.pad(answers_, at);
        answer_ = ::new (&area_.answers.at(at)) frame;
        answer_->kind = kind;
        answer_->job = job_;
    }

    void answer_error(const std::exception_ptr& thrown)
    {
        if (answered_)
            std::terminate(); // the destructor of a result has thrown: too late to tell
        encoder& out = begin_as(frame_kind::error);
        put_error(out, thrown);
        finish();
    }

    static constexpr auto grace = std::chrono::microseconds(1);

    unique_fd socket_;
    unique_fd bell_;
    mapping page_;
    mapping orders_page_;
    mapping memory_;
    const orders& orders_;
    worker_area& area_;
    const std::atomic<std::uint32_t>& watch_;
    patience patience_;

    ring_end requests_;             ///< done with
    ring_end request_end_;          ///< of the one at hand
    std::uint64_t passed_over_ = 0; ///< requests that were taken back
    ring_end answers_;              ///< published
    ring_end padded_;               ///< where the present one begins
    std::uint64_t job_ = 0;
    bool answered_ = false;
    std::uint32_t rung_ = 0;

    std::optional<encoder> out_;
    frame* answer_ = nullptr;
};

} // namespace

void run_worker(worker_setup setup) noexcept
{
    ::prctl(PR_SET_NAME, "simul-worker");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != setup.server)
        ::_exit(0); // it ended before it could be told
    if (memory_can_be_limited && setup.memory_limit != 0) {
        const rlimit limit{setup.memory_limit, setup.memory_limit};
        ::setrlimit(RLIMIT_DATA, &limit);
    }
    worker(setup).run();
}

} // namespace simul::detail
