// SPDX-License-Identifier: MIT
//
// What sim promises beyond the common suite: virtual time, a seed, faults.
#include "backend_fixture.hpp"
#include "run/backend/sim.hpp"

#include <set>
#include <sys/stat.h>
#include <thread>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class Sim : public backend_test {
protected:
    sim_backend& sim() { return static_cast<sim_backend&>(*backend_); }
};

INSTANTIATE_TEST_SUITE_P(Only, Sim, testing::Values(backend_kind::sim), name_of_parameter);

TEST_P(Sim, TimeStartsAtAFixedPointAndJumpsToTheDeadline)
{
    const time_point start_of_time = backend_->now();
    EXPECT_EQ(start_of_time, make_backend(backend_kind::sim, 7)->now());
    const auto before = clock::now();
    EXPECT_TRUE(backend_->wait(start_of_time + 1000h));
    EXPECT_EQ(start_of_time + 1000h, backend_->now());
    EXPECT_LT(clock::now() - before, 10s);
    EXPECT_TRUE(backend_->wait(start_of_time)); // never back
    EXPECT_EQ(start_of_time + 1000h, backend_->now());
}

TEST_P(Sim, TimeStandsStillWhileThereIsWork)
{
    const auto [ours, theirs] = make_pair();
    const time_point before = backend_->now();
    call writable(poll, ours, POLLOUT);
    start(writable);
    EXPECT_TRUE(backend_->wait(before + 1h));
    EXPECT_EQ(before, backend_->now());
    backend_->dispatch();
    EXPECT_TRUE(writable.done());
    backend_->wake();
    EXPECT_TRUE(backend_->wait(before + 1h));
    EXPECT_EQ(before, backend_->now());
    close_all({ours, theirs});
}

TEST_P(Sim, SaysWhenNothingCanEverHappen)
{
    EXPECT_FALSE(backend_->wait(never));
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    start(receive_it);
    EXPECT_FALSE(backend_->wait(never)); // a test that waits here would hang
    EXPECT_TRUE(backend_->wait(time_point::min()));
    close_now(theirs);
    EXPECT_TRUE(backend_->wait(never));
    EXPECT_EQ(0, run(receive_it));
    close_now(ours);
}

TEST_P(Sim, WaitsForRealWhileSomebodyIsOutside)
{
    const time_point before = backend_->now();
    backend_->expect_outside(+1);
    std::atomic<bool> woke = false;
    std::thread outside([&] {
        std::this_thread::sleep_for(5ms); // the real time that must not become virtual
        woke = true;
        backend_->wake();
    });
    EXPECT_TRUE(backend_->wait(before + 1ms));
    EXPECT_TRUE(woke);
    EXPECT_EQ(before, backend_->now());
    outside.join();
    std::thread leaving([&] { backend_->expect_outside(-1); });
    EXPECT_TRUE(backend_->wait(never)); // who leaves wakes, too
    leaving.join();
    EXPECT_FALSE(backend_->wait(never));
}

TEST_P(Sim, RealDescriptorsAreUnknownToIt)
{
    std::string text(8, '.');
    call read_it(read, 0, text);
    EXPECT_EQ(-EBADF, finish(read_it));
    EXPECT_GE(backend_->make_socket(AF_INET, SOCK_STREAM, 0), 1 << 20);
    const std::string path = fresh_path();
    const int fd = open_file(path, O_RDWR | O_CREAT);
    EXPECT_GE(fd, 1 << 20);
    struct stat status{};
    EXPECT_EQ(-1, ::stat(path.c_str(), &status));
}

TEST_P(Sim, OneBackendsAddressesAreNotAnothers)
{
    const listener at = listen_tcp();
    auto other = make_backend(backend_kind::sim);
    call connect_it(connect, other->make_socket(AF_INET, SOCK_STREAM, 0), at);
    other->start(connect_it);
    other->dispatch();
    EXPECT_EQ(-ECONNREFUSED, connect_it.result);
}

TEST_P(Sim, AListenerOnAllAddressesIsReachedUnderAny)
{
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(80);
    const listener at = listen_at(AF_INET, &any, sizeof any, 4);
    EXPECT_EQ(80, at.port());
    const int second = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(-EADDRINUSE, backend_->bind_socket(second, reinterpret_cast<sockaddr*>(&any), sizeof any));
    listener other = at;
    ::inet_pton(AF_INET, "10.1.2.3", &reinterpret_cast<sockaddr_in&>(other.address).sin_addr);
    call connect_it(connect, second, other);
    EXPECT_EQ(0, finish(connect_it));
}

