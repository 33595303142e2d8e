// SPDX-License-Identifier: MIT
//
// The seam between a loop and the operating system: one small interface, three implementations.
//
//     uring.cpp  Linux io_uring: batched submission, direct file I/O; the default where the kernel allows it
//     epoll.cpp  readiness, with helper threads for what can't be polled (files); forced by SIMUL_BACKEND=epoll
//     sim.cpp    virtual time that jumps when idle, in-memory sockets and files, faults by plan; what tests run on
//
// Nothing above src/run reads a clock, draws a random number or calls the OS except through here, so every
// program can be run under virtual time, from a seed, with faults.
//
// An operation's state lives in the awaiter that waits for it: starting one allocates nothing.
#pragma once

#include <simul/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>

struct statx;

namespace simul::detail {

enum class operation_kind : std::uint8_t {
    poll,
    read,
    write,
    accept,
    connect,
    send,
    receive,
    send_message,    ///< one datagram: `data` is a msghdr
    receive_message, ///< the same
    receive_many,
    accept_many,
    open,
    close,
    // Of an open file:
    sync,     ///< to the disk: all, or what is needed to find the data (`flags`: sync_data)
    resize,   ///< to `offset` bytes
    set_mode, ///< permissions, `mode`
    copy,     ///< `size` bytes at most from `source` to `fd`, each at its own position
    list,     ///< of an open directory: appends to `data`, a std::vector<directory_entry>
    // Of a path, relative to the open directory `fd`, or with -1 to the working directory:
    status,         ///< fills in `data`, a struct statx; of `fd` itself when there is no path
    remove,         ///< (`flags`: AT_REMOVEDIR)
    rename,         ///< to `target` (`flags`: RENAME_*); both relative to the working directory
    make_directory, ///< with permissions `mode`
    make_symlink,   ///< that says `target`
    read_link,      ///< what it says, to `data`
    write_file,     ///< open, write, close in one go: `flags`, `mode`, `data`, `size`; the result is the write's
    open_as,        ///< as `data`, an open_how, says; see openat2(2): for a path that must not lead out of `fd`
};

inline constexpr int sync_data = 1;
inline constexpr int no_sigpipe = 1; ///< write: to a pipe nobody reads from, -EPIPE and no signal

/// What `list` finds.
struct directory_entry {
    std::string name;
    unsigned char type = 0; ///< DT_REG, DT_DIR...; DT_UNKNOWN where the file system doesn't say
};

/// One thing asked of the OS. The caller fills in the first block, keeps the object and all it points to alive and
/// unmoved until `complete` was called (exactly once for every start, also after cancel), and reads `result`.
///
/// A transfer may be short, as with read(2). Descriptors that come out of an operation are close-on-exec, and no
/// `send` raises SIGPIPE. A receive and a send may wait at one socket side by side, with any number of polls. Two of one
/// direction are served in any order (io_uring takes the last first), and so are operations on one file: who needs an
/// order starts the next when the one before has completed; so does a close.
///
/// `receive_many` and `accept_many` go on until they are cancelled, fail, or reach the end of the stream: `complete` is
/// called with `more` set for each piece that arrives, and once without. A piece lies in memory of the backend's
/// (`data`, `result` bytes) for as long as the call lasts, so a connection that is idle needs none. There is one of them
/// at a socket at most, and no `receive` or `accept` beside it.
///
/// An open of a FIFO need not wait for its other end: pass O_NONBLOCK to be sure that it doesn't. (The flags of an
/// `open_as` are taken as they are: O_CLOEXEC and O_NONBLOCK belong there.)
struct operation {
    operation_kind kind = operation_kind::poll;
    int fd = -1;
    int flags = 0;     ///< poll: events (POLLIN...); send, receive: MSG_*; open: O_*; accept: SOCK_*; write: no_sigpipe
    unsigned mode = 0; ///< open: permissions of a new file
    void* data = nullptr; ///< read, receive: where to; write, send, write_file: what (never written to)
    std::size_t size = 0;
    /// read, write: place in the file; -1: the file's own position, which io_uring forgets to move after a short write.
    std::int64_t offset = -1;
    int source = -1;                   ///< copy
    const char* path = nullptr;        ///< open and all kinds of a path
    const char* target = nullptr;      ///< rename, make_symlink
    sockaddr* address = nullptr;       ///< connect: whom; accept: filled in with the peer, may be null
    socklen_t* address_size = nullptr; ///< accept: capacity in, size out
    socklen_t address_length = 0;      ///< connect
    void (*complete)(operation&) noexcept = nullptr;

