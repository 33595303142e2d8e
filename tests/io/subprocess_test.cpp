// SPDX-License-Identifier: MIT
#include "replaced_fd.hpp"

#include <simul/io/subprocess.hpp>
#include <simul/run/loop.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/task/spawn.hpp>
#include <simul/task/this_task.hpp>
#include <simul/task/timeout.hpp>
#include <simul/testing/gtest.hpp>
#include <simul/testing/problems.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::exit_status;
using simul::output_of;
using simul::process_group;
using simul::redirect;
using simul::run_process;
using simul::shell;
using simul::subprocess;
using simul::subprocess_options;
using simul::task;

/// A zombie exists.
bool exists(int pid)
{
    return ::kill(pid, 0) == 0;
}

task<bool> goes(int pid)
{
    for (int tries = 0; exists(pid); ++tries) {
        if (tries == 5000)
            co_return false;
        co_await simul::sleep(1ms);
    }
    co_return true;
}

/// Init may take its time to reap what isn't our child.
bool runs(int pid)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    char state = 'X';
    status >> number >> name >> state;
    return state != 'X' && state != 'Z';
}

task<bool> stops(int pid)
{
    for (int tries = 0; runs(pid); ++tries) {
        if (tries == 5000)
            co_return false;
        co_await simul::sleep(1ms);
    }
    co_return true;
}

/// `sh -c "read x; ..."` with this as its input waits here.
class gate {
public:
    gate()
    {
        if (::pipe2(fds_, O_CLOEXEC) != 0)
            ADD_FAILURE() << "no pipe";
    }
    gate(const gate&) = delete;
    ~gate()
    {
        open();
        ::close(fds_[0]);
    }

    redirect input() const { return redirect::fd(fds_[0]); }
    void open()
    {
        if (fds_[1] >= 0)
            ::close(std::exchange(fds_[1], -1));
    }

private:
    int fds_[2] = {-1, -1};
};

std::string why_not(std::vector<std::string> command, subprocess_options options = {})
{
    try {
        const subprocess refused(std::move(command), std::move(options));
    } catch (const simul::error& failed) {
        return failed.what();
    }
    return "started";
}

// ---- in one call

SIMUL_TEST_REAL(Subprocess, GivesWhatAProgramWrites)
{
    EXPECT_EQ(co_await output_of({"echo", "hello  world"}), "hello  world\n");
    EXPECT_EQ(co_await output_of(shell("echo b a | tr ' ' '\\n' | sort")), "a\nb\n");
    EXPECT_EQ(co_await output_of({"cat"}), ""); // no input
}

SIMUL_TEST_REAL(Subprocess, TellsHowAProgramFailed)
{
    std::string what;
    exit_status status;
    try {
        co_await output_of({"/bin/sh", "-c", "echo out; echo first >&2; echo 'second line' >&2; exit 3"});
    } catch (const simul::process_failed& failed) {
        what = failed.what();
        status = failed.status();
        EXPECT_EQ(failed.result().output, "out\n");
    }
    EXPECT_EQ(what,
              "/bin/sh -c echo out; echo first >&2; echo 'second line' >&2; exit 3: exit code 3: first\nsecond line");
    EXPECT_EQ(status, exit_status{.code = 3});
    CO_ASSERT_THROW(co_await output_of({"false"}), simul::process_failed);
}

SIMUL_TEST_REAL(Subprocess, GivesTheStatusOfAProgramThatMayFail)
{
    const auto failed = co_await run_process(shell("echo out; echo error >&2; exit 7"));
    EXPECT_EQ(failed.output, "out\n");
    EXPECT_EQ(failed.error, "error\n");
    EXPECT_EQ(failed.status.text(), "exit code 7");
    EXPECT_FALSE(failed.status.success());
    const auto killed = co_await run_process(shell("kill -TERM $$"));
    EXPECT_EQ(killed.status, (exit_status{.code = -SIGTERM, .signal = SIGTERM}));
    EXPECT_EQ(killed.status.text(), "ended by SIGTERM");
    EXPECT_TRUE((co_await run_process({"true"})).status.success());
}

