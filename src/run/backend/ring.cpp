// SPDX-License-Identifier: MIT
#include "run/backend/ring.hpp"

#include <atomic>
#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::detail {
namespace {

// A ring may be mapped where another thread's was. The kernel orders the two, which ThreadSanitizer can't see: liburing
// makes its system calls itself. This says so: the end of the one happens before the making of the other.
std::atomic<unsigned> rings_ended{0};

void end(io_uring& ring) noexcept
{
    rings_ended.fetch_add(1, std::memory_order_release); // pairs with the acquire where a ring is made
    io_uring_queue_exit(&ring);
}

constexpr unsigned submission_entries = 256;
constexpr unsigned completion_entries = 2048; // beyond that the kernel allocates

} // namespace

ring::ring()
{
    // The best the kernel knows first: 6.1, 5.19, any.
    constexpr unsigned common = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG;
    constexpr std::array flags{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | common,
                               IORING_SETUP_COOP_TASKRUN | common, 0U};
    int result = -EINVAL;
    for (std::size_t i = 0; i < flags.size() && result == -EINVAL; ++i) {
        io_uring_params parameters{};
        parameters.flags = flags[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
        parameters.cq_entries = completion_entries;
        result = io_uring_queue_init_params(submission_entries, &ring_, &parameters);
        rings_ended.fetch_add(0, std::memory_order_acquire);
    }
    if (result < 0)
        throw error::from_errno(-result, "event loop: io_uring_setup");
    if (!sufficient()) {
        end(ring_);
        throw error::from_errno(ENOSYS, "event loop: this kernel's io_uring is too old");
    }
    if (const int problem = plant_canary(); problem != 0) {
        end(ring_);
        throw error::from_errno(problem, "event loop: io_uring_register");
    }
}

bool ring::sufficient()
{
    // RSRC_TAGS stands for Linux 5.13: multishot poll has no feature bit of its own. Directories are made since 5.15.
    constexpr unsigned needed = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_RSRC_TAGS;
    if ((ring_.features & needed) != needed)
        return false;
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(io_uring_get_probe_ring(&ring_),
                                                                                &io_uring_free_probe);
    constexpr std::array opcodes{IORING_OP_POLL_ADD, IORING_OP_READ,         IORING_OP_WRITE,   IORING_OP_ACCEPT,
                                 IORING_OP_CONNECT,  IORING_OP_SEND,         IORING_OP_RECV,    IORING_OP_OPENAT,
                                 IORING_OP_CLOSE,    IORING_OP_ASYNC_CANCEL, IORING_OP_FSYNC,   IORING_OP_STATX,
                                 IORING_OP_UNLINKAT, IORING_OP_RENAMEAT,     IORING_OP_MKDIRAT, IORING_OP_SYMLINKAT};
    return probe && std::all_of(opcodes.begin(), opcodes.end(),
                                [&](int opcode) { return io_uring_opcode_supported(probe.get(), opcode) != 0; });
}

/// The kernel takes a closed ring down in the background, and a ring of another thread can't be asked for anything. So
/// each holds the only writing end of a pipe: when our end reads as closed, ring and operations are gone.
int ring::plant_canary()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    canary_ = unique_fd(ends[0]);
    const unique_fd held_by_ring(ends[1]);
    return -std::min(io_uring_register_files(&ring_, &ends[1], 1), 0);
}

void ring::enable()
{
    // Not io_uring_enable_rings: liburing 2.3 declares it, but its shared library doesn't export it.
    if (::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) < 0)
        throw error::from_errno(errno, "event loop: io_uring_register");
}

void ring::close_and_wait() noexcept
{
    end(ring_);
    open_ = false;
    pollfd gone{.fd = canary_.get(), .events = POLLIN, .revents = 0};
    for (int patience = 10; patience > 0;) {
        const int result = ::poll(&gone, 1, 1000);
        if (result > 0)
            return;
        patience -= result == 0 ? 1 : 0; // a signal isn't a second gone
    }
    std::fputs(
        "simul: the kernel does not let go of a loop's operations; a forked child may hold the loop's descriptors\n",
        stderr);
    std::abort(); // to go on would let the kernel write into freed memory
}

ring::~ring()
{
    if (open_)
        end(ring_);
}

receive_buffers::receive_buffers(ring& of)
{
    void* const mapped =
        ::mmap(nullptr, offset + count * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        throw error::from_errno(errno, "event loop: memory to receive into");
    memory_ = static_cast<char*>(mapped);
    io_uring_buf_reg registered{};
    registered.ring_addr = reinterpret_cast<std::uint64_t>(mapped);
    registered.ring_entries = count;
    registered.bgid = group;
    if (const int problem = io_uring_register_buf_ring(of.get(), &registered, 0); problem < 0) {
        ::munmap(mapped, offset + count * each);
        throw error::from_errno(-problem, "event loop: memory to receive into");
    }
    io_uring_buf_ring_init(list());
    for (unsigned i = 0; i < count; ++i)
        io_uring_buf_ring_add(list(), at(i), each, static_cast<unsigned short>(i), io_uring_buf_ring_mask(count),
                              static_cast<int>(i));
    io_uring_buf_ring_advance(list(), count);
}

receive_buffers::~receive_buffers()
{
    ::munmap(memory_, offset + count * each);
}

void receive_buffers::release(unsigned index) noexcept
{
    io_uring_buf_ring_add(list(), at(index), each, static_cast<unsigned short>(index), io_uring_buf_ring_mask(count),
                          0);
    io_uring_buf_ring_advance(list(), 1);
}

} // namespace simul::detail
