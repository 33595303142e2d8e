// SPDX-License-Identifier: MIT
//
// The bound: an echo server on io_uring with nothing in between. Multishot accept and receive, a ring of buffers, one
// system call a turn; what was received is sent from where it lies.
#include "../echo_load.hpp"

#include <liburing.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace {

constexpr unsigned buffers = 256;
constexpr unsigned buffer_size = 2048;
enum kind : std::uint64_t { accepted, received, sent };

std::uint64_t tag(kind what, int fd, unsigned buffer = 0)
{
    return std::uint64_t{what} << 56 | std::uint64_t{buffer} << 32 | static_cast<std::uint32_t>(fd);
}

io_uring_sqe* next(io_uring& ring)
{
    io_uring_sqe* sqe = io_uring_get_sqe(&ring);
    while (!sqe) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

void receive(io_uring& ring, int fd)
{
    io_uring_sqe* const sqe = next(ring);
    io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    sqe->user_data = tag(received, fd);
}

void serve(int listening)
{
    io_uring ring{};
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 4096;
    bench::check(io_uring_queue_init_params(512, &ring, &parameters) == 0, "io_uring");

    const std::size_t list_size = buffers * sizeof(io_uring_buf);
    auto* const memory = static_cast<char*>(::mmap(nullptr, list_size + buffers * buffer_size, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    auto* const list = reinterpret_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registered{};
    registered.ring_addr = reinterpret_cast<std::uint64_t>(list);
    registered.ring_entries = buffers;
    bench::check(io_uring_register_buf_ring(&ring, &registered, 0) == 0, "buffers");
    io_uring_buf_ring_init(list);
    const auto at = [&](unsigned index) { return memory + list_size + std::size_t{index} * buffer_size; };
    const auto give_back = [&](unsigned index) {
        io_uring_buf_ring_add(list, at(index), buffer_size, static_cast<unsigned short>(index),
                              io_uring_buf_ring_mask(buffers), 0);
        io_uring_buf_ring_advance(list, 1);
    };
    for (unsigned i = 0; i < buffers; ++i)
        give_back(i);

    io_uring_sqe* const sqe = next(ring);
    io_uring_prep_multishot_accept(sqe, listening, nullptr, nullptr, 0);
    sqe->user_data = tag(accepted, listening);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* cqe = nullptr;
        io_uring_for_each_cqe(&ring, head, cqe)
        {
            ++count;
            const auto what = static_cast<kind>(cqe->user_data >> 56);
            const int fd = static_cast<int>(cqe->user_data & 0xffffffff);
            if (what == accepted && cqe->res >= 0) {
                const int on = 1;
                ::setsockopt(cqe->res, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                receive(ring, cqe->res);
            } else if (what == received && cqe->res > 0) {
                const unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
                io_uring_sqe* const answer = next(ring);
                io_uring_prep_send(answer, fd, at(buffer), static_cast<unsigned>(cqe->res), MSG_NOSIGNAL);
                answer->user_data = tag(sent, fd, buffer);
                if (!(cqe->flags & IORING_CQE_F_MORE))
                    receive(ring, fd);
            } else if (what == received && cqe->res == -ENOBUFS) {
                receive(ring, fd);
            } else if (what == received) {
                ::close(fd);
            } else if (what == sent) {
                give_back(static_cast<unsigned>(cqe->user_data >> 32 & 0xffffff));
            }
        }
        io_uring_cq_advance(&ring, count);
    }
}

} // namespace

int main(int argc, char** argv)
{
    return bench::echo_program(argc, argv, serve);
}
