// SPDX-License-Identifier: MIT
//
// One suite for all backends; what only the real ones or uring promise is in backend_system_test.cpp, what only sim does
// in backend_sim_test.cpp. Sockets have backend_sockets_test.cpp.
#include "backend_fixture.hpp"

#include <sys/un.h>
#include <thread>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class Backend : public backend_test {};

INSTANTIATE_TEST_SUITE_P(All, Backend, testing::ValuesIn(available_backends(true)), name_of_parameter);

TEST_P(Backend, ReadsFromAPipeWhatIsWrittenLater)
{
    const pipe_ends ends = make_pipe();
    std::string text(16, '.');
    call read_it(read, ends.reading, text);
    start(read_it);
    turn();
    EXPECT_FALSE(read_it.done());
    EXPECT_EQ(5, write_text(ends.writing, "hello"));
    EXPECT_EQ(5, finish(read_it));
    EXPECT_EQ("hello", text.substr(0, 5));
}

TEST_P(Backend, ReadsLessThanAskedForAndThenTheEnd)
{
    const pipe_ends ends = make_pipe();
    write_text(ends.writing, "abc");
    close_now(ends.writing);
    EXPECT_EQ("ab", read_text(ends.reading, 2));
    EXPECT_EQ("c", read_text(ends.reading, 10));
    EXPECT_EQ("", read_text(ends.reading, 10));
}

TEST_P(Backend, AWriteToAFullPipeWaitsForRoom)
{
    const pipe_ends ends = make_pipe();
    std::string block(64 * 1024, 'x');
    std::size_t written = 0;
    call last(write, ends.writing, block);
    for (;;) { // until one has to wait
        call fill(write, ends.writing, block);
        start(fill);
        turn();
        if (!fill.done()) {
            backend_->cancel(fill);
            const int result = run(fill);
            if (result > 0)
                written += static_cast<std::size_t>(result);
            break;
        }
        ASSERT_GT(fill.result, 0);
        written += static_cast<std::size_t>(fill.result);
    }
    start(last);
    turn();
    EXPECT_FALSE(last.done());
    std::size_t drained = 0;
    while (drained < written)
        drained += read_text(ends.reading, 1 << 20).size();
    EXPECT_EQ(written, drained);
    EXPECT_GT(run(last), 0);
}

TEST_P(Backend, WritesAndReadsAFileAtItsPositionAndAtOffsets)
{
    const std::string path = fresh_path();
    const int fd = open_file(path, O_RDWR | O_CREAT | O_EXCL);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(10, write_text(fd, "0123456789"));
    EXPECT_EQ(3, write_text(fd, "abc", 4));
    EXPECT_EQ("0123abc789", read_text(fd, 100, 0));
    EXPECT_EQ("c7", read_text(fd, 2, 6));
    EXPECT_EQ("", read_text(fd, 100, 10));
    EXPECT_EQ("", read_text(fd, 100)); // its own position is at the end
    call close_it(close, fd);
    EXPECT_EQ(0, finish(close_it));

    const int again = open_file(path, O_RDONLY);
    EXPECT_EQ("0123", read_text(again, 4));
    EXPECT_EQ("abc789", read_text(again, 100));
    EXPECT_EQ(-EBADF, write_text(again, "x"));
    close_now(again);
}

TEST_P(Backend, OpenSaysWhatIsWrongAndHonoursItsFlags)
{
    const std::string path = fresh_path();
    EXPECT_EQ(-ENOENT, open_file(path, O_RDONLY));
    const int fd = open_file(path, O_WRONLY | O_CREAT);
    write_text(fd, "old");
    close_now(fd);
    EXPECT_EQ(-EEXIST, open_file(path, O_WRONLY | O_CREAT | O_EXCL));
    const int appending = open_file(path, O_RDWR | O_APPEND);
    write_text(appending, "er");
    EXPECT_EQ("older", read_text(appending, 100, 0));
    close_now(appending);
    const int truncating = open_file(path, O_RDWR | O_TRUNC);
    EXPECT_EQ("", read_text(truncating, 100, 0));
    close_now(truncating);
}

TEST_P(Backend, WritesOfOneFileGoToTheirPlaces)
{
    const int fd = open_file(fresh_path(), O_RDWR | O_CREAT);
    std::deque<call> writes;
    std::string letters = "abcdefghijklmnopqrstuvwxyz";
    for (std::size_t i = 0; i < letters.size(); ++i)
        start(writes.emplace_back(write, fd, &letters[i], 1, static_cast<std::int64_t>(i)));
    for (call& each : writes)
        EXPECT_EQ(1, run(each));
    EXPECT_EQ(letters, read_text(fd, 100, 0));
    close_now(fd);
}

