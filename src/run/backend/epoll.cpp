// SPDX-License-Identifier: MIT
//
// The backend on epoll. `start` tries the system call at once; what would wait is kept in a list at its descriptor, and
// tried again when epoll reports the descriptor. What can't be polled goes to helper threads.
//
// Registrations are level-triggered and outlive the operations they were made for: a stream that is read again and
// again is registered once, and an interest nobody has any more is dropped when it first fires for nothing. The price is
// that a registration may be stale: the descriptor was closed behind our back, and its number given to another file. So
// before a sleep, and every so many turns without one, those with new operations are confirmed (EPOLL_CTL_MOD fails with
// ENOENT for another file).
#include "run/backend/file_operations.hpp"
#include "run/backend/make.hpp"
#include "run/backend/repeated_operations.hpp"
#include "run/backend/system.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <system_error>
#include <vector>

namespace simul::detail {
namespace {

constexpr std::uint32_t always_reported = EPOLLERR | EPOLLHUP;
constexpr int looks_between_confirmations = 64;
constexpr duration crowded_retry = std::chrono::milliseconds(1);

bool is_file_transfer(const operation& op) noexcept
{
    return op.kind == operation_kind::read || op.kind == operation_kind::write;
}

/// The events that let `op` go on. Never 0.
std::uint32_t needed(const operation& op) noexcept
{
    if (op.kind == operation_kind::poll)
        return static_cast<std::uint32_t>(op.flags) | always_reported; // EPOLLIN... are POLLIN... on Linux
    return (is_output(op) ? EPOLLOUT : EPOLLIN) | always_reported;
}

struct descriptor {
    operation_list waiting;       ///< for readiness, in order of their start
    std::uint32_t interest = 0;   ///< what epoll watches for us, as far as we know; 0: not registered
    std::uint32_t generation = 0; ///< tells our registration from one that a closed file left behind
    std::uint32_t at_helper = 0;  ///< operations given to the helper threads
    bool drained = false;         ///< the last receive got less than it asked for: the next would find nothing
    bool unconfirmed = false;     ///< its number is in unconfirmed_

    /// What epoll should watch. 0 when nobody waits.
    std::uint32_t wanted() const noexcept
    {
        std::uint32_t events = 0;
        for (const operation* op = waiting.front(); op; op = op->next)
            events |= needed(*op);
        return events;
    }

    bool has_waiting(bool output) const noexcept
    {
        for (const operation* op = waiting.front(); op; op = op->next)
            if (op->kind != operation_kind::poll && is_output(*op) == output)
                return true;
        return false;
    }
};

void note_drained(descriptor& d, const operation& op, std::int32_t result) noexcept
{
    if (op.kind == operation_kind::receive)
        d.drained = result < 0 || static_cast<std::size_t>(result) < op.size;
}

class epoll_backend final : public system_backend {
public:
    epoll_backend();
    ~epoll_backend() override;

    std::string_view name() const noexcept override { return "epoll"; }
    void start(operation& op) noexcept override;
    void cancel(operation& op) noexcept override;
    bool wait(time_point deadline) override;
    void dispatch() noexcept override;
    void enter_thread() override {}
    void after_fork_in_child() noexcept override;
    void close_now(int fd) noexcept override;

private:
    bool open_epoll() noexcept;

    void start_transfer(operation& op) noexcept;
    void start_on_file(operation& op) noexcept;
    void start_connect(operation& op) noexcept;
    void wait_for_readiness(operation& op) noexcept;
    bool nothing_ended() const noexcept { return finished_.empty() && repeated_.empty(); }
    void give_to_helper(operation& op) noexcept;
    void left_helpers(operation& op) noexcept override;
    void end_waiting(operation& op, std::int32_t result) noexcept;

    void watch(int fd, std::uint32_t interest) noexcept;
    void drop_surplus(int fd) noexcept;
    void confirm() noexcept;
    void not_pollable(descriptor& d) noexcept;
    void forget(int fd) noexcept;
    void rebuild() noexcept;

    bool look(time_point deadline) noexcept;
    void serve(int fd, std::uint32_t events) noexcept;
    void retry_crowded() noexcept;

