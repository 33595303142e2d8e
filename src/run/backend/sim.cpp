// SPDX-License-Identifier: MIT
#include "run/backend/sim.hpp"

#include <algorithm>
#include <deque>
#include <poll.h>

namespace simul::detail {
namespace {

bool is_transfer(const operation& op) noexcept
{
    return op.kind == operation_kind::read || op.kind == operation_kind::write || op.kind == operation_kind::send ||
           op.kind == operation_kind::receive || op.kind == operation_kind::write_file ||
           op.kind == operation_kind::copy;
}

/// Whether somebody in the same direction was first. Readiness is seen by all.
bool is_behind_another(const sim_object& object, const operation& op) noexcept
{
    if (op.kind == operation_kind::poll)
        return false;
    for (const operation* each = object.waiting.front(); each; each = each->next)
        if (each->kind != operation_kind::poll && is_output(*each) == is_output(op))
            return true;
    return false;
}

} // namespace

int sim_world::insert(std::shared_ptr<sim_object> object)
{
    const auto free = std::find(objects.begin(), objects.end(), nullptr);
    const int fd = first_fd + static_cast<int>(free - objects.begin());
    if (free == objects.end())
        objects.push_back(std::move(object));
    else
        *free = std::move(object);
    return fd;
}

std::shared_ptr<sim_object> sim_world::find(int fd) const noexcept
{
    const auto index = static_cast<std::size_t>(static_cast<std::int64_t>(fd) - first_fd);
    return fd >= first_fd && index < objects.size() ? objects[index] : nullptr;
}

void fault_plan::fail(operation_kind kind, unsigned nth, int error)
{
    planned_.push_back({kind, nth, error});
}

void fault_plan::fail_with_probability(double p, std::vector<int> errors)
{
    probability_ = p;
    errors_ = std::move(errors);
}

int fault_plan::strike(const operation& op, std::mt19937_64& random)
{
    const operation_kind kind = op.kind == operation_kind::open_as ? operation_kind::open : op.kind;
    int error = 0;
    for (planned& each : planned_)
        if (each.kind == kind && --each.nth == 0)
            error = each.error;
    std::erase_if(planned_, [](const planned& each) { return each.nth == 0; });
    if (error == 0 && !errors_.empty() && static_cast<double>(random()) < probability_ * 0x1p64)
        error = errors_[random() % errors_.size()];
    return error;
}

void sim_backend::start(operation& op) noexcept
{
    ++in_flight_;
    if (inert_)
        return finished_.add(op, -ECANCELED);
    if (const int error = faults_.strike(op, random_); error != 0)
        return finished_.add(op, -error);
    if (op.path || op.kind == operation_kind::copy)
        return finished_.add(op, clipped(op, [&] { return files_.perform(world_, op); }));
    if (op.kind == operation_kind::close)
        return finished_.add(op, close_descriptor(op.fd));
    if (is_repeated(op))
        return repeated_.add(op);

    const std::shared_ptr<sim_object> object = world_.find(op.fd);
    if (!object || object->closing)
        return finished_.add(op, -EBADF);
    const std::int32_t result = is_behind_another(*object, op) ? -EAGAIN : attempt(*object, op);
    if (result == -EAGAIN && may_wait(op)) {
        op.state = waiting;
        object->waiting.push_back(op);
    } else {
        finished_.add(op, result);
    }
    settle();
}

std::int32_t sim_backend::attempt(sim_object& object, operation& op) noexcept
{
    if (op.kind == operation_kind::poll) {
        const int ready = object.readiness() & (op.flags | POLLERR | POLLHUP);
        return ready != 0 ? ready : -EAGAIN;
    }
    return clipped(op, [&] { return object.attempt(op); });
}

/// Calls `perform`, for less of a transfer when that is planned.
std::int32_t sim_backend::clipped(operation& op, auto&& perform)
{
    const std::size_t size = op.size;
    if (faults_.short_transfers() && is_transfer(op))
        op.size = std::min<std::size_t>(size, 1);
    const std::int32_t result = perform();
    op.size = size;
    return result;
}

/// Lets those look again for whom something changed, until nobody gets any further.
void sim_backend::settle() noexcept
{
    while (!world_.changed.empty()) {
        const std::shared_ptr<sim_object> object = std::move(world_.changed.back());
        world_.changed.pop_back();
        bool blocked[2] = {false, false};
        for (operation *op = object->waiting.front(), *next = nullptr; op; op = next) {
            next = op->next;
            const bool is_poll = op->kind == operation_kind::poll;
            bool& direction = blocked[is_output(*op) ? 1 : 0];
            if (direction && !is_poll)
                continue;
            if (is_repeated(*op)) {
                object->waiting.remove(*op);
                repeated_.add(*op);
                continue;
            }
            const std::int32_t result = attempt(*object, *op);
            if (result != -EAGAIN)
                end_waiting(*object, *op, result);
            else if (!is_poll)
                direction = true;
        }
    }
}

void sim_backend::end_waiting(sim_object& object, operation& op, std::int32_t result) noexcept
{
    object.waiting.remove(op);
    finished_.add(op, result);
    if (object.closing && object.waiting.empty()) {
        object.close();
        world_.erase(op.fd);
    }
}

void sim_backend::cancel(operation& op) noexcept
{
    if (inert_)
        return;
    if (op.state == ready || op.state == serving)
        return repeated_.cancel(op);
    if (op.state != waiting)
        return;
    const std::shared_ptr<sim_object> object = world_.find(op.fd);
    end_waiting(*object, op, -ECANCELED);
    world_.touch(object); // those behind it may have waited for it alone
    settle();
}

int sim_backend::close_descriptor(int fd) noexcept
{
    const std::shared_ptr<sim_object> object = world_.find(fd);
    if (!object || object->closing)
        return -EBADF;
    object->closing = true;
    if (object->waiting.empty()) {
        object->close();
        world_.erase(fd);
        settle();
    }
    return 0;
}

void sim_backend::deliver_due() noexcept
{
    world_.network.deliver_due();
    std::reverse(world_.changed.begin(), world_.changed.end()); // `settle` takes the last first
    settle();
}

bool sim_backend::wait(time_point deadline)
{
    deliver_due();
    if (waker_.take() || !finished_.empty() || !repeated_.empty() || deadline == time_point::min())
        return true;
    while (outside_.load(std::memory_order_acquire) > 0) { // with expect_outside's release
        if (waker_.fall_asleep())
            waker_.sleep();
        if (waker_.take())
            return true;
    }
    while (finished_.empty() && repeated_.empty() && now_ < deadline) {
        const time_point next = std::min(deadline, world_.network.next());
        if (next == never)
            return false; // what is in flight waits for each other
        now_ = next;
        deliver_due();
    }
    return true;
}

void sim_backend::dispatch() noexcept
{
    repeated_.serve(
        finished_, [this](operation& once) { return attempt_once(once); },
        [this](operation& op) { wait_for_more(op); });
    if (seed_ != 0)
        shuffle_finished();
    finished_.deliver(in_flight_);
}

/// For a repeated operation: what it finds counts as an operation of its own in the plan of faults.
std::int32_t sim_backend::attempt_once(operation& once) noexcept
{
    const std::shared_ptr<sim_object> object = world_.find(once.fd);
    if (!object || object->closing)
        return -EBADF;
    if ((object->readiness() & POLLIN) == 0)
        return -EAGAIN;
    if (const int error = faults_.strike(once, random_); error != 0)
        return -error;
    const std::int32_t result = attempt(*object, once);
    settle();
    return result;
}

void sim_backend::wait_for_more(operation& op) noexcept
{
    op.state = waiting;
    const std::shared_ptr<sim_object> object = world_.find(op.fd);
    if (!object)
        return finished_.add(op, -EBADF);
    object->waiting.push_back(op);
    if (object->readiness() & POLLIN) // only a part of what is there was taken
        world_.touch(object);
    settle();
}

/// Operations of one kind on one descriptor keep their order: no system would answer two reads of a stream the other way
/// round.
void sim_backend::shuffle_finished()
{
    operation_list ended = finished_.take();
    std::vector<operation*> places;
    std::map<std::pair<int, operation_kind>, std::deque<operation*>> in_order;
    while (operation* op = ended.pop_front()) {
        places.push_back(op);
        in_order[{op->fd, op->kind}].push_back(op);
    }
    // Not std::shuffle: its draws differ between standard libraries, and a seed should mean the same everywhere.
    for (std::size_t left = places.size(); left > 1; --left)
        std::swap(places[left - 1], places[random_() % left]);
    for (const operation* place : places) {
        std::deque<operation*>& same = in_order[{place->fd, place->kind}];
        finished_.add(*same.front(), same.front()->result);
        same.pop_front();
    }
}

void sim_backend::wake() noexcept
{
    if (waker_.wake())
        waker_.rouse();
}

void sim_backend::expect_outside(int delta) noexcept
{
    outside_.fetch_add(delta, std::memory_order_release);
    if (delta < 0)
        wake();
}

void sim_backend::after_fork_in_child() noexcept
{
    inert_ = true;
    for (const auto& object : world_.objects)
        if (object)
            object->waiting = {};
    repeated_.take();
    finished_ = {};
    in_flight_ = 0;
}

sim_backend::~sim_backend()
{
    inert_ = true;
    for (const auto& object : world_.objects)
        while (operation* op = object ? object->waiting.front() : nullptr) {
            object->waiting.remove(*op);
            finished_.add(*op, -ECANCELED);
        }
    for (operation_list list = repeated_.take(); operation* op = list.pop_front();)
        finished_.add(*op, -ECANCELED);
    while (!finished_.empty())
        finished_.deliver(in_flight_);
}

int sim_backend::make_socket(int domain, int type, int) noexcept
{
    if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX)
        return -EAFNOSUPPORT;
    switch (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) {
    case SOCK_STREAM:
        return world_.insert(std::make_shared<sim_socket>(world_, domain, world_.network.where()));
    case SOCK_DGRAM:
        if (domain != AF_UNIX)
            return world_.insert(std::make_shared<sim_datagram_socket>(world_, domain, world_.network.where()));
        [[fallthrough]];
    default:
        return -EPROTONOSUPPORT;
    }
}