TEST_P(Backend, ABadDescriptorIsAnErrorForEveryKind)
{
    std::string byte = "x";
    sockaddr_in address{};
    address.sin_family = AF_INET;
    for (const int fd : {-1, 12345}) {
        for (const operation_kind kind : {poll, read, write, accept, send, receive, close, connect}) {
            call bad(kind, fd, byte);
            if (kind == poll)
                bad.flags = POLLIN;
            bad.address = kind == connect ? reinterpret_cast<sockaddr*>(&address) : nullptr;
            bad.address_length = sizeof address;
            EXPECT_EQ(-EBADF, finish(bad)) << static_cast<int>(kind);
        }
    }
}

TEST_P(Backend, ReadAndWriteServeSocketsToo)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call read_it(read, ours, text);
    start(read_it);
    turn();
    EXPECT_EQ(3, write_text(theirs, "abc"));
    EXPECT_EQ(3, finish(read_it));
    EXPECT_EQ(-ESPIPE, write_text(theirs, "abc", 7));
    close_all({ours, theirs});
}

TEST_P(Backend, PollReportsReadinessOfEachDirection)
{
    const auto [ours, theirs] = make_pair();
    call writable(poll, ours, POLLOUT);
    EXPECT_EQ(POLLOUT, finish(writable));
    call readable(poll, ours, POLLIN);
    start(readable);
    turn();
    EXPECT_FALSE(readable.done());
    send_text(theirs, "x");
    EXPECT_EQ(POLLIN, run(readable));
    call still_readable(poll, ours, POLLIN); // it is the state that counts, not the arrival
    EXPECT_EQ(POLLIN, finish(still_readable));
    EXPECT_EQ("x", receive_text(ours, 10));
    call hung_up(poll, ours, POLLIN | POLLRDHUP);
    start(hung_up);
    close_now(theirs);
    EXPECT_TRUE(run(hung_up) & POLLRDHUP);
    close_now(ours);
}

TEST_P(Backend, SeveralPollsAndAReceiveWaitBesideEachOther)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call first(poll, ours, POLLIN);
    call second(poll, ours, POLLIN);
    call writable(poll, ours, POLLOUT | POLLIN);
    start(first);
    start(second);
    turn();
    start(writable);
    EXPECT_EQ(POLLOUT, run(writable));
    send_text(theirs, "abc");
    EXPECT_EQ(POLLIN, run(first));
    EXPECT_EQ(POLLIN, run(second));
    call receive_it(receive, ours, text);
    EXPECT_EQ(3, finish(receive_it));

    call third(poll, ours, POLLIN);
    call receive_again(receive, ours, text);
    start(third);
    start(receive_again);
    turn();
    send_text(theirs, "abc");
    EXPECT_EQ(3, run(receive_again));
    backend_->cancel(third); // it may have missed its moment, as the data is gone
    run(third);
    EXPECT_TRUE(third.result == POLLIN || third.result == -ECANCELED);
    close_all({ours, theirs});
}

TEST_P(Backend, AReaderAndAWriterWaitAtOneDescriptor)
{
    const auto [ours, theirs] = make_pair();
    std::string block(1 << 20, 'x');
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    start(receive_it);
    std::size_t sent = 0;
    call send_it(send, ours, block);
    for (start(send_it), turn(); send_it.done(); start(send_it), turn()) {
        sent += static_cast<std::size_t>(send_it.result);
        send_it.completions = 0;
    }
    EXPECT_FALSE(receive_it.done());
    send_text(theirs, "abc");
    EXPECT_EQ(3, run(receive_it));
    EXPECT_FALSE(send_it.done());
    while (sent > 0)
        sent -= receive_text(theirs, 1 << 20).size();
    EXPECT_GT(run(send_it), 0);
    close_all({ours, theirs});
}

TEST_P(Backend, MorePollsThanAnyQueueHolds)
{
    const auto [ours, theirs] = make_pair();
    std::deque<call> polls;
    for (int i = 0; i < 10'000; ++i)
        start(polls.emplace_back(poll, ours, POLLIN));
    turn();
    send_text(theirs, "x");
    for (call& each : polls)
        ASSERT_EQ(POLLIN, run(each));
    EXPECT_EQ(0U, backend_->in_flight());
    close_all({ours, theirs});
}

TEST_P(Backend, ACancelBeforeTheKernelSawItEndsTheOperation)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    start(receive_it);
    backend_->cancel(receive_it);
    EXPECT_FALSE(receive_it.done()); // never from inside the call
    EXPECT_EQ(-ECANCELED, run(receive_it));
    close_all({ours, theirs});
}