// ---- where its streams lead

SIMUL_TEST_REAL(Subprocess, TalksThroughPipes)
{
    subprocess cat({"cat"}, {.input = redirect::pipe(), .output = redirect::pipe()});
    EXPECT_GT(cat.pid(), 0);
    for (const char* line : {"one\n", "two\n"}) {
        co_await cat.input().write(line);
        EXPECT_EQ(*co_await cat.output().read_line() + "\n", line);
    }
    EXPECT_FALSE(cat.status());
    EXPECT_FALSE(cat.error());
    co_await cat.input().close();
    EXPECT_EQ(co_await cat.output().read_all(), "");
    EXPECT_TRUE((co_await cat.wait()).success());
    EXPECT_EQ(cat.status(), exit_status());
}

SIMUL_TEST_REAL(Subprocess, ReadsAndWritesWhatItIsTold)
{
    char folder[] = "/tmp/simul.XXXXXX";
    CO_ASSERT_NE(::mkdtemp(folder), nullptr);
    const std::string file = std::string(folder) + "/file";
    EXPECT_EQ(co_await output_of({"wc", "-c"}, {.input = redirect::data(std::string(1'000'000, 'x'))}), "1000000\n");
    co_await run_process({"echo", "one"}, {.output = redirect::file(file)});
    co_await run_process({"echo", "two"}, {.output = redirect::append(file)});
    EXPECT_EQ(co_await output_of({"cat"}, {.input = redirect::file(file)}), "one\ntwo\n");
    co_await run_process({"echo", "three"}, {.output = redirect::file(file)});
    const int open_file = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(co_await output_of({"cat"}, {.input = redirect::fd(open_file)}), "three\n");
    ::close(open_file);

    const auto merged =
        co_await run_process(shell("echo out; echo error >&2; echo out"), {.error = redirect::same_as_output()});
    EXPECT_EQ(merged.output, "out\nerror\nout\n");
    EXPECT_EQ(merged.error, "");
    const auto dropped = co_await run_process(shell("echo out; echo error >&2"), {.output = redirect::null()});
    EXPECT_EQ(dropped.output, "");
    EXPECT_EQ(dropped.error, "error\n");
    ::unlink(file.c_str());
    ::rmdir(folder);
}

SIMUL_TEST_REAL(Subprocess, MayHaveItsDescriptorsExchanged)
{
    const int out = file_of("");
    const int errors = file_of("");
    {
        const replaced_fd output(1, ::dup(out));
        const replaced_fd error(2, ::dup(errors));
        co_await subprocess(shell("echo out; echo error >&2")).wait();
        co_await subprocess(shell("echo exchanged; echo errors >&2"),
                            {.output = redirect::fd(2), .error = redirect::fd(1)})
            .wait();
    }
    EXPECT_EQ(content_of(out), "out\nerrors\n");
    EXPECT_EQ(content_of(errors), "error\nexchanged\n");
    ::close(out);
    ::close(errors);
}