    unique_fd epoll_;
    std::vector<descriptor> table_; ///< by number
    std::size_t waiting_ = 0;       ///< operations in the table
    std::vector<int> unconfirmed_;  ///< registered descriptors at which operations wait that were queued without a look
    int looks_ = 0;                 ///< since the last confirmation
    repeated_operations repeated_;  ///< may have something to give
    operation_list crowded_;        ///< connects that found a Unix listener's backlog full: no event tells of room
    std::array<epoll_event, 256> events_;
};

// Sockets we make are O_NONBLOCK from birth, for accept and connect have no flag that says "don't wait".
epoll_backend::epoll_backend() : system_backend(SOCK_NONBLOCK)
{
    if (!open_epoll())
        throw error::from_errno(errno, "event loop: epoll");
}

bool epoll_backend::open_epoll() noexcept
{
    unique_fd fresh(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = wake_fd_.get()}};
    if (fresh.get() < 0 || ::epoll_ctl(fresh.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event) < 0)
        return false;
    epoll_ = std::move(fresh);
    return true;
}

void epoll_backend::start(operation& op) noexcept
{
    ++in_flight_;
    if (inert_)
        return finished_.add(op, -ECANCELED);
    if (op.path && op.fd < 0)
        return start_on_file(op);
    const auto index = static_cast<std::size_t>(op.fd);
    if (op.fd < 0 || (index >= table_.size() && ::fcntl(op.fd, F_GETFD) < 0))
        return finished_.add(op, -EBADF);
    if (index >= table_.size())
        table_.resize(std::max(index + 1, table_.size() * 2));

    switch (op.kind) {
    case operation_kind::poll:
        return wait_for_readiness(op);
    case operation_kind::receive_many:
    case operation_kind::accept_many:
        return repeated_.add(op);
    case operation_kind::connect:
        return start_connect(op);
    case operation_kind::close:
        forget(op.fd);
        if (table_[index].at_helper > 0) // what was written before must arrive
            return give_to_helper(op);
        return finished_.add(op, perform(op));
    default:
        return is_of_files(op) ? start_on_file(op) : start_transfer(op);
    }
}

void epoll_backend::start_on_file(operation& op) noexcept
{
    const std::int32_t result = op.kind == operation_kind::status ? attempt_status(op) : attempt_open(op);
    if (result == -EAGAIN)
        return give_to_helper(op);
    finished_.add(op, result);
}

void epoll_backend::start_transfer(operation& op) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(op.fd)];
    if (is_file_transfer(op) && (d.at_helper > 0 || takes_long(op)))
        return give_to_helper(op);
    const bool pointless = d.has_waiting(is_output(op)) || (op.kind == operation_kind::receive && d.drained);
    if (pointless && may_wait(op))
        return wait_for_readiness(op);
    const std::int32_t result = attempt(op, false);
    note_drained(d, op, result);
    if (result == -EAGAIN && may_wait(op))
        return wait_for_readiness(op);
    finished_.add(op, result);
}

void epoll_backend::start_connect(operation& op) noexcept
{
    if (is_blocking(op.fd)) // not made by us, and its flag is not ours to change
        return give_to_helper(op);
    const std::int32_t result = perform(op);
    if (result == -EINPROGRESS)
        return wait_for_readiness(op);
    if (result != -EAGAIN)
        return finished_.add(op, result);
    op.state = crowded;
    crowded_.push_back(op);
}

void epoll_backend::wait_for_readiness(operation& op) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(op.fd)];
    op.state = unsure;
    d.waiting.push_back(op);
    ++waiting_;
    if ((d.interest & needed(op)) != needed(op)) {
        watch(op.fd, d.interest | needed(op));
    } else if (!d.unconfirmed) {
        d.unconfirmed = true;
        unconfirmed_.push_back(op.fd);
    }
}

void epoll_backend::give_to_helper(operation& op) noexcept
{
    if (op.fd >= 0)
        ++table_[static_cast<std::size_t>(op.fd)].at_helper;
    give_to_helpers(op);
}

void epoll_backend::left_helpers(operation& op) noexcept
{
    if (op.fd >= 0)
        --table_[static_cast<std::size_t>(op.fd)].at_helper;
}

void epoll_backend::end_waiting(operation& op, std::int32_t result) noexcept
{
    table_[static_cast<std::size_t>(op.fd)].waiting.remove(op);
    --waiting_;
    finished_.add(op, result);
}

void epoll_backend::cancel(operation& op) noexcept
{
    if (inert_)
        return;
    switch (op.state) {
    case waiting:
    case unsure:
        end_waiting(op, -ECANCELED);
        break;
    case ready:
    case serving:
        repeated_.cancel(op);
        break;
    case crowded:
        crowded_.remove(op);
        finished_.add(op, -ECANCELED);
        break;
    case at_helper:
        cancel_at_helpers(op);
        break;
    default: // asked already, or over
        break;
    }
}