TEST_P(Sim, ABufferHolds64KiB)
{
    const auto [ours, theirs] = make_pair();
    std::string block(100 * 1024, 'x');
    call first(send, ours, block);
    EXPECT_EQ(64 * 1024, finish(first));
    call second(send, ours, block);
    start(second);
    EXPECT_FALSE(backend_->wait(never));
    EXPECT_EQ(10U, receive_text(theirs, 10).size());
    EXPECT_EQ(10, run(second));
}

TEST_P(Sim, APeerThatClosesUnreadResets)
{
    const auto [ours, theirs] = make_pair();
    send_text(ours, "unread");
    close_now(theirs);
    std::string text(8, '.');
    call first(receive, ours, text);
    EXPECT_EQ(-ECONNRESET, finish(first));
    EXPECT_EQ("", receive_text(ours, 8));
}

TEST_P(Sim, AClosedDescriptorsFileLivesUntilItsOperationsEnd)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    start(receive_it);
    close_now(ours);
    call after_close(receive, ours, text);
    EXPECT_EQ(-EBADF, finish(after_close));
    EXPECT_EQ(3, send_text(theirs, "abc")); // the peer does not see the end yet: whoever closes must cancel first
    EXPECT_EQ(3, run(receive_it));
    EXPECT_EQ("", receive_text(theirs, 8));
}

TEST_P(Sim, FailsTheNthOperationOfAKind)
{
    const auto [ours, theirs] = make_pair();
    sim().faults().fail(send, 2, EIO);
    sim().faults().fail(send, 3, ENOBUFS);
    EXPECT_EQ(1, send_text(ours, "a"));
    EXPECT_EQ(-EIO, send_text(ours, "b"));
    EXPECT_EQ(-ENOBUFS, send_text(ours, "c"));
    EXPECT_EQ(1, send_text(ours, "d"));
    EXPECT_EQ("ad", receive_text(theirs, 8));
}

TEST_P(Sim, FailsSomeOperationsTheSameOnesForTheSameSeed)
{
    const auto failures = [](std::uint64_t seed) {
        sim_backend sim(seed);
        sim.faults().fail_with_probability(0.25, {EIO, ECONNRESET});
        std::vector<int> results;
        int fds[2];
        sim.socket_pair(AF_UNIX, SOCK_STREAM, 0, fds);
        for (int i = 0; i < 200; ++i) {
            call poll_it(poll, fds[0], POLLOUT);
            sim.start(poll_it);
            sim.dispatch();
            results.push_back(poll_it.result);
        }
        return results;
    };
    EXPECT_EQ(failures(1), failures(1));
    EXPECT_NE(failures(1), failures(2));
    const std::vector<int> some = failures(3);
    EXPECT_EQ((std::set{POLLOUT, -EIO, -ECONNRESET}), std::set(some.begin(), some.end()));
    EXPECT_NEAR(150, static_cast<double>(std::count(some.begin(), some.end(), POLLOUT)), 30);
}

TEST_P(Sim, TransfersCanBeMadeShort)
{
    const auto [ours, theirs] = make_pair();
    sim().faults().short_transfers(true);
    EXPECT_EQ(1, send_text(ours, "abc"));
    sim().faults().short_transfers(false);
    EXPECT_EQ(2, send_text(ours, "bc"));
    sim().faults().short_transfers(true);
    EXPECT_EQ("a", receive_text(theirs, 8));
}

/// The order in which receives on ten sockets, two on each, complete when all data arrives at one moment.
std::string order_of_completions(std::uint64_t seed)
{
    sim_backend sim(seed);
    std::string order;
    std::deque<call> receives;
    std::deque<call> sends;
    std::string texts(20, '.');
    std::string data = "xy";
    std::vector<int> peers;
    for (std::size_t i = 0; i < 10; ++i) {
        int fds[2];
        sim.socket_pair(AF_UNIX, SOCK_STREAM, 0, fds);
        peers.push_back(fds[1]);
        for (std::size_t k = 0; k < 2; ++k) {
            call& each = receives.emplace_back(receive, fds[0], &texts[2 * i + k], 1);
            each.context = &order;
            each.then = [](call& self) {
                *static_cast<std::string*>(self.context) += static_cast<char>('0' + (self.fd - (1 << 20)) / 2);
            };
            sim.start(each);
        }
    }
    for (const int peer : peers)
        sim.start(sends.emplace_back(send, peer, data));
    sim.dispatch();
    EXPECT_EQ("xyxyxyxyxyxyxyxyxyxy", texts); // each socket's own order is kept
    return order;
}

TEST_P(Sim, TheOrderOfOneMomentComesFromTheSeed)
{
    EXPECT_EQ("00112233445566778899", order_of_completions(0));
    EXPECT_EQ(order_of_completions(1), order_of_completions(1));
    EXPECT_NE(order_of_completions(1), order_of_completions(2));
    EXPECT_NE(order_of_completions(0), order_of_completions(1));
}

} // namespace
} // namespace simul::detail