TEST_P(Backend, ACancelWhileWaitingEndsTheOperationOnce)
{
    const auto [ours, theirs] = make_pair();
    const listener at = listen_tcp();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    call poll_it(poll, ours, POLLIN);
    call accept_it(accept, at.fd);
    for (call* each : {&receive_it, &poll_it, &accept_it})
        start(*each);
    turn();
    for (call* each : {&receive_it, &poll_it, &accept_it}) {
        backend_->cancel(*each);
        backend_->cancel(*each);
    }
    for (call* each : {&receive_it, &poll_it, &accept_it})
        EXPECT_EQ(-ECANCELED, run(*each));
    turn();
    for (call* each : {&receive_it, &poll_it, &accept_it})
        EXPECT_EQ(1, each->completions);
    EXPECT_EQ(0U, backend_->in_flight());
    close_all({ours, theirs, at.fd});
}

TEST_P(Backend, ACancelOfTheFirstLetsTheSecondGoOn)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call first(receive, ours, text);
    call second(receive, ours, text);
    start(first);
    start(second);
    turn();
    backend_->cancel(first);
    EXPECT_EQ(-ECANCELED, run(first));
    send_text(theirs, "abc");
    EXPECT_EQ(3, run(second));
    close_all({ours, theirs});
}

TEST_P(Backend, ACancelNeverLosesWhatWasReceived)
{
    const auto [ours, theirs] = make_pair();
    for (int i = 0; i < 300; ++i) {
        std::string text(1, '.');
        call receive_it(receive, ours, text);
        start(receive_it);
        if (i % 3 != 0)
            turn();
        std::string sent(1, static_cast<char>('a' + i % 26));
        call send_it(send, theirs, sent);
        start(send_it);
        if (i % 2 == 0)
            run(send_it);
        backend_->cancel(receive_it);
        run(receive_it);
        run(send_it);
        ASSERT_EQ(1, receive_it.completions);
        if (receive_it.result == -ECANCELED)
            ASSERT_EQ(sent, receive_text(ours, 1));
        else
            ASSERT_EQ(sent, text);
    }
    close_all({ours, theirs});
}

TEST_P(Backend, ACancelAfterTheEndChangesNothing)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    send_text(theirs, "abc");
    call receive_it(receive, ours, text);
    start(receive_it);
    backend_->wait(backend_->now() + 1s); // it has ended, and is not dispatched yet
    backend_->cancel(receive_it);
    EXPECT_EQ(3, run(receive_it));
    EXPECT_EQ(1, receive_it.completions);
    close_all({ours, theirs});
}

TEST_P(Backend, StartsAndCancelsFromInsideComplete)
{
    struct state {
        backend* where;
        call* victim;
        int rounds = 0;
    };
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call victim(receive, ours, text);
    start(victim);
    call again(poll, theirs, POLLOUT);
    state context{backend_.get(), &victim};
    again.context = &context;
    again.then = [](call& self) {
        auto& my = *static_cast<state*>(self.context);
        if (++my.rounds < 100)
            my.where->start(self);
        else
            my.where->cancel(*my.victim);
    };
    start(again);
    int turns = 0;
    while (!victim.done() && ++turns < 1000) {
        backend_->wait(time_point::min());
        backend_->dispatch();
    }
    EXPECT_EQ(100, context.rounds);
    EXPECT_EQ(100, again.completions);
    EXPECT_GE(turns, 100); // what is started in a turn ends in a later one
    EXPECT_EQ(-ECANCELED, victim.result);
    close_all({ours, theirs});
}

TEST_P(Backend, TheDestructorCompletesWhatIsInFlightOnce)
{
    const auto [ours, theirs] = make_pair();
    const pipe_ends ends = make_pipe();
    std::string text(8, '.');
    std::string more(8, '.');
    call receive_it(receive, ours, text);
    call read_it(read, ends.reading, more);
    call poll_it(poll, ours, POLLIN);
    call restarted(receive, ours, text);
    struct state {
        backend* where;
        call* other;
    } context{backend_.get(), &restarted};
    receive_it.context = &context;
    receive_it.then = [](call& self) { // clean-up that wants to go on is told that it is over
        auto& my = *static_cast<state*>(self.context);
        my.where->start(*my.other);
    };
    for (call* each : {&receive_it, &read_it, &poll_it})
        start(*each);
    turn();
    call never_submitted(receive, ours, text);
    start(never_submitted);
    backend_.reset();
    for (call* each : {&receive_it, &read_it, &poll_it, &restarted, &never_submitted}) {
        EXPECT_EQ(1, each->completions);
        EXPECT_EQ(-ECANCELED, each->result);
    }
    if (!is_sim()) {
        EXPECT_EQ(1, ::send(theirs, "x", 1, 0));
        EXPECT_EQ(std::string(8, '.'), text); // the kernel has let go
        for (const int fd : {ours, theirs, ends.reading, ends.writing})
            ::close(fd);
    }
}

