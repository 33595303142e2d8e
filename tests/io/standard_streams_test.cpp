// SPDX-License-Identifier: MIT
#include "replaced_fd.hpp"

#include <simul/io/standard_streams.hpp>
#include <simul/run/run.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using simul::task;

int make_pipe_into(int fd)
{
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    ::dup2(fds[fd == 0 ? 0 : 1], fd);
    ::close(fds[fd == 0 ? 0 : 1]);
    return fds[fd == 0 ? 1 : 0];
}

std::string all_of_stdin()
{
    std::string all;
    simul::run([](std::string& into) -> task<> { into = co_await simul::stdin_().read_all(); }(all));
    return all;
}

TEST(StandardStreams, ReadAFile)
{
    const replaced_fd input(0, file_of("one\ntwo\n"));
    EXPECT_EQ(all_of_stdin(), "one\ntwo\n");
    EXPECT_EQ(::lseek(0, 0, SEEK_CUR), 8); // still open
    EXPECT_EQ(::fcntl(0, F_GETFL) & O_NONBLOCK, 0);
}

TEST(StandardStreams, ReadNothingFromDevNull)
{
    const replaced_fd input(0, ::open("/dev/null", O_RDWR));
    EXPECT_EQ(all_of_stdin(), "");
}

TEST(StandardStreams, ReadAPipeWithoutChangingIt)
{
    const replaced_fd restored(0, ::dup(0));
    const int writer = make_pipe_into(0);
    simul::run([](int to) -> task<> {
        auto line = simul::spawn([]() -> task<std::string> { co_return *co_await simul::stdin_().read_line(); }());
        co_await simul::sleep(2ms);
        EXPECT_FALSE(line.done());
        EXPECT_EQ(::write(to, "one\ntwo\n", 8), 8);
        EXPECT_EQ(co_await line, "one");
        EXPECT_EQ(co_await simul::stdin_().read_line(), "two"); // what was read ahead is there
        EXPECT_EQ(::fcntl(0, F_GETFL) & O_NONBLOCK, 0);
    }(writer));
    EXPECT_EQ(::write(writer, "three", 5), 5);
    ::close(writer);
    EXPECT_EQ(all_of_stdin(), "three"); // of the next loop
}

TEST(StandardStreams, LoseNothingOfACancelledRead)
{
    const replaced_fd restored(0, ::dup(0));
    const int writer = make_pipe_into(0);
    simul::run([](int to) -> task<> {
        auto line = simul::spawn([]() -> task<std::string> { co_return *co_await simul::stdin_().read_line(); }());
        co_await simul::sleep(1ms);
        line.cancel();
        co_await simul::sleep(1ms);
        EXPECT_EQ(::write(to, "line\n", 5), 5);
        EXPECT_EQ(co_await simul::stdin_().read_line(), "line");
    }(writer));
    ::close(writer);
}

task<> say(std::string text)
{
    co_await simul::stdout_().write(text);
}

TEST(StandardStreams, SendWhatWasWrittenLast)
{
    const int file = file_of("");
    {
        const replaced_fd output(1, ::dup(file));
        simul::run(say("hello "));
        simul::run(say("world\n"));
    }
    EXPECT_EQ(content_of(file), "hello world\n");
    ::close(file);
}

TEST(StandardStreams, SendWhatWasWrittenLastByALoopThatIsClosed)
{
    const int file = file_of("");
    {
        const replaced_fd output(1, ::dup(file));
        simul::loop loop;
        loop.run_until_complete(say("hello"));
        loop.close();
    }
    EXPECT_EQ(content_of(file), "hello");
    ::close(file);
}

TEST(StandardStreams, WaitInTheEndForASlowReader)
{
    const std::string much(1 << 20, 'x');
    std::string got;
    std::thread reader;
    {
        const replaced_fd restored(1, ::dup(1));
        const int from = make_pipe_into(1);
        reader = std::thread([from, &got] {
            std::this_thread::sleep_for(10ms);
            std::string piece(1 << 16, '\0');
            for (ssize_t size = 0; (size = ::read(from, piece.data(), piece.size())) > 0;)
                got.append(piece, 0, static_cast<std::size_t>(size));
            ::close(from);
        });
        simul::run([](const std::string& all) -> task<> {
            auto writing = simul::spawn(say(all));
            co_await simul::yield();
            writing.cancel(); // it has been handed over
        }(much));
    }
    reader.join();
    EXPECT_EQ(got, much);
}

TEST(StandardStreams, DontWaitForAReaderThatIsGone)
{
    const replaced_fd restored(1, ::dup(1));
    ::close(make_pipe_into(1));
    simul::run(say("nobody reads this"));
}

TEST(StandardStreams, CloseNothingOfTheProcess)
{
    simul::run([]() -> task<> {
        co_await simul::stderr_().close();
        EXPECT_GE(::fcntl(2, F_GETFD), 0);
        EXPECT_FALSE(simul::stderr_());
    }());
    EXPECT_GE(::fcntl(2, F_GETFD), 0);
}

TEST(StandardStreams, SayWhichIsClosed)
{
    std::string problem;
    simul::run([](std::string& into) -> task<> {
        const replaced_fd restored(0, ::dup(0));
        ::close(0);
        try {
            simul::stdin_();
        } catch (const simul::error& closed) {
            into = closed.what();
        }
        co_return;
    }(problem));
    EXPECT_EQ(problem, "stdin: Bad file descriptor");
}

SIMUL_TEST(StandardStreams, AreNotForVirtualTime)
{
    EXPECT_THROW(simul::stdout_(), simul::error);
    co_return;
}

} // namespace
