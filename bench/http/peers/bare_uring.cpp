// SPDX-License-Identifier: MIT
//
// A bound: the least that answers HTTP requests, over io_uring. Multishot accept and receive, a ring of buffers, one system
// call a turn. `bare_uring FD`.
#include "bare.hpp"

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned buffers = 256;
constexpr unsigned buffer_size = 2048;
enum kind : std::uint64_t { accepted, received, sent };

class server {
public:
    explicit server(int listening) : listening_(listening)
    {
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
        parameters.cq_entries = 4096;
        bench::check(io_uring_queue_init_params(512, &ring_, &parameters) == 0, "io_uring");
        list_ = static_cast<io_uring_buf_ring*>(::mmap(nullptr, buffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        io_uring_buf_reg registered{};
        registered.ring_addr = reinterpret_cast<std::uint64_t>(list_);
        registered.ring_entries = buffers;
        bench::check(io_uring_register_buf_ring(&ring_, &registered, 0) == 0, "buffers");
        io_uring_buf_ring_init(list_);
        for (unsigned i = 0; i < buffers; ++i)
            give_back(i);
        io_uring_prep_multishot_accept(next(accepted, listening), listening, nullptr, nullptr, 0);
    }

    [[noreturn]] void serve()
    {
        for (;;) {
            io_uring_submit_and_wait(&ring_, 1);
            unsigned head = 0;
            unsigned count = 0;
            io_uring_cqe* cqe = nullptr;
            io_uring_for_each_cqe(&ring_, head, cqe)
            {
                ++count;
                handle(*cqe);
            }
            io_uring_cq_advance(&ring_, count);
        }
    }

private:
    /// An entry with its tag, which preparing leaves alone.
    io_uring_sqe* next(kind what, int fd)
    {
        io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
        while (!sqe) {
            io_uring_submit(&ring_);
            sqe = io_uring_get_sqe(&ring_);
        }
        sqe->user_data = std::uint64_t{what} << 56 | static_cast<std::uint32_t>(fd);
        return sqe;
    }

    void handle(const io_uring_cqe& cqe)
    {
        const auto what = static_cast<kind>(cqe.user_data >> 56);
        const int fd = static_cast<int>(cqe.user_data & 0xffffffff);
        if (what == accepted && cqe.res >= 0) {
            open(cqe.res);
        } else if (what == received && cqe.res > 0) {
            const unsigned buffer = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
            answer(fd, {at(buffer), static_cast<std::size_t>(cqe.res)});
            give_back(buffer);
            if (!(cqe.flags & IORING_CQE_F_MORE))
                receive(fd);
        } else if (what == received && cqe.res == -ENOBUFS) {
            receive(fd);
        } else if (what == received) {
            ::close(fd);
        }
    }

    void open(int fd)
    {
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (matched_.size() <= static_cast<std::size_t>(fd))
            matched_.resize(static_cast<std::size_t>(fd) + 1);
        matched_[static_cast<std::size_t>(fd)] = 0;
        receive(fd);
    }

    void receive(int fd)
    {
        io_uring_sqe* const sqe = next(received, fd);
        io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = 0;
    }

    void answer(int fd, std::string_view got)
    {
        unsigned requests = bench::requests_in(got, matched_[static_cast<std::size_t>(fd)]);
        for (; requests > 0; --requests)
            io_uring_prep_send(next(sent, fd), fd, bench::answer.data(), bench::answer.size(), MSG_NOSIGNAL);
    }

    char* at(unsigned buffer) { return memory_.data() + std::size_t{buffer} * buffer_size; }
    void give_back(unsigned buffer)
    {
        io_uring_buf_ring_add(list_, at(buffer), buffer_size, static_cast<unsigned short>(buffer),
                              io_uring_buf_ring_mask(buffers), 0);
        io_uring_buf_ring_advance(list_, 1);
    }

    int listening_;
    io_uring ring_{};
    io_uring_buf_ring* list_ = nullptr;
    std::vector<char> memory_ = std::vector<char>(std::size_t{buffers} * buffer_size);
    std::vector<unsigned> matched_; // by descriptor
};

} // namespace

int main(int argc, char** argv)
{
    bench::check(argc == 2, "bare_uring FD");
    server(std::atoi(argv[1])).serve();
}