TEST_P(Backend, WaitsUntilTheDeadlineAndNotLess)
{
    for (const auto length : {1ms, 5ms, 20ms, 0ms}) {
        const time_point deadline = backend_->now() + length;
        EXPECT_TRUE(backend_->wait(deadline));
        EXPECT_GE(backend_->now(), deadline);
    }
    EXPECT_TRUE(backend_->wait(backend_->now() - 1s)); // long past
}

TEST_P(Backend, ALookDoesNotWait)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    start(receive_it);
    const time_point before = backend_->now();
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(backend_->wait(time_point::min()));
    EXPECT_LT(backend_->now() - before, 1s);
    send_text(theirs, "abc");
    for (int i = 0; i < 1000 && !receive_it.done(); ++i) {
        backend_->wait(time_point::min());
        backend_->dispatch();
    }
    EXPECT_EQ(3, receive_it.result);
    close_all({ours, theirs});
}

TEST_P(Backend, AWakeBeforeTheWaitEndsItAtOnce)
{
    backend_->wake();
    backend_->wake();
    const time_point before = backend_->now();
    EXPECT_TRUE(backend_->wait(before + 1h));
    EXPECT_LT(backend_->now(), before + 10s);
    EXPECT_TRUE(backend_->wait(backend_->now() + 2ms)); // and only it
    EXPECT_GE(backend_->now(), before + 2ms);
}

TEST_P(Backend, AWakeFromAnotherThreadEndsTheWait)
{
    const auto before = clock::now();
    for (int i = 0; i < 20; ++i) {
        backend_->expect_outside(+1);
        std::thread waker([&] {
            std::this_thread::sleep_for(1ms); // most of the time the wait has begun
            backend_->wake();
        });
        EXPECT_TRUE(backend_->wait(never));
        waker.join();
        backend_->expect_outside(-1);
        backend_->wait(time_point::min());
    }
    EXPECT_LT(clock::now() - before, 5s);
}

TEST_P(Backend, AStormOfWakesLosesNone)
{
    constexpr int storm = 100'000;
    std::atomic<int> posted = 0;
    backend_->expect_outside(+1);
    std::thread waker([&] {
        for (int i = 0; i < storm; ++i) {
            posted.fetch_add(1, std::memory_order_relaxed); // wake and wait order it
            backend_->wake();
        }
    });
    while (posted.load(std::memory_order_relaxed) < storm) {
        EXPECT_TRUE(backend_->wait(never)); // a lost wake hangs here
        backend_->dispatch();
    }
    waker.join();
    backend_->expect_outside(-1);
}

TEST_P(Backend, RunsInOneThreadAfterTheOther)
{
    const auto [ours, theirs] = make_pair();
    for (int i = 0; i < 3; ++i) {
        std::thread([&, a = ours, b = theirs] {
            backend_->enter_thread();
            EXPECT_EQ(1, send_text(b, "x"));
            EXPECT_EQ("x", receive_text(a, 1));
        }).join();
    }
    backend_->enter_thread();
    EXPECT_EQ(1, send_text(theirs, "x"));
    EXPECT_EQ("x", receive_text(ours, 1));
    close_all({ours, theirs});
}

TEST_P(Backend, OperationsStartedBeforeTheFirstRunAreDoneInIt)
{
    auto other = make_backend(GetParam());
    int fds[2];
    ASSERT_EQ(0, other->socket_pair(AF_UNIX, SOCK_STREAM, 0, fds));
    std::string text(8, '.');
    std::string sent = "abc";
    call receive_it(receive, fds[0], text);
    call send_it(send, fds[1], sent);
    other->start(receive_it);
    other->start(send_it);
    std::thread([&] {
        other->enter_thread();
        while (!receive_it.done() || !send_it.done()) {
            other->wait(other->now() + 1s);
            other->dispatch();
        }
        other->close_now(fds[0]);
        other->close_now(fds[1]);
    }).join();
    EXPECT_EQ(3, receive_it.result);
}

TEST_P(Backend, EchoesManyMessages)
{
    const auto [ours, theirs] = make_pair();
    for (int i = 0; i < 2000; ++i) {
        std::string text(4, '.');
        call request(receive, theirs, text);
        start(request);
        ASSERT_EQ(4, send_text(ours, "ping"));
        ASSERT_EQ(4, run(request));
        ASSERT_EQ(4, send_text(theirs, "pong"));
        ASSERT_EQ("pong", receive_text(ours, 8));
    }
    close_all({ours, theirs});
}

TEST_P(Backend, ACloseGivesTheNumberBack)
{
    const auto [ours, theirs] = make_pair();
    call close_it(close, ours);
    EXPECT_EQ(0, finish(close_it));
    EXPECT_EQ("", receive_text(theirs, 1));
    std::string text(1, '.');
    call receive_it(receive, ours, text);
    EXPECT_EQ(-EBADF, finish(receive_it));
    close_now(theirs);
}

} // namespace
} // namespace simul::detail