namespace {

/// Null with `problem` set when `fd` is no open socket.
std::shared_ptr<sim_endpoint> find_socket(const sim_world& world, int fd, int& problem) noexcept
{
    const std::shared_ptr<sim_object> object = world.find(fd);
    auto socket = std::dynamic_pointer_cast<sim_endpoint>(object);
    problem = !object || object->closing ? -EBADF : socket ? 0 : -ENOTSOCK;
    return problem == 0 ? socket : nullptr;
}

} // namespace

int sim_backend::bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept
{
    int problem = 0;
    const auto socket = find_socket(world_, fd, problem);
    return socket ? socket->bind(address, size) : problem;
}

int sim_backend::listen_socket(int fd, int backlog) noexcept
{
    int problem = 0;
    const auto socket = find_socket(world_, fd, problem);
    return socket ? socket->listen(backlog) : problem;
}

int sim_backend::socket_name(int fd, sockaddr* address, socklen_t* size) noexcept
{
    int problem = 0;
    const auto socket = find_socket(world_, fd, problem);
    return socket ? socket->name(address, size) : problem;
}

int sim_backend::peer_name(int fd, sockaddr* address, socklen_t* size) noexcept
{
    int problem = 0;
    const auto socket = find_socket(world_, fd, problem);
    return socket ? socket->peer_name(address, size) : problem;
}

