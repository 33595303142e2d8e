// SPDX-License-Identifier: MIT
//
// What the backends on a real kernel promise beyond the common suite: threads, forks, limits, other people's descriptors.
#include "backend_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>

namespace simul::detail {
namespace {

using namespace std::chrono_literals;
using enum operation_kind;

class SystemBackend : public backend_test {};

INSTANTIATE_TEST_SUITE_P(All, SystemBackend, testing::ValuesIn(available_backends(false)), name_of_parameter);

std::size_t count_descriptors()
{
    std::size_t count = 0;
    DIR* all = ::opendir("/proc/self/fd");
    while (::readdir(all))
        ++count;
    ::closedir(all);
    return count;
}

/// The exit status of a child that runs `body` and leaves.
template <class Body> int in_child(Body body)
{
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// From now on `number` is answered with `action`, in this process.
bool filter_system_call(unsigned number, unsigned action)
{
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = 4, .filter = code};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class environment {
public:
    explicit environment(const char* value) { ::setenv("SIMUL_BACKEND", value, 1); }
    ~environment()
    {
        if (before_.empty())
            ::unsetenv("SIMUL_BACKEND");
        else
            ::setenv("SIMUL_BACKEND", before_.c_str(), 1);
    }

private:
    std::string before_ = std::getenv("SIMUL_BACKEND") ? std::getenv("SIMUL_BACKEND") : "";
};

TEST(MakeBackend, FallsBackToEpollWhereTheKernelForbidsIoUring)
{
    const environment unset("");
    for (const int refusal : {EPERM, ENOSYS}) {
        EXPECT_EQ(0, in_child([&] {
                      if (!filter_system_call(SYS_io_uring_setup, SECCOMP_RET_ERRNO | static_cast<unsigned>(refusal)))
                          return 1;
                      if (make_backend(backend_kind::automatic)->name() != "epoll")
                          return 2;
                      try {
                          make_backend(backend_kind::uring);
                          return 3;
                      } catch (const error& e) {
                          return e.code().value() == refusal ? 0 : 4;
                      }
                  }));
    }
}

TEST(MakeBackend, TakesItsChoiceFromTheEnvironment)
{
    for (const std::string_view name : {"epoll", "sim"}) {
        const environment set(name.data());
        EXPECT_EQ(name, make_backend(backend_kind::automatic)->name());
    }
    const environment set("kqueue");
    try {
        make_backend(backend_kind::automatic);
        FAIL();
    } catch (const error& e) {
        EXPECT_STREQ("SIMUL_BACKEND=kqueue names no backend: use uring, epoll, sim or auto", e.what());
    }
}

TEST_P(SystemBackend, ManyBackendsLeakNoDescriptor)
{
    backend_->wait(time_point::min());
    const std::size_t before = count_descriptors();
    for (int i = 0; i < 50; ++i) {
        auto other = make_backend(GetParam());
        if (i % 2)
            other->enter_thread();
        if (i % 3 == 0 && i % 2)
            other->wait(other->now() + 10us);
    }
    for (int i = 0; i < 1000; ++i) {
        const auto [ours, theirs] = make_pair();
        EXPECT_EQ(1, send_text(theirs, "x"));
        EXPECT_EQ("x", receive_text(ours, 1));
        close_all({ours, theirs});
    }
    EXPECT_EQ(before, count_descriptors());
}

TEST_P(SystemBackend, TooManyOpenFilesIsAnErrorAndLeaksNothing)
{
    static_cast<void>(
        error::from_errno(EMFILE, "")); // UBSan looks at a type's first object with descriptors of its own
    const std::size_t before = count_descriptors();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const int free = ::dup(0);
    ::close(free);
    const rlim_t needed = GetParam() == backend_kind::uring ? 4 : 2; // for waking, and for epoll or ring and canary
    for (rlim_t allowed = 0; allowed < needed; ++allowed) {
        const rlimit tight{.rlim_cur = static_cast<rlim_t>(free) + allowed, .rlim_max = limit.rlim_max};
        std::exception_ptr failure;
        ::setrlimit(RLIMIT_NOFILE, &tight);
        try {
            make_backend(GetParam());
        } catch (...) {
            failure = std::current_exception();
        }
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ASSERT_TRUE(failure) << allowed;
        try {
            std::rethrow_exception(failure);
        } catch (const error& e) {
            EXPECT_EQ(EMFILE, e.code().value());
        }
    }
    EXPECT_EQ(before, count_descriptors());
}

TEST_P(SystemBackend, ItsDescriptorsAreCloseOnExec)
{
    const auto flagged = [](int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; };
    const std::string path = fresh_path();
    const int file = open_file(path, O_RDWR | O_CREAT);
    const listener at = listen_tcp();
    const int client = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    call accept_it(accept, at.fd);
    finish(connect_it);
    const int server = finish(accept_it);
    const auto [ours, theirs] = make_pair();
    const pipe_ends ends = make_pipe();
    for (const int fd : {file, at.fd, client, server, ours, theirs, ends.reading, ends.writing})
        EXPECT_TRUE(flagged(fd));
    close_all({file, at.fd, client, server, ours, theirs, ends.reading, ends.writing});
    for (int fd = 3; fd < 100; ++fd) { // and the backend's own
        char target[64] = {};
        const std::string link = "/proc/self/fd/" + std::to_string(fd);
        if (::readlink(link.c_str(), target, sizeof target - 1) > 0 &&
            std::string_view(target).starts_with("anon_inode:"))
            EXPECT_TRUE(flagged(fd)) << target;
    }
}

std::atomic<backend*> woken_by_signal = nullptr;

TEST_P(SystemBackend, AWakeFromASignalHandlerEndsTheWait)
{
    woken_by_signal = backend_.get();
    struct sigaction action{};
    action.sa_handler = [](int) { woken_by_signal.load()->wake(); };
    struct sigaction before{};
    ::sigaction(SIGALRM, &action, &before);
    const itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 5000}};
    ::setitimer(ITIMER_REAL, &soon, nullptr);
    EXPECT_TRUE(backend_->wait(backend_->now() + 10s));
    ::sigaction(SIGALRM, &before, nullptr);
}

TEST_P(SystemBackend, ASignalDoesNotEndAWait)
{
    struct sigaction action{};
    action.sa_handler = [](int) {};
    struct sigaction before{};
    ::sigaction(SIGALRM, &action, &before);
    const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 2000}, .it_value = {.tv_sec = 0, .tv_usec = 2000}};
    const itimerval off{};
    const time_point deadline = backend_->now() + 30ms;
    ::setitimer(ITIMER_REAL, &often, nullptr);
    backend_->wait(deadline);
    EXPECT_GE(backend_->now(), deadline);
    ::setitimer(ITIMER_REAL, &off, nullptr);
    ::sigaction(SIGALRM, &before, nullptr);
}