/// Registers `fd`, or changes or confirms its registration. Who can't be served ends here.
void epoll_backend::watch(int fd, std::uint32_t interest) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(fd)];
    const auto tell = [&](int what) {
        const std::uint64_t tag = std::uint64_t{d.generation} << 32 | static_cast<std::uint32_t>(fd);
        epoll_event event{.events = interest, .data = {.u64 = tag}};
        return ::epoll_ctl(epoll_.get(), what, fd, &event) < 0 ? errno : 0;
    };

    int problem = ENOENT;
    if (d.interest != 0) {
        problem = tell(EPOLL_CTL_MOD);
        if (problem == ENOENT) { // closed behind our back: who waited for the old file will never see it
            for (operation *op = d.waiting.front(), *next = nullptr; op; op = next) {
                next = op->next;
                if (op->state == waiting)
                    end_waiting(*op, -EBADF);
            }
            interest = d.wanted();
            if (interest == 0)
                problem = 0;
        }
    }
    if (problem == ENOENT) {
        ++d.generation;
        problem = tell(EPOLL_CTL_ADD);
        if (problem == EEXIST) // left from the time before a close and a dup, and good again
            problem = tell(EPOLL_CTL_MOD);
    }
    d.interest = problem == 0 ? interest : 0;
    if (problem == EPERM)
        return not_pollable(d);
    for (operation *op = d.waiting.front(), *next = nullptr; op; op = next) {
        next = op->next;
        if (problem == 0)
            op->state = waiting;
        else
            end_waiting(*op, -problem);
    }
}

/// A file or a directory: always ready as poll(2) sees it, and nevertheless slow.
void epoll_backend::not_pollable(descriptor& d) noexcept
{
    while (operation* op = d.waiting.front()) {
        if (is_file_transfer(*op)) {
            d.waiting.remove(*op);
            --waiting_;
            give_to_helper(*op);
        } else {
            const int ready = op->flags & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
            end_waiting(*op, op->kind == operation_kind::poll && ready != 0 ? ready : -EPERM);
        }
    }
}

/// An event came that nobody waits for: watches only for what is wanted.
void epoll_backend::drop_surplus(int fd) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(fd)];
    d.interest = d.wanted();
    const std::uint64_t tag = std::uint64_t{d.generation} << 32 | static_cast<std::uint32_t>(fd);
    epoll_event event{.events = d.interest, .data = {.u64 = tag}};
    if (::epoll_ctl(epoll_.get(), d.interest ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd, &event) < 0)
        rebuild();
}

void epoll_backend::confirm() noexcept
{
    looks_ = 0;
    for (const int fd : unconfirmed_) {
        descriptor& d = table_[static_cast<std::size_t>(fd)];
        d.unconfirmed = false;
        if (!d.waiting.empty())
            watch(fd, d.wanted());
    }
    unconfirmed_.clear();
}

/// We are about to close `fd`. The registration belongs to the file, which may live on in a duplicate or a child.
void epoll_backend::forget(int fd) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(fd)];
    if (d.interest != 0)
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    d.interest = 0;
    d.drained = false;
    while (operation* op = d.waiting.front())
        end_waiting(*op, -EBADF);
}

/// Events come from a file that was closed behind our back but lives on in a duplicate. Its registration can't be removed
/// without a descriptor for it, so epoll itself is made anew.
void epoll_backend::rebuild() noexcept
{
    if (!open_epoll())
        return; // no descriptor left: the stray events cost time until there is one
    for (std::size_t i = 0; i < table_.size(); ++i) {
        table_[i].interest = 0;
        if (const std::uint32_t interest = table_[i].wanted(); interest != 0)
            watch(static_cast<int>(i), interest);
    }
}

void epoll_backend::close_now(int fd) noexcept
{
    if (fd >= 0 && static_cast<std::size_t>(fd) < table_.size())
        forget(fd);
    system_backend::close_now(fd);
}

void epoll_backend::dispatch() noexcept
{
    repeated_.serve(
        finished_, [](operation& once) { return detail::attempt(once, false); },
        [this](operation& op) { wait_for_readiness(op); });
    finished_.deliver(in_flight_);
}

