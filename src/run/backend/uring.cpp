// SPDX-License-Identifier: MIT
//
// The backend on io_uring. `start` and `cancel` only put operations into lists; `wait` shows them all to the kernel and
// sleeps in the same system call, at most one a turn:
//
//     start -> queued --wait--> in_kernel --completion--> finished --dispatch--> complete()
//     cancel:     |                 `-> cancelling --wait--> asked_to_end --completion--^
//                 `--> finished (the kernel never saw it)
//
// The ring is made disabled, in the constructor, which is also the probe of what the kernel allows. It is enabled in the
// thread that runs the loop first, because SINGLE_ISSUER and DEFER_TASKRUN tie it to that thread. A run in another thread
// gets a new ring, to which the operations that wait for readiness move.
#include "run/backend/file_operations.hpp"
#include "run/backend/make.hpp"
#include "run/backend/ring.hpp"
#include "run/backend/system.hpp"

#include <simul/base/assert.hpp>
#include <simul/base/error.hpp>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace simul::detail {
namespace {

// user_data of what isn't an operation; no operation lives at these addresses.
constexpr std::uint64_t of_a_cancel = 0;
constexpr std::uint64_t of_the_wake_poll = 1;

/// Never reused, unlike thread ids and addresses.
std::uint64_t this_thread_number() noexcept
{
    static std::atomic<std::uint64_t> last = 0;
    thread_local const std::uint64_t mine = last.fetch_add(1, std::memory_order_relaxed) + 1;
    return mine;
}

class uring_backend final : public system_backend {
public:
    uring_backend() : system_backend(0) { ring_.emplace(); }
    ~uring_backend() override;

    std::string_view name() const noexcept override { return "uring"; }
    void start(operation& op) noexcept override;
    void cancel(operation& op) noexcept override;
    bool wait(time_point deadline) override;
    void dispatch() noexcept override;
    void enter_thread() override;
    void after_fork_in_child() noexcept override;

private:
    bool kernel_has_work() noexcept;
    void prepare_all() noexcept;
    io_uring_sqe* next_sqe() noexcept;
    void enter(time_point deadline) noexcept;
    void harvest() noexcept;
    void take_completion(operation& op, std::int32_t result) noexcept;
    void take_piece(operation& op, const io_uring_cqe& cqe) noexcept;
    void end(operation& op, std::int32_t result) noexcept;
    void deliver_pieces() noexcept;
    bool can_receive_many() noexcept;
    bool nothing_ended() const noexcept { return finished_.empty() && pieces_.empty(); }
    bool try_again(operation& op, std::int32_t result) noexcept;
    bool can_move_all() const noexcept;
    void leave_ring_of_other_thread() noexcept;
    void cancel_all() noexcept;

    /// Of a repeated operation: what has arrived, and is not handed on yet.
    struct piece {
        operation* op;
        std::int32_t result;
        std::int32_t buffer; ///< -1: none
        bool last = false;
    };