TEST_P(SystemBackend, AForkedChildDropsItWithoutTouchingTheParentsOperations)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    call receive_it(receive, ours, text);
    call queued_only(receive, ours, text);
    start(receive_it);
    turn();
    start(queued_only);
    const std::string path = fresh_path();
    close_now(open_file(path, O_RDWR | O_CREAT)); // epoll's helper thread exists
    EXPECT_EQ(0, in_child([&, a = ours] {
                  const std::size_t with = count_descriptors();
                  backend_->after_fork_in_child();
                  if (count_descriptors() >= with)
                      return 1;
                  if (backend_->in_flight() != 0)
                      return 2;
                  call in_vain(receive, a, text);
                  backend_->start(in_vain);
                  backend_->cancel(receive_it);
                  backend_->wake();
                  backend_->wait(never);
                  backend_->dispatch();
                  if (in_vain.result != -ECANCELED || in_vain.completions != 1)
                      return 3;
                  backend_.reset();
                  return receive_it.done() || queued_only.done() ? 4 : 0;
              }));
    turn();
    EXPECT_FALSE(receive_it.done());
    send_text(theirs, "abc");
    send_text(theirs, "abc");
    EXPECT_GT(run(receive_it), 0);
    backend_->cancel(queued_only);
    run(queued_only);
    close_all({ours, theirs});
}