int sim_backend::set_socket_option(int fd, int, int, const void*, socklen_t) noexcept
{
    int problem = 0;
    find_socket(world_, fd, problem);
    return problem; // no option means anything here
}

int sim_backend::shutdown_socket(int fd, int how) noexcept
{
    int problem = 0;
    const auto socket = find_socket(world_, fd, problem);
    if (!socket)
        return problem;
    problem = socket->shutdown(how);
    settle();
    return problem;
}

int sim_backend::socket_pair(int domain, int type, int protocol, int fds[2]) noexcept
{
    if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
        return -EPROTONOSUPPORT;
    std::shared_ptr<sim_object> ends[2];
    for (int i = 0; i < 2; ++i) {
        fds[i] = make_socket(domain, type, protocol);
        if (fds[i] < 0)
            return fds[i];
        ends[i] = world_.find(fds[i]);
    }
    sim_socket::join(static_cast<sim_socket&>(*ends[0]), static_cast<sim_socket&>(*ends[1]));
    return 0;
}

int sim_backend::make_pipe(int fds[2]) noexcept
{
    const int problem = socket_pair(AF_UNIX, SOCK_STREAM, 0, fds);
    if (problem == 0)
        shutdown_socket(fds[0], SHUT_WR); // also ends what the other end could read
    return problem;
}

/// Those with a descriptor: the others are their peers.
void sim_backend::for_each_socket(auto&& fn) noexcept
{
    for (const auto objects = world_.objects; const auto& each : objects)
        if (auto* const socket = dynamic_cast<sim_endpoint*>(each.get()))
            fn(*socket);
    settle();
}

void sim_backend::reset_connections(int one_machine, int other_machine) noexcept
{
    for_each_socket([&](sim_endpoint& socket) { socket.reset_between(one_machine, other_machine); });
}

void sim_backend::fail_sockets(int machine) noexcept
{
    for_each_socket([&](sim_endpoint& socket) {
        if (socket.machine() == machine)
            socket.fail();
    });
}

int sim_backend::look_at_file(int fd, struct statx& status) noexcept
{
    const std::shared_ptr<sim_object> object = world_.find(fd);
    return object && !object->closing ? files_.look_at(*object, status) : -EBADF;
}

void sim_backend::close_now(int fd) noexcept
{
    close_descriptor(fd);
}

} // namespace simul::detail
