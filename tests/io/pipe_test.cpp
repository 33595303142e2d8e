// SPDX-License-Identifier: MIT
#include <simul/io/pipe.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using simul::stream;
using simul::task;

// What all backends do alike: in virtual time, and on the real system's.
#define PIPE_TEST(name)                                                                                                \
    task<> name();                                                                                                     \
    SIMUL_TEST(Pipe, name)                                                                                             \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    SIMUL_TEST_REAL(PipeReal, name)                                                                                    \
    {                                                                                                                  \
        co_await name();                                                                                               \
    }                                                                                                                  \
    task<> name()

PIPE_TEST(CarriesBytesInOrderToTheEnd)
{
    auto [reader, writer] = simul::make_pipe();
    co_await writer.write("hello\n");
    co_await writer.write("world");
    co_await writer.close();
    EXPECT_EQ(co_await reader.read_line(), "hello");
    EXPECT_EQ(co_await reader.read_all(), "world");
    EXPECT_EQ(co_await reader.read_some(), "");
    EXPECT_EQ(reader.peer().text(), "nowhere");
}

PIPE_TEST(MakesAWriterWaitForASlowReader)
{
    auto [reader, writer] = simul::make_pipe();
    const std::string much(1 << 20, 'x');
    auto writing = simul::spawn(
        [](stream& to, const std::string& all) -> task<> {
            co_await to.write_all(all);
            co_await to.close();
        },
        std::ref(writer), std::cref(much));
    co_await simul::sleep(10ms);
    EXPECT_FALSE(writing.done());
    EXPECT_EQ(co_await reader.read_all(), much);
    co_await writing;
}

PIPE_TEST(TellsAWriterThatItsReaderIsGone)
{
    auto [reader, writer] = simul::make_pipe();
    reader.abort();
    std::string problem;
    try {
        co_await writer.write("x");
        co_await writer.flush();
    } catch (const simul::error& failed) {
        problem = failed.what();
        EXPECT_EQ(failed.code(), std::errc::broken_pipe);
    }
    EXPECT_EQ(problem, "write to a pipe: Broken pipe");
}

std::string why_not(int fd)
{
    try {
        simul::stream_from(fd);
    } catch (const simul::error& refused) {
        const bool still_open = ::fcntl(fd, F_GETFD) >= 0;
        ::close(fd);
        const std::string text = refused.what();
        const std::string head = "stream_from: descriptor " + std::to_string(fd);
        return still_open && text.starts_with(head + " ") ? text.substr(head.size() + 1) : text;
    }
    return "taken";
}

SIMUL_TEST_REAL(StreamFrom, TakesOneEndOfAPipe)
{
    int fds[2];
    CO_ASSERT_EQ(::pipe(fds), 0);
    stream reader = simul::stream_from(fds[0]);
    stream writer = simul::stream_from(fds[1]);
    EXPECT_EQ(::fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    auto line = simul::spawn(reader.read_line());
    co_await simul::yield();
    co_await writer.write("hello\n");
    EXPECT_EQ(co_await line, "hello");
    EXPECT_EQ(::fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
}

SIMUL_TEST_REAL(StreamFrom, TakesASocket)
{
    int fds[2];
    CO_ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    stream here = simul::stream_from(fds[0]);
    stream there = simul::stream_from(fds[1]);
    co_await here.write("ping");
    EXPECT_EQ(co_await there.read_exactly(4), "ping");
    co_await there.write("pong");
    co_await there.shutdown();
    EXPECT_EQ(co_await here.read_all(), "pong");
}

SIMUL_TEST_REAL(StreamFrom, TakesATerminal)
{
    const int keyboard = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CO_ASSERT_EQ(::grantpt(keyboard), 0);
    CO_ASSERT_EQ(::unlockpt(keyboard), 0);
    stream terminal = simul::stream_from(::open(::ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC));
    stream typist = simul::stream_from(keyboard);
    auto line = simul::spawn(terminal.read_line());
    co_await simul::sleep(5ms);
    EXPECT_FALSE(line.done());
    co_await typist.write("ls\n");
    EXPECT_EQ(co_await line, "ls");
    co_await terminal.write("file\n");
    EXPECT_EQ(co_await typist.read_until("file\r\n"), "ls\r\nfile\r\n"); // with the echo
    line = simul::spawn(terminal.read_line());
    co_await simul::sleep(5ms);
    line.cancel(); // a wait at a terminal can be given up
    for (int tries = 0; !line.done() && tries < 5000; ++tries)
        co_await simul::sleep(1ms);
    EXPECT_TRUE(line.cancelled());
}

SIMUL_TEST_REAL(StreamFrom, SaysWhatIsNoStream)
{
    EXPECT_EQ(why_not(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), "is a file: open it with simul::fs::open");
    EXPECT_EQ(why_not(::open("/", O_RDONLY | O_CLOEXEC)), "is neither a socket nor a pipe nor a terminal");
    EXPECT_EQ(why_not(::eventfd(0, EFD_CLOEXEC)), "is neither a socket nor a pipe nor a terminal");
    EXPECT_EQ(why_not(::socket(AF_INET, SOCK_DGRAM, 0)), "is a socket of datagrams, not of a stream");
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    ::listen(listener, 1);
    EXPECT_EQ(why_not(listener), "is a socket that listens, and has no peer to talk with");
    EXPECT_EQ(why_not(-1), "stream_from: descriptor -1: Bad file descriptor");
    co_return;
}

SIMUL_TEST(StreamFrom, IsNotForVirtualTime)
{
    EXPECT_TRUE(
        why_not(::dup(0)).ends_with(": the system's descriptors can't be used in virtual time; make_pipe works there"));
    co_return;
}

} // namespace