bool epoll_backend::wait(time_point deadline)
{
    if (inert_)
        return !nothing_ended() || deadline != never;
    bool woken = false;
    do {
        retry_crowded();
        collect_from_helpers();
        const bool asleep = nothing_ended() && deadline != time_point::min() && waker_.fall_asleep();
        if (!asleep) {
            if (waiting_ > 0)
                look(time_point::min());
        } else if (unconfirmed_.empty() || !look(time_point::min())) {
            confirm();
            if (nothing_ended())
                look(crowded_.empty() ? deadline : std::min(deadline, now() + crowded_retry));
        }
        if (looks_ >= looks_between_confirmations)
            confirm();
        woken = waker_.take();
        collect_from_helpers();
    } while (nothing_ended() && !woken && deadline != time_point::min() && (deadline == never || now() < deadline));
    return true;
}

/// Waits for events until `deadline` and serves them. False when there were none.
bool epoll_backend::look(time_point deadline) noexcept
{
    ++looks_;
    timespec timeout{};
    if (deadline != time_point::min() && deadline != never) {
        const auto left = std::max(deadline - now(), duration::zero()).count();
        timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
    }
    const auto capacity = static_cast<int>(events_.size());
    int count = ::epoll_pwait2(epoll_.get(), events_.data(), capacity, deadline == never ? nullptr : &timeout, nullptr);
    if (count < 0 && errno != EINTR) { // before Linux 5.11: in milliseconds, rounded up
        const auto milliseconds =
            std::min<std::int64_t>(timeout.tv_sec, 86'400) * 1000 + (timeout.tv_nsec + 999'999) / 1'000'000;
        count = ::epoll_wait(epoll_.get(), events_.data(), capacity,
                             deadline == never ? -1 : static_cast<int>(milliseconds));
    }
    bool stray = false;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        const int fd = static_cast<int>(event.data.u64 & 0xffffffff);
        if (fd == wake_fd_.get())
            continue;
        const descriptor& d = table_[static_cast<std::size_t>(fd)];
        if (d.interest == 0 || d.generation != event.data.u64 >> 32)
            stray = true;
        else
            serve(fd, event.events);
    }
    if (stray)
        rebuild();
    return count > 0;
}

void epoll_backend::serve(int fd, std::uint32_t events) noexcept
{
    descriptor& d = table_[static_cast<std::size_t>(fd)];
    const std::uint32_t wanted = d.wanted();
    bool input = (events & (EPOLLIN | always_reported)) != 0;
    bool output = (events & (EPOLLOUT | always_reported)) != 0;
    for (operation *op = d.waiting.front(), *next = nullptr; op; op = next) {
        next = op->next;
        if (op->kind == operation_kind::poll) {
            if (const std::uint32_t hit = events & needed(*op); hit != 0)
                end_waiting(*op, static_cast<std::int32_t>(hit));
            continue;
        }
        bool& open = is_output(*op) ? output : input;
        if (!open)
            continue;
        if (is_repeated(*op)) {
            d.waiting.remove(*op);
            --waiting_;
            repeated_.add(*op);
            continue;
        }
        std::int32_t result = 0;
        if (op->kind == operation_kind::connect) {
            socklen_t size = sizeof result;
            ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
            result = -result;
        } else {
            result = attempt(*op, true);
        }
        if (result == -EAGAIN) {
            open = false; // for those behind it, too
            continue;
        }
        note_drained(d, *op, result);
        end_waiting(*op, result);
    }
    if (wanted == 0 || (events & ~always_reported & ~wanted) != 0)
        drop_surplus(fd);
}

void epoll_backend::retry_crowded() noexcept
{
    operation_list retried = std::exchange(crowded_, {});
    while (operation* op = retried.pop_front())
        start_connect(*op);
}

void epoll_backend::after_fork_in_child() noexcept
{
    inert_ = true;
    epoll_ = unique_fd();
    wake_fd_ = unique_fd();
    abandon_helpers();
    table_.clear();
    crowded_ = {};
    repeated_.take();
    finished_ = {};
    in_flight_ = 0;
}

epoll_backend::~epoll_backend()
{
    inert_ = true;
    for (descriptor& d : table_)
        while (operation* op = d.waiting.front())
            end_waiting(*op, -ECANCELED);
    for (operation_list list : {crowded_, repeated_.take()})
        while (operation* op = list.pop_front())
            finished_.add(*op, -ECANCELED);
    crowded_ = {};
    end_helpers();
    deliver_all();
}

} // namespace

std::unique_ptr<backend> make_epoll_backend()
{
    return std::make_unique<epoll_backend>();
}

} // namespace simul::detail