TEST_P(SystemBackend, ADestructorInAnotherThreadCompletesWhatTheFirstLeft)
{
    for (const bool first_lives_on : {false, true}) {
        const auto [ours, theirs] = make_pair();
        std::string text(100, '.');
        std::deque<call> receives;
        auto other = make_backend(GetParam());
        std::atomic<bool> left = false;
        std::atomic<bool> destroyed = false;
        std::thread first([&, a = ours] {
            other->enter_thread();
            for (char& each : text)
                other->start(receives.emplace_back(receive, a, &each, 1));
            other->wait(time_point::min());
            other->dispatch();
            left = true;
            while (first_lives_on && !destroyed)
                std::this_thread::yield();
        });
        if (!first_lives_on)
            first.join();
        while (!left)
            std::this_thread::yield();
        other.reset();
        destroyed = true;
        for (const call& each : receives) {
            EXPECT_EQ(1, each.completions);
            EXPECT_EQ(-ECANCELED, each.result);
        }
        EXPECT_EQ(3, send_text(theirs, "abc"));
        EXPECT_EQ(std::string(100, '.'), text);
        if (first_lives_on)
            first.join();
        close_all({ours, theirs});
    }
}

TEST_P(SystemBackend, OperationsThatWaitForReadinessMoveToTheNextThread)
{
    const auto [ours, theirs] = make_pair();
    const listener at = listen_tcp();
    const pipe_ends ends = make_pipe();
    std::string received(8, '.');
    std::string read_text(8, '.');
    call receive_it(receive, ours, received);
    call accept_it(accept, at.fd);
    call read_it(read, ends.reading, read_text);
    call poll_it(poll, theirs, POLLIN);
    call cancelled(poll, theirs, POLLIN);
    std::thread([&] {
        backend_->enter_thread();
        for (call* each : {&receive_it, &accept_it, &read_it, &poll_it, &cancelled})
            start(*each);
        turn();
        backend_->cancel(cancelled);
    }).join();
    backend_->enter_thread();
    EXPECT_EQ(-ECANCELED, run(cancelled));
    EXPECT_EQ(1, send_text(theirs, "x"));
    EXPECT_EQ(1, write_text(ends.writing, "y"));
    EXPECT_EQ(1, send_text(ours, "z"));
    const int client = backend_->make_socket(AF_INET, SOCK_STREAM, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(0, finish(connect_it));
    EXPECT_EQ(1, run(receive_it));
    EXPECT_EQ(1, run(read_it));
    EXPECT_EQ(POLLIN, run(poll_it));
    const int server = run(accept_it);
    EXPECT_GE(server, 0);
    close_all({ours, theirs, at.fd, ends.reading, ends.writing, client, server});
}

TEST_P(SystemBackend, AReadOfANonBlockingPipeWaits)
{
    int fds[2];
    ASSERT_EQ(0, ::pipe2(fds, O_NONBLOCK | O_CLOEXEC));
    std::string text(8, '.');
    call read_it(read, fds[0], text);
    start(read_it);
    turn();
    EXPECT_FALSE(read_it.done());
    EXPECT_EQ(3, write_text(fds[1], "abc"));
    EXPECT_EQ(3, run(read_it));
    close_all({fds[0], fds[1]});
}

TEST_P(SystemBackend, BlockingSocketsOfOthersAreServedAndLeftAsTheyAre)
{
    const listener model = listen_tcp(); // for its address only
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(0, ::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address));
    ASSERT_EQ(0, ::listen(listening, 4));
    listener at = model;
    ASSERT_EQ(0, ::getsockname(listening, reinterpret_cast<sockaddr*>(&at.address), &at.size));

    call accept_it(accept, listening);
    start(accept_it);
    turn();
    EXPECT_FALSE(accept_it.done());
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    call connect_it(connect, client, at);
    EXPECT_EQ(0, finish(connect_it));
    const int server = run(accept_it);
    ASSERT_GE(server, 0);
    std::string text(8, '.');
    call receive_it(receive, client, text);
    start(receive_it);
    turn();
    EXPECT_FALSE(receive_it.done());
    EXPECT_EQ(3, send_text(server, "abc"));
    EXPECT_EQ(3, run(receive_it));
    for (const int fd : {listening, client})
        EXPECT_EQ(0, ::fcntl(fd, F_GETFL) & O_NONBLOCK);
    close_all({listening, client, server, model.fd});
}