    std::int32_t result = 0; ///< bytes, descriptor or events; below zero: a negated errno
    bool more = false;       ///< receive_many, accept_many: this was not the last

    // The backend's own:
    operation* next = nullptr;
    operation* previous = nullptr;
    std::uint32_t state = 0;
};

class backend {
public:
    /// Cancels what is in flight, waits until the kernel has let go of it, and completes it (what is started meanwhile
    /// ends with -ECANCELED).
    virtual ~backend() = default;

    virtual std::string_view name() const noexcept = 0;
    virtual time_point now() const noexcept = 0;

    /// Begins `op`. Completion comes from `dispatch`, never from inside `start`, so that it can't recurse.
    virtual void start(operation& op) noexcept = 0;

    /// Asks a started operation to end early. It completes all the same: with -ECANCELED, or with its result when that
    /// was already there (nothing is received and then dropped).
    virtual void cancel(operation& op) noexcept = 0;

    /// Operations started and not yet completed.
    std::size_t in_flight() const noexcept { return in_flight_; }

    /// Submits what was started and waits until something can be dispatched, `wake` was called, or the clock reads
    /// `deadline`. `time_point::min()` only looks (and costs no system call where it can be avoided). Returns false when
    /// nothing can ever happen: no deadline, nothing that could end, and nobody outside who could wake us (sim only).
    virtual bool wait(time_point deadline) = 0;

    /// Calls `complete` of every operation that has ended, in the order in which they ended. What ends meanwhile is left
    /// for the next call, so a chain of operations that end at once can't keep the loop from its other work.
    virtual void dispatch() noexcept = 0;

    /// Ends a `wait`, now or the next one. From any thread, and from a signal handler.
    virtual void wake() noexcept = 0;

    /// Somebody outside (a thread, another process) took on a job and will call `wake`: +1; is done: -1. From any thread.
    /// Only sim listens: while somebody is outside, virtual time stands still and an idle `wait` waits for real.
    virtual void expect_outside(int) noexcept {}

    /// Called at the start of each run of the loop: rings that are tied to a thread are made or enabled here.
    /// Operations that wait for readiness come along. *Throws:* `invalid_state` when others (files, a connect) are still in
    /// flight in the thread that ran last (uring).
    virtual void enter_thread() = 0;

    /// In a forked child: drops ring and epoll without touching the parent's operations. Those in flight are forgotten
    /// (never completed here: they are the parent's); what the child starts ends with -ECANCELED.
    virtual void after_fork_in_child() noexcept = 0;

    // What never waits, so needs no operation; a negated errno on failure. sim has its own sockets and pipes.
    virtual int make_socket(int domain, int type, int protocol) noexcept = 0;
    virtual int bind_socket(int fd, const sockaddr* address, socklen_t size) noexcept = 0;
    virtual int listen_socket(int fd, int backlog) noexcept = 0;
    virtual int socket_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;
    virtual int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;
    virtual int set_socket_option(int fd, int level, int name, const void* value, socklen_t size) noexcept = 0;
    virtual int shutdown_socket(int fd, int how) noexcept = 0;
    virtual int socket_pair(int domain, int type, int protocol, int fds[2]) noexcept = 0;
    virtual int make_pipe(int fds[2]) noexcept = 0; ///< fds[0] reads what fds[1] writes
    /// The status of an open file as far as this machine knows it: of a file on a network it may be old.
    virtual int look_at_file(int fd, struct statx& status) noexcept = 0;
    virtual void close_now(int fd) noexcept = 0;

protected:
    std::size_t in_flight_ = 0;
};

enum class backend_kind : std::uint8_t { automatic, uring, epoll, sim };

/// `automatic`: SIMUL_BACKEND if set, else uring where the kernel allows it, else epoll.
/// *Throws:* `error` when `uring` is asked for and refused by the kernel, or SIMUL_BACKEND names no backend.
std::unique_ptr<backend> make_backend(backend_kind kind, std::uint64_t seed = 0);

} // namespace simul::detail