    std::optional<ring> ring_;
    std::optional<receive_buffers> buffers_; ///< made when they are first needed
    std::vector<piece> pieces_;
    std::vector<piece> handed_on_; ///< empty but for its memory, outside of deliver_pieces
    std::uint64_t owner_ = 0;      ///< number of the thread in which the ring was enabled
    bool wake_armed_ = false;      ///< the ring polls wake_fd_
    operation_list queued_;        ///< to be shown to the kernel
    operation_list submitted_;     ///< the kernel has them; also those that were asked to end
    operation_list cancelling_;    ///< the kernel has them and is to be asked to end them
};

/// Reads and accepts on a descriptor that is O_NONBLOCK come back with EAGAIN on some kernels: then the operation is
/// turned into a wait for readiness, and afterwards into itself again.
constexpr std::uint32_t readiness_first = 1U << 31;

/// The kernel would raise SIGPIPE: there, we write ourselves.
bool writes_after_readiness(const operation& op) noexcept
{
    return op.kind == operation_kind::write && (op.flags & no_sigpipe) != 0;
}

std::uint32_t place(const operation& op) noexcept
{
    return op.state & ~readiness_first;
}

/// For which the kernel has no opcode, or none that is better.
bool is_for_helpers(const operation& op) noexcept
{
    switch (op.kind) {
    case operation_kind::resize:
    case operation_kind::set_mode:
    case operation_kind::copy:
    case operation_kind::list:
    case operation_kind::read_link:
    case operation_kind::write_file:
        return true;
    default:
        return false;
    }
}

/// Not so a file's operation: it may be under way, or done without our having heard of it.
bool waits_for_readiness(const operation& op) noexcept
{
    switch (op.kind) {
    case operation_kind::poll:
    case operation_kind::accept:
    case operation_kind::accept_many:
    case operation_kind::send:
    case operation_kind::receive:
    case operation_kind::receive_many:
    case operation_kind::send_message:
    case operation_kind::receive_message:
        return true;
    case operation_kind::read:
    case operation_kind::write: {
        struct stat status{};
        return ::fstat(op.fd, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
    }
    default:
        return false;
    }
}

void prepare(io_uring_sqe* sqe, operation& op) noexcept
{
    const auto size = static_cast<unsigned>(std::min(op.size, longest_transfer));
    const auto offset = static_cast<std::uint64_t>(op.offset); // -1 means the file's own position here, too
    const int directory = op.fd < 0 ? AT_FDCWD : op.fd;
    if (op.state & readiness_first) {
        io_uring_prep_poll_add(sqe, op.fd, is_output(op) ? POLLOUT : POLLIN);
    } else {
        switch (op.kind) {
        case operation_kind::poll:
            io_uring_prep_poll_add(sqe, op.fd, static_cast<unsigned>(op.flags));
            break;
        case operation_kind::read:
            io_uring_prep_read(sqe, op.fd, op.data, size, offset);
            break;
        case operation_kind::write:
            io_uring_prep_write(sqe, op.fd, op.data, size, offset);
            break;
        case operation_kind::accept:
            io_uring_prep_accept(sqe, op.fd, op.address, op.address_size, op.flags | SOCK_CLOEXEC);
            break;
        case operation_kind::connect:
            io_uring_prep_connect(sqe, op.fd, op.address, op.address_length);
            break;
        case operation_kind::send:
            io_uring_prep_send(sqe, op.fd, op.data, size, op.flags | MSG_NOSIGNAL);
            break;
        case operation_kind::receive:
            io_uring_prep_recv(sqe, op.fd, op.data, size, op.flags);
            break;
        case operation_kind::send_message:
            io_uring_prep_sendmsg(sqe, op.fd, static_cast<msghdr*>(op.data),
                                  static_cast<unsigned>(op.flags) | MSG_NOSIGNAL);
            break;
        case operation_kind::receive_message:
            io_uring_prep_recvmsg(sqe, op.fd, static_cast<msghdr*>(op.data), static_cast<unsigned>(op.flags));
            break;
        case operation_kind::receive_many:
            io_uring_prep_recv_multishot(sqe, op.fd, nullptr, 0, op.flags);
            sqe->flags |= IOSQE_BUFFER_SELECT;
            sqe->buf_group = receive_buffers::group;
            break;
        case operation_kind::accept_many:
            io_uring_prep_multishot_accept(sqe, op.fd, nullptr, nullptr, op.flags | SOCK_CLOEXEC);
            break;
        case operation_kind::open:
            io_uring_prep_openat(sqe, directory, op.path, op.flags | O_CLOEXEC, op.mode);
            break;
        case operation_kind::open_as:
            io_uring_prep_openat2(sqe, directory, op.path, static_cast<open_how*>(op.data));
            break;
        case operation_kind::close:
            io_uring_prep_close(sqe, op.fd);
            break;
        case operation_kind::sync:
            io_uring_prep_fsync(sqe, op.fd, (op.flags & sync_data) != 0 ? IORING_FSYNC_DATASYNC : 0);
            break;
        case operation_kind::status:
            io_uring_prep_statx(sqe, directory, op.path ? op.path : "", op.flags | (op.path ? 0 : AT_EMPTY_PATH),
                                STATX_BASIC_STATS | STATX_BTIME, static_cast<struct statx*>(op.data));
            break;
        case operation_kind::remove:
            io_uring_prep_unlinkat(sqe, directory, op.path, op.flags);
            break;
        case operation_kind::rename:
            io_uring_prep_renameat(sqe, AT_FDCWD, op.path, AT_FDCWD, op.target, static_cast<unsigned>(op.flags));
            break;
        case operation_kind::make_directory:
            io_uring_prep_mkdirat(sqe, directory, op.path, op.mode);
            break;
        case operation_kind::make_symlink:
            io_uring_prep_symlinkat(sqe, op.target, directory, op.path);
            break;
        default: // goes to the helpers
            break;
        }
        if (takes_long(op))
            sqe->flags |= IOSQE_ASYNC;
    }
    io_uring_sqe_set_data(sqe, &op);
}

void uring_backend::start(operation& op) noexcept
{
    ++in_flight_;
    if (inert_) {
        end(op, -ECANCELED);
    } else if (is_for_helpers(op)) {
        give_to_helpers(op);
    } else if (const std::int32_t known = attempt_status(op); known != -EAGAIN) { // the ring gives it to another thread
        end(op, known);
    } else {
        op.state = writes_after_readiness(op) ? queued | readiness_first : queued;
        queued_.push_back(op);
    }
}

void uring_backend::cancel(operation& op) noexcept
{
    if (inert_)
        return;
    switch (place(op)) {
    case queued:
        queued_.remove(op);
        end(op, -ECANCELED);
        break;
    case in_kernel:
        submitted_.remove(op);
        cancelling_.push_back(op);
        op.state = cancelling | (op.state & readiness_first);
        break;
    case at_helper:
        cancel_at_helpers(op);
        break;
    default: // asked already, or over
        break;
    }
}

bool uring_backend::wait(time_point deadline)
{
    if (inert_)
        return !nothing_ended() || deadline != never;
    SIMUL_ASSERT(owner_ == this_thread_number());
    bool woken = false;
    do {
        collect_from_helpers();
        prepare_all();
        const bool all_shown = queued_.empty() && cancelling_.empty();
        const bool may_sleep =
            deadline != time_point::min() && nothing_ended() && all_shown && io_uring_cq_ready(ring_->get()) == 0;
        const bool asleep = may_sleep && waker_.fall_asleep();
        if (asleep || kernel_has_work())
            enter(asleep ? deadline : time_point::min());
        woken = waker_.take();
        harvest();
        collect_from_helpers();
        // A completion that was no operation's (a cancel's, the wake poll's) must not look like a deadline.
    } while (nothing_ended() && !woken && deadline != time_point::min() && (deadline == never || now() < deadline));
    return true;
}

/// Whether a look at the kernel is worth a system call: something to submit, or completions that only it can post.
bool uring_backend::kernel_has_work() noexcept
{
    constexpr unsigned pending = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    return io_uring_sq_ready(ring_->get()) != 0 || (IO_URING_READ_ONCE(*ring_->get()->sq.kflags) & pending) != 0;
}

/// Moves what was started and cancelled into the submission queue, as far as it has room. An operation and its cancel
/// never meet here: what is cancelled while queued doesn't come this far.
void uring_backend::prepare_all() noexcept
{
    if (!wake_armed_) {
        if (io_uring_sqe* sqe = next_sqe()) {
            io_uring_prep_poll_multishot(sqe, wake_fd_.get(), POLLIN);
            sqe->user_data = of_the_wake_poll;
            wake_armed_ = true;
        }
    }
    while (operation* op = cancelling_.front()) {
        io_uring_sqe* sqe = next_sqe();
        if (!sqe)
            return;
        io_uring_prep_cancel(sqe, op, 0);
        sqe->user_data = of_a_cancel;
        cancelling_.remove(*op);
        submitted_.push_back(*op);
        op->state = asked_to_end | (op->state & readiness_first);
    }
    while (operation* op = queued_.front()) {
        if (op->kind == operation_kind::receive_many && !can_receive_many()) {
            queued_.remove(*op);
            end(*op, -ENOBUFS);
            continue;
        }
        io_uring_sqe* sqe = next_sqe();
        if (!sqe)
            return;
        prepare(sqe, *op);
        queued_.remove(*op);
        submitted_.push_back(*op);
        op->state = in_kernel | (op->state & readiness_first);
    }
}

/// Null when the queue is full and the kernel takes nothing (it is short of memory, or waits for us to drain).
io_uring_sqe* uring_backend::next_sqe() noexcept
{
    io_uring_sqe* sqe = io_uring_get_sqe(ring_->get());
    if (!sqe && io_uring_submit(ring_->get()) > 0)
        sqe = io_uring_get_sqe(ring_->get());
    return sqe;
}

/// The one system call of a turn. Errors are not looked at: what was not submitted stays in the queue, what is missing is
/// asked for again, and the caller looks at the clock itself.
void uring_backend::enter(time_point deadline) noexcept
{
    if (deadline == time_point::min()) {
        io_uring_submit_and_get_events(ring_->get());
        return;
    }
    __kernel_timespec timeout{};
    if (deadline != never) {
        const auto left = std::max(deadline - now(), duration::zero()).count();
        timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(ring_->get(), &first, 1, deadline == never ? nullptr : &timeout, nullptr);
}

/// Moves completions out of the ring; runs no callbacks.
void uring_backend::harvest() noexcept
{
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(ring_->get(), head, cqe)
    {
        ++count;
        if (cqe->user_data == of_the_wake_poll)
            wake_armed_ = (cqe->flags & IORING_CQE_F_MORE) != 0;
        else if (cqe->user_data != of_a_cancel)
            take_piece(*static_cast<operation*>(io_uring_cqe_get_data(cqe)), *cqe);
    }
    io_uring_cq_advance(ring_->get(), count);
}

void uring_backend::take_piece(operation& op, const io_uring_cqe& cqe) noexcept
{
    const bool more = (cqe.flags & IORING_CQE_F_MORE) != 0;
    const bool last = !more && (cqe.res < 0 || (cqe.res == 0 && op.kind == operation_kind::receive_many));
    if (!is_repeated(op) || last)
        return take_completion(op, cqe.res);
    const bool has_buffer = (cqe.flags & IORING_CQE_F_BUFFER) != 0;
    pieces_.push_back(
        {&op, cqe.res, has_buffer ? static_cast<std::int32_t>(cqe.flags >> IORING_CQE_BUFFER_SHIFT) : -1});
    if (!more) // the kernel stopped, though there is no end
        take_completion(op, -EINTR);
}

/// The end of a repeated operation comes behind its pieces, which still need the operation to be told with.
void uring_backend::end(operation& op, std::int32_t result) noexcept
{
    if (!is_repeated(op))
        return finished_.add(op, result);
    op.state = finished;
    pieces_.push_back({&op, result, -1, true});
}

void uring_backend::dispatch() noexcept
{
    deliver_pieces();
    finished_.deliver(in_flight_);
}

void uring_backend::deliver_pieces() noexcept
{
    std::swap(pieces_, handed_on_);
    for (const piece& each : handed_on_) {
        operation& op = *each.op;
        op.result = each.result;
        op.data = each.buffer < 0 ? nullptr : buffers_->at(static_cast<unsigned>(each.buffer));
        op.more = !each.last;
        in_flight_ -= each.last ? 1 : 0;
        op.complete(op);
        if (each.buffer >= 0 && buffers_)
            buffers_->release(static_cast<unsigned>(each.buffer));
    }
    handed_on_.clear();
}

bool uring_backend::can_receive_many() noexcept
{
    try {
        if (!buffers_)
            buffers_.emplace(*ring_);
        return true;
    } catch (const error&) {
        return false;
    }
}

void uring_backend::take_completion(operation& op, std::int32_t result) noexcept
{
    const std::uint32_t was = place(op);
    (was == cancelling ? cancelling_ : submitted_).remove(op);
    if (was == in_kernel && result > 0 && writes_after_readiness(op)) {
        result = attempt(op, true);
        if (result != -EAGAIN)
            return end(op, result);
        op.state = queued | readiness_first;
        queued_.push_back(op);
        return;
    }
    if (was == in_kernel && try_again(op, result)) {
        queued_.push_back(op);
        return;
    }
    if (was != in_kernel && (result == -EINTR || result == -EAGAIN || (op.state & readiness_first)))
        result = -ECANCELED; // a worker thread that was interrupted says EINTR
    end(op, result);
}

/// Whether `op` has to be shown to the kernel again, and as what.
bool uring_backend::try_again(operation& op, std::int32_t result) noexcept
{
    const bool was_readiness = (op.state & readiness_first) != 0;
    op.state = queued;
    if (was_readiness)
        return result > 0;
    if (op.kind == operation_kind::poll || op.kind == operation_kind::connect || op.kind == operation_kind::close ||
        is_of_files(op))
        return false;
    if (result == -EAGAIN && may_wait(op)) {
        op.state |= readiness_first;
        return true;
    }
    if (op.kind == operation_kind::receive_many && result == -ENOBUFS)
        return true; // by then there is room again
    return result == -EINTR;
}

void uring_backend::enter_thread()
{
    if (inert_ || owner_ == this_thread_number())
        return;
    if (owner_ != 0) {
        harvest();
        if (!can_move_all())
            throw invalid_state(
                "this loop still has operations on files or a connect in flight in the thread that ran it "
                "last: let them end there before running the loop in another");
        leave_ring_of_other_thread();
    }
    if (!ring_)
        ring_.emplace();
    ring_->enable();
    owner_ = this_thread_number();
}

/// Whether every operation the kernel has waits for readiness, so that it has done nothing yet.
bool uring_backend::can_move_all() const noexcept
{
    for (const operation_list* list : {&submitted_, &cancelling_})
        for (const operation* op = list->front(); op; op = op->next)
            if (!waits_for_readiness(*op))
                return false;
    return true;
}

void uring_backend::leave_ring_of_other_thread() noexcept
{
    deliver_pieces(); // their memory goes with the ring
    ring_->close_and_wait();
    buffers_.reset();
    ring_.reset();
    owner_ = 0;
    wake_armed_ = false;
    for (operation_list* list : {&submitted_, &cancelling_}) {
        while (operation* op = list->pop_front()) {
            if (place(*op) == in_kernel) {
                op->state = queued;
                queued_.push_back(*op);
            } else {
                end(*op, -ECANCELED);
            }
        }
    }
}

void uring_backend::after_fork_in_child() noexcept
{
    inert_ = true;
    abandon_helpers();
    ring_.reset(); // the parent's stays open: this closes and unmaps our copies only
    buffers_.reset();
    pieces_.clear();
    wake_fd_ = unique_fd();
    queued_ = submitted_ = cancelling_ = {};
    finished_ = {};
    in_flight_ = 0;
}

uring_backend::~uring_backend()
{
    if (!inert_ && owner_ == this_thread_number()) {
        cancel_all();
    } else if (!inert_ && owner_ != 0) {
        harvest();
        if (!submitted_.empty() || !cancelling_.empty())
            leave_ring_of_other_thread();
    }
    while (operation* op = queued_.pop_front())
        end(*op, -ECANCELED);
    end_helpers();
    inert_ = true;
    deliver_pieces();
    deliver_all();
}

/// In the ring's own thread: what the kernel has already done keeps its result.
void uring_backend::cancel_all() noexcept
{
    while (operation* op = queued_.pop_front())
        end(*op, -ECANCELED);
    operation_list all = std::exchange(submitted_, {});
    while (operation* op = all.pop_front()) {
        const bool asked = place(*op) == asked_to_end;
        (asked ? submitted_ : cancelling_).push_back(*op);
        if (!asked)
            op->state = cancelling | (op->state & readiness_first);
    }
    while (!submitted_.empty() || !cancelling_.empty()) {
        prepare_all();
        enter(never);
        harvest();
    }
}

} // namespace

std::unique_ptr<backend> make_uring_backend()
{
    return std::make_unique<uring_backend>();
}

} // namespace simul::detail