TEST_P(SystemBackend, AConnectToAFullBacklogOfABlockingSocketCanBeCancelled)
{
    const listener at = listen_unix(fresh_path(), 1);
    std::deque<call> connects;
    std::vector<int> sockets{at.fd};
    for (int i = 0; i < 4; ++i) {
        sockets.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        start(connects.emplace_back(connect, sockets.back(), at));
    }
    const auto ended = [&] { return std::ranges::count_if(connects, [](const call& each) { return each.done(); }); };
    while (ended() < 2) { // the backlog holds one more than asked for
        turn();
        std::this_thread::sleep_for(1ms);
    }
    std::this_thread::sleep_for(5ms);
    for (call& each : connects)
        if (!each.done())
            backend_->cancel(each);
    for (int i = 0; i < 2; ++i) { // whoever can't be interrupted gets room
        call accept_it(accept, at.fd);
        sockets.push_back(finish(accept_it));
    }
    for (call& each : connects) {
        run(each);
        EXPECT_TRUE(each.result == 0 || each.result == -ECANCELED) << each.result;
    }
    close_all(sockets);
}

TEST_P(SystemBackend, PollOfAFileIsReadyAtOnce)
{
    const int fd = open_file(fresh_path(), O_RDWR | O_CREAT);
    call poll_it(poll, fd, POLLIN | POLLOUT);
    EXPECT_EQ(POLLIN | POLLOUT, finish(poll_it));
    close_now(fd);
}

TEST_P(SystemBackend, SurvivesADescriptorClosedBehindItsBack)
{
    for (const bool duplicated : {false, true}) {
        int before[2];
        ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, before));
        std::string old_text(8, '.');
        std::string new_text(8, '.');
        call old(receive, before[0], old_text);
        start(old);
        backend_->wait(backend_->now() + 1ms); // it is known to the kernel
        const int duplicate = duplicated ? ::dup(before[0]) : -1;
        ::close(before[0]);
        int now[2];
        ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, now));
        ASSERT_EQ(before[0], now[0]) << "the kernel gives out the lowest number";

        call fresh(receive, now[0], new_text);
        start(fresh);
        backend_->wait(backend_->now() + 1ms);
        backend_->dispatch();
        EXPECT_EQ(1, ::send(now[1], "n", 1, 0));
        EXPECT_EQ(1, run(fresh));
        EXPECT_EQ('n', new_text[0]);

        if (duplicated) { // events of the file that lives on must not make us spin
            ::send(before[1], "oo", 2, 0);
            timespec start_of_use{};
            timespec end_of_use{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start_of_use);
            for (int i = 0; i < 5; ++i) {
                backend_->wait(backend_->now() + 20ms);
                backend_->dispatch();
            }
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end_of_use);
            EXPECT_LT((end_of_use.tv_sec - start_of_use.tv_sec) * 1000 +
                          (end_of_use.tv_nsec - start_of_use.tv_nsec) / 1000000,
                      40);
        }
        backend_->cancel(old);
        run(old); // the bad descriptor is seen (epoll), or the operation held the old file (uring)
        EXPECT_NE('n', old_text[0]);
        close_all({now[0], now[1], before[1]});
        if (duplicate >= 0)
            ::close(duplicate);
    }
}