SIMUL_TEST_REAL(Subprocess, InheritsWhatIsClosedOrOnlyOurs)
{
    const int out = file_of("");
    {
        const replaced_fd output(1, ::dup(out));
        const replaced_fd input(0, ::dup(0));
        ::fcntl(1, F_SETFD, FD_CLOEXEC);
        ::close(0);
        co_await subprocess(shell("echo hello; [ -e /proc/self/fd/0 ] || echo closed")).wait();
        EXPECT_EQ(::fcntl(1, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(content_of(out), "hello\nclosed\n");
    ::close(out);
}

// ---- communicate

SIMUL_TEST_REAL(Subprocess, CantDeadlockWhileItCommunicates)
{
    const std::string much(100'000, 'x');
    std::vector<task<bool>> echoes;
    for (int i = 0; i < 5; ++i)
        echoes.push_back([](const std::string& all) -> task<bool> {
            subprocess tee(shell("tee /dev/stderr"),
                           {.input = redirect::pipe(), .output = redirect::pipe(), .error = redirect::pipe()});
            const auto got = co_await tee.communicate(all);
            co_return got.output == all&& got.error == all&& got.status.success();
        }(much));
    EXPECT_EQ(co_await simul::gather(std::move(echoes)), std::vector<bool>(5, true));
}

SIMUL_TEST_REAL(Subprocess, NeedNotReadItsInput)
{
    subprocess deaf({"true"}, {.input = redirect::pipe(), .output = redirect::pipe()});
    EXPECT_TRUE((co_await deaf.communicate(std::string(1'000'000, 'x'))).status.success());
    subprocess picky(shell("exec <&-; echo enough"), {.input = redirect::pipe(), .output = redirect::pipe()});
    EXPECT_EQ((co_await picky.communicate(std::string(1'000'000, 'x'))).output, "enough\n");
    subprocess unfed({"cat"}, {.output = redirect::pipe()});
    CO_ASSERT_THROW(co_await unfed.communicate("x"), simul::invalid_state);
}

SIMUL_TEST_REAL(Subprocess, IsWaitedForToTheEndOfItsOutput)
{
    subprocess parent(shell("(sleep 0.1; echo late) & echo early"), {.output = redirect::pipe()});
    const auto all = co_await parent.communicate();
    EXPECT_EQ(all.output, "early\nlate\n");
    EXPECT_TRUE(all.status.success());
}

SIMUL_TEST_REAL(Subprocess, LeavesItsOutputBehind)
{
    subprocess quick(shell("echo hello; echo error >&2"), {.output = redirect::pipe(), .error = redirect::pipe()});
    EXPECT_TRUE((co_await quick.wait()).success());
    const auto all = co_await quick.communicate();
    EXPECT_EQ(all.output, "hello\n");
    EXPECT_EQ(all.error, "error\n");
}

SIMUL_TEST_REAL(Subprocess, MayWriteMoreThanItsReaderWantsAtOnce)
{
    subprocess counting({"seq", "1", "50000"}, {.output = redirect::pipe()});
    int next = 1;
    while (auto line = co_await counting.output().read_line(10))
        CO_ASSERT_EQ(*line, std::to_string(next++));
    EXPECT_EQ(next, 50001);
    EXPECT_TRUE((co_await counting.wait()).success());

    subprocess endless({"yes"}, {.output = redirect::pipe()});
    CO_ASSERT_THROW(co_await endless.communicate({}, {.limit = 100'000}), simul::limit_exceeded);
    EXPECT_TRUE(endless.kill());
    EXPECT_EQ((co_await endless.wait()).signal, SIGKILL);
}

SIMUL_TEST_REAL(Subprocess, GoesOnAfterATimeoutAndIsCommunicatedWithAgain)
{
    subprocess slow(shell("echo one; read go; echo $go"), {.input = redirect::pipe(), .output = redirect::pipe()});
    CO_ASSERT_EQ(*co_await slow.output().read_line(), "one");
    CO_ASSERT_THROW(co_await simul::timeout(5ms, slow.wait()), simul::timeout_error);
    gate closed;
    subprocess waiting(shell("echo early; read x; echo late"), {.input = closed.input(), .output = redirect::pipe()});
    CO_ASSERT_THROW(co_await simul::timeout(20ms, waiting.communicate()), simul::timeout_error);
    EXPECT_TRUE(exists(waiting.pid()));
    closed.open();
    EXPECT_EQ((co_await waiting.communicate()).output, "early\nlate\n");
    EXPECT_EQ((co_await slow.communicate("two\n")).output, "two\n");
}

// ---- its end

SIMUL_TEST_REAL(Subprocess, IsWaitedForByMany)
{
    subprocess child(shell("read x; exit 5"), {.input = redirect::pipe()});
    auto first = simul::spawn(child.wait());
    auto gives_up = simul::spawn(child.wait());
    auto last = simul::spawn(child.wait());
    co_await simul::yield();
    gives_up.cancel();
    co_await child.input().write("x\n");
    EXPECT_EQ((co_await first).code, 5);
    EXPECT_EQ((co_await last).code, 5);
    EXPECT_TRUE(gives_up.cancelled());
    EXPECT_EQ((co_await child.wait()).code, 5);
}

SIMUL_TEST_REAL(Subprocess, IsKilledWithItsOwner)
{
    int pid = 0;
    auto owner = simul::spawn([](int& is) -> task<> {
        subprocess child({"sleep", "100"});
        is = child.pid();
        co_await child.wait();
    }(pid));
    co_await simul::yield();
    EXPECT_TRUE(exists(pid));
    owner.cancel();
    EXPECT_TRUE(co_await goes(pid));

    std::optional<subprocess> held(std::in_place, std::vector<std::string>{"sleep", "100"});
    auto waits = simul::spawn(held->wait());
    co_await simul::yield();
    held.reset();
    EXPECT_EQ((co_await waits).signal, SIGKILL); // who still waits hears of it

    subprocess replaced({"sleep", "100"});
    pid = replaced.pid();
    replaced = subprocess({"true"});
    EXPECT_TRUE(co_await goes(pid));
    EXPECT_TRUE((co_await replaced.wait()).success());
}

SIMUL_TEST_REAL(Subprocess, IsKilledWhenItsStartIsCancelled)
{
    std::vector<int> pids;
    for (int i = 0; i < 10; ++i) {
        auto owner = simul::spawn([](std::vector<int>& all, int steps) -> task<> {
            for (int step = 0; step < steps; ++step)
                co_await simul::yield();
            subprocess child({"sleep", "100"}, {.output = redirect::pipe()});
            all.push_back(child.pid());
            co_await child.communicate();
        }(pids, i));
        for (int step = 0; step < 5; ++step)
            co_await simul::yield();
        owner.cancel();
    }
    CO_ASSERT_THROW(co_await simul::timeout(1ms, run_process({"sleep", "100"})), simul::timeout_error);
    EXPECT_FALSE(pids.empty());
    for (const int each : pids)
        EXPECT_TRUE(co_await goes(each));
}

TEST(Subprocess, IsKilledAndReapedWhenItsLoopIsClosed)
{
    int pid = 0;
    std::optional<subprocess> left;
    {
        simul::loop loop;
        loop.set_error_handler([](const simul::problem&) {}); // the task is still pending
        auto started = loop.launch([](int& is, std::optional<subprocess>& out) -> task<> {
            const subprocess child({"sleep", "100"}, {.output = redirect::pipe()});
            is = child.pid();
            out.emplace(std::vector<std::string>{"sleep", "100"});
            co_await simul::sleep(100s);
        }(pid, left));
        loop.run_once();
        EXPECT_TRUE(exists(pid));
        loop.close();
        EXPECT_FALSE(exists(pid));
    }
    EXPECT_FALSE(exists(left->pid()));
    EXPECT_EQ(left->status(), (exit_status{.code = -SIGKILL, .signal = SIGKILL}));
    EXPECT_FALSE(left->kill());
}

SIMUL_TEST_REAL(Subprocess, AreAllReaped)
{
    std::vector<subprocess> many;
    std::vector<int> pids;
    for (int i = 0; i < 200; ++i) {
        many.emplace_back(std::vector<std::string>{"true"});
        pids.push_back(many.back().pid());
    }
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE((co_await many[static_cast<std::size_t>(i)].wait()).success());
    for (const int each : pids)
        EXPECT_TRUE(co_await goes(each)); // also those for which nobody waits
}

TEST(Subprocess, OutlivesItsLoopWhenDetached)
{
    gate closed;
    int pid = 0;
    simul::run([](int& is, redirect input) -> task<> {
        subprocess child(shell("read x"), {.input = input});
        child.detach();
        is = child.pid();
        co_return;
    }(pid, closed.input()));
    EXPECT_TRUE(runs(pid));
    closed.open();
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    EXPECT_TRUE(exists(pid)); // as a zombie
    simul::run([]() -> task<> { co_await run_process({"true"}); }());
    EXPECT_FALSE(exists(pid));
}

TEST(Subprocess, IsNotWaitedForWhenItMayNotBeKilled)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "takes two users";
    gate closed;
    int pid = 0;
    simul::run([](int& is, redirect input) -> task<> {
        subprocess child(shell("read x"), {.input = input});
        is = child.pid();
        constexpr uid_t nobody = 65534;
        EXPECT_EQ(::setresuid(nobody, nobody, 0), 0);
        CO_ASSERT_THROW(child.kill(), simul::error);
    }(pid, closed.input()));
    EXPECT_EQ(::setresuid(0, 0, 0), 0);
    EXPECT_TRUE(runs(pid));
    closed.open();
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
    EXPECT_EQ(info.si_code, CLD_EXITED);
}

SIMUL_TEST_REAL(Subprocess, IsReapedWhenDetached)
{
    gate closed;
    int pid = 0;
    {
        subprocess child(shell("read x"), {.input = closed.input()});
        child.detach();
        pid = child.pid();
    }
    co_await simul::sleep(1ms);
    EXPECT_TRUE(runs(pid));
    closed.open();
    EXPECT_TRUE(co_await goes(pid));
}

// ---- signals

SIMUL_TEST_REAL(Subprocess, GetsSignals)
{
    subprocess child(shell("trap 'echo usr1; exit 9' USR1; echo ready; while :; do sleep 0.01; done"),
                     {.output = redirect::pipe()});
    EXPECT_EQ(co_await child.output().read_line(), "ready");
    EXPECT_TRUE(child.send_signal(SIGUSR1));
    EXPECT_EQ(co_await child.output().read_line(), "usr1");
    EXPECT_EQ((co_await child.wait()).code, 9);
    EXPECT_FALSE(child.send_signal(SIGUSR1));
    EXPECT_FALSE(child.terminate());
    EXPECT_FALSE(child.kill());

    subprocess sleeper({"sleep", "100"});
    CO_ASSERT_THROW(sleeper.send_signal(9999), simul::error);
    EXPECT_TRUE(sleeper.terminate());
    EXPECT_EQ((co_await sleeper.wait()).text(), "ended by SIGTERM");
}

SIMUL_TEST_REAL(Subprocess, HasAGroupThatGetsSignals)
{
    const auto command = shell("sleep 100 & echo $!; wait");
    subprocess alone(command, {.output = redirect::pipe()});
    CO_ASSERT_THROW(alone.signal_group(SIGTERM), simul::invalid_state);
    const int orphan = std::stoi(*co_await alone.output().read_line());

    subprocess leader(command, {.output = redirect::pipe(), .group = process_group::own});
    int grandchild = std::stoi(*co_await leader.output().read_line());
    EXPECT_EQ(::getpgid(leader.pid()), leader.pid());
    EXPECT_TRUE(leader.signal_group(SIGTERM));
    EXPECT_EQ((co_await leader.wait()).signal, SIGTERM);
    EXPECT_TRUE(co_await stops(grandchild));

    {
        subprocess owned(command, {.output = redirect::pipe(), .group = process_group::session});
        grandchild = std::stoi(*co_await owned.output().read_line());
        EXPECT_EQ(::getsid(owned.pid()), owned.pid());
    }
    EXPECT_TRUE(co_await stops(grandchild)); // killed with its leader

    subprocess gone(shell("sleep 100 & echo $!"), {.output = redirect::pipe(), .group = process_group::own});
    grandchild = std::stoi(*co_await gone.output().read_line());
    EXPECT_TRUE((co_await gone.wait()).success());
    EXPECT_TRUE(runs(grandchild));
    if (gone.signal_group(SIGKILL)) // not before Linux 6.9
        EXPECT_TRUE(co_await stops(grandchild));
    else
        ::kill(grandchild, SIGKILL);
    EXPECT_TRUE(runs(orphan)); // whose parent runs
    ::kill(orphan, SIGKILL);
}

// ---- what it starts with

SIMUL_TEST_REAL(Subprocess, InheritsNoDescriptors)
{
    const int open_here = ::open("/", O_RDONLY); // not close-on-exec
    subprocess other({"cat"}, {.input = redirect::pipe(), .output = redirect::pipe(), .error = redirect::pipe()});
    EXPECT_EQ(co_await output_of({"ls", "/proc/self/fd"}), "0\n1\n2\n3\n"); // 3 is its own
    ::close(open_here);
    co_await other.communicate();
}

SIMUL_TEST_REAL(Subprocess, StartsWithDefaultSignals)
{
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto ignored = std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(co_await output_of({"grep", "^SigBlk", "/proc/self/status"}), "SigBlk:\t0000000000000000\n");
    const auto ignored_there = co_await output_of({"sed", "-n", "s/^SigIgn:.//p", "/proc/self/status"});
    constexpr auto of_the_c_library = 0x1'8000'0000u; // 32 and 33
    EXPECT_EQ(std::stoull(ignored_there, nullptr, 16) & ~of_the_c_library, 0u);
    std::signal(SIGPIPE, ignored);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SIMUL_TEST_REAL(Subprocess, StartsInADirectoryWithAnEnvironment)
{
    EXPECT_EQ(co_await output_of({"pwd"}, {.directory = "/proc"}), "/proc\n");
    ::setenv("SIMUL_TEST_INHERITED", "yes", 1);
    const auto line = shell("echo $SIMUL_TEST_INHERITED $SIMUL_TEST_ADDED");
    EXPECT_EQ(co_await output_of(line, {.environment = {{"SIMUL_TEST_ADDED", "too"}}}), "yes too\n");
    EXPECT_EQ(co_await output_of(line, {.environment = {{"SIMUL_TEST_INHERITED", "other"}}}), "other\n");
    EXPECT_EQ(co_await output_of(line, {.environment = {{"SIMUL_TEST_INHERITED", std::nullopt}}}), "\n");
    EXPECT_EQ(co_await output_of({"/usr/bin/env"}, {.environment = {{"ONLY", "this"}}, .inherit_environment = false}),
              "ONLY=this\n");
    ::unsetenv("SIMUL_TEST_INHERITED");
}

SIMUL_TEST_REAL(Subprocess, SaysWhyItCantBeStarted)
{
    EXPECT_EQ(why_not({"nosuch"}), "start nosuch: No such file or directory");
    EXPECT_EQ(why_not({"/etc/passwd"}), "start /etc/passwd: Permission denied");
    EXPECT_EQ(why_not({"true"}, {.directory = "/nosuch"}), "start true in /nosuch: No such file or directory");
    EXPECT_EQ(why_not({"true"}, {.directory = "/etc/passwd"}), "start true in /etc/passwd: Not a directory");
    EXPECT_EQ(why_not({"nosuch"}, {.directory = "/"}), "start nosuch: No such file or directory");
    EXPECT_EQ(why_not({"true"}, {.input = redirect::file("/nosuch")}),
              "start true: open /nosuch: No such file or directory");
    EXPECT_EQ(why_not({"true"}, {.output = redirect::fd(999)}),
              "start true: its output can't be descriptor 999, which isn't open");
    EXPECT_EQ(why_not({"true"}, {.output = redirect::data("x")}), "start true: its output can't be given as data");
    EXPECT_EQ(why_not({"true"}, {.input = redirect::append("/nosuch")}), "start true: its input can't be appended to");
    EXPECT_EQ(why_not({"true"}, {.output = redirect::same_as_output()}),
              "start true: its output can't be the same as output; only errors can");
    EXPECT_EQ(why_not({"true", std::string("a\0b", 3)}), "start true: there is a zero byte in what it is given");
    EXPECT_EQ(why_not({"true"}, {.environment = {{"A=B", "c"}}}), "start true: \"A=B\" is no name for a variable");
    EXPECT_EQ(why_not({}), "start: no program was named");
    EXPECT_EQ(why_not({"nosuch"}, {.input = redirect::pipe(), .output = redirect::pipe(), .error = redirect::pipe()}),
              "start nosuch: No such file or directory");
    co_return;
}

SIMUL_TEST_REAL(Subprocess, SaysThatDescriptorsRanOut)
{
    co_await run_process({"true"}); // what the loop needs is open now
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int lowest = ::dup(2);
    ::close(lowest);
    for (int more = 0; more < 8; ++more) { // each of the steps fails once
        const rlimit few{.rlim_cur = static_cast<rlim_t>(lowest + more), .rlim_max = before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        const std::string result = why_not({"true"}, {.input = redirect::data("x"), .output = redirect::pipe()});
        ::setrlimit(RLIMIT_NOFILE, &before);
        if (more < 4)
            EXPECT_NE(result.find("Too many open files"), result.npos) << more << ": " << result;
        else if (result != "started")
            EXPECT_NE(result.find("Too many open files"), result.npos) << more << ": " << result;
    }
    EXPECT_EQ(co_await output_of({"echo", "fine"}), "fine\n");
}

SIMUL_TEST(Subprocess, DoesntExistInVirtualTime)
{
    EXPECT_EQ(why_not({"true"}), "start true: there are no processes in virtual time");
    co_return;
}

SIMUL_TEST_REAL(Subprocess, BelongsToItsLoop)
{
    subprocess child({"true"});
    std::string refused;
    std::thread([&] {
        simul::run([](subprocess& others, std::string& why) -> task<> {
            try {
                co_await others.wait();
            } catch (const simul::invalid_state& failed) {
                why = failed.what();
            }
        }(child, refused));
    }).join();
    EXPECT_EQ(refused, "wait: true was started by another loop");
    co_await child.wait();
}

// ---- others who handle children

std::atomic<int> children_heard_of = 0; // by any thread

SIMUL_TEST_REAL(Subprocess, LeavesTheHandlerOfChildrenAlone)
{
    children_heard_of = 0;
    struct sigaction ours{};
    struct sigaction before{};
    ours.sa_handler = [](int) { ++children_heard_of; };
    ours.sa_flags = SA_RESTART;
    ::sigaction(SIGCHLD, &ours, &before);
    EXPECT_EQ((co_await run_process(shell("exit 4"))).status.code, 4);
    for (int tries = 0; children_heard_of == 0 && tries < 5000; ++tries)
        co_await simul::sleep(1ms);
    struct sigaction now{};
    ::sigaction(SIGCHLD, &before, &now);
    EXPECT_EQ(now.sa_handler, ours.sa_handler);
    EXPECT_EQ(children_heard_of, 1);
}

SIMUL_TEST_REAL(Subprocess, SaysThatItsStatusIsLost)
{
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    subprocess unseen(shell("read x; exit 4"), {.input = redirect::pipe()});
    co_await unseen.input().close();
    const exit_status status = co_await unseen.wait();
    std::signal(SIGCHLD, before);
    EXPECT_EQ(status, (exit_status{.code = 255, .lost = true}));
    EXPECT_EQ(status.text(), "exit code unknown");
    const auto found = simul::testing::problems();
    CO_ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found.front().text().starts_with("simul: /bin/sh: how it ended is lost")) << found.front().text();
}

} // namespace