TEST_P(SystemBackend, ADescriptorClosedAndReopenedWhileNobodyWaitedIsServed)
{
    int fds[2];
    ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    std::string text(8, '.');
    for (int round = 0; round < 3; ++round) {
        call receive_it(receive, fds[0], text);
        start(receive_it);
        turn();
        ::send(fds[1], "abc", 3, 0);
        EXPECT_EQ(3, run(receive_it));
        const int number = fds[0];
        ::close(fds[0]);
        ::close(fds[1]);
        ASSERT_EQ(0, ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
        ASSERT_EQ(number, fds[0]);
    }
    close_all({fds[0], fds[1]});
}

TEST_P(SystemBackend, DuplicatesOfOneSocketWaitBesideEachOther)
{
    const auto [ours, theirs] = make_pair();
    const int duplicate = ::dup(ours);
    call one(poll, ours, POLLIN);
    call two(poll, duplicate, POLLIN);
    start(one);
    start(two);
    turn();
    send_text(theirs, "x");
    EXPECT_EQ(POLLIN, run(one));
    EXPECT_EQ(POLLIN, run(two));
    close_now(ours);
    EXPECT_EQ("x", receive_text(duplicate, 8));
    send_text(theirs, "y");
    EXPECT_EQ("y", receive_text(duplicate, 8));
    close_all({duplicate, theirs});
}

TEST_P(SystemBackend, SlowFilesDoNotHoldUpSockets)
{
    const auto [ours, theirs] = make_pair();
    const std::string path = fresh_path();
    ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600));
    call open_it(open, -1, O_RDONLY); // waits for a writer, but not on io_uring, which tries with O_NONBLOCK
    open_it.path = path.c_str();
    start(open_it);
    turn();
    EXPECT_EQ(1, send_text(theirs, "x"));
    EXPECT_EQ("x", receive_text(ours, 1));
    const int writer = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    const int reader = run(open_it);
    EXPECT_GE(reader, 0);
    close_all({ours, theirs, writer, reader});
}

class Uring : public backend_test {};

INSTANTIATE_TEST_SUITE_P(If, Uring,
                         testing::ValuesIn(uring_is_allowed() ? std::vector{backend_kind::uring}
                                                              : std::vector<backend_kind>{}),
                         name_of_parameter);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Uring);

TEST_P(Uring, RefusesAnotherThreadWhileAnOperationCannotMove)
{
    const listener at = listen_unix(fresh_path(), 1);
    std::deque<call> connects;
    std::vector<int> sockets{at.fd};
    for (int i = 0; i < 3; ++i) { // one more than the backlog takes
        sockets.push_back(backend_->make_socket(AF_UNIX, SOCK_STREAM, 0));
        start(connects.emplace_back(connect, sockets.back(), at));
    }
    turn();
    std::thread([&] { EXPECT_THROW(backend_->enter_thread(), invalid_state); }).join();
    call accept_it(accept, at.fd); // and goes on where it was
    sockets.push_back(finish(accept_it));
    for (call& each : connects)
        EXPECT_EQ(0, run(each));
    close_all(sockets);
}

TEST_P(Uring, AnIdleLookMakesNoSystemCall)
{
    const auto [ours, theirs] = make_pair();
    std::string text(8, '.');
    EXPECT_EQ(0, in_child([&, a = ours] {
                  call receive_it(receive, a, text);
                  auto other = make_backend(backend_kind::uring);
                  other->enter_thread();
                  other->start(receive_it);
                  other->wait(time_point::min()); // shows it to the kernel
                  other->dispatch();
                  if (!filter_system_call(SYS_io_uring_enter, SECCOMP_RET_KILL_PROCESS))
                      return 1;
                  for (int i = 0; i < 1000; ++i) {
                      other->wake();
                      other->wait(time_point::min());
                      other->dispatch();
                  }
                  ::_exit(0); // the destructor would make system calls
                  return 0;
              }));
    close_all({ours, theirs});
}

TEST_P(Uring, AThousandStartsAreAFewSystemCalls)
{
    const auto [ours, theirs] = make_pair();
    std::deque<call> polls;
    for (int i = 0; i < 200; ++i)
        start(polls.emplace_back(poll, ours, POLLOUT));
    backend_->wait(time_point::min()); // one, with all of them
    backend_->dispatch();
    for (const call& each : polls)
        EXPECT_TRUE(each.done());
    close_all({ours, theirs});
}

} // namespace
} // namespace simul::detail
