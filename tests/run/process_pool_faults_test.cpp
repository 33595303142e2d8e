// SPDX-License-Identifier: MIT
//
// What becomes of a pool, and of its jobs, when something goes wrong: always an error, soon, and only for whom it
// concerns.
#include "child_process.hpp"
#include "process_pool_fixture.hpp"
#include "run/process/shared.hpp"

#include <simul/run/process_pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <poll.h>
#include <random>
#include <set>
#include <stdexcept>
#include <sys/wait.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace simul_test;
using simul::process_pool;

constexpr auto bound = 30s; // a loaded machine's; it takes milliseconds

int add(int a, int b)
{
    return a + b;
}

// ---- the matrix: how × where

enum class how { error, exit, crash };
enum class where { argument_encode, argument_decode, function, result_encode, result_decode }; // and see below

constexpr const char* names_of_how[] = {"Error", "Exit", "Crash"};
constexpr const char* names_of_where[] = {"ArgumentEncode", "ArgumentDecode", "Function", "ResultEncode",
                                          "ResultDecode"};

void misbehave(how kind)
{
    switch (kind) {
    case how::error:
        throw std::domain_error("misbehaves");
    case how::exit:
        ::_exit(7);
    case how::crash:
        std::abort();
    }
}

/// Misbehaves on its way.
struct trouble {
    how kind = how::error;
    where at = where::function;
    bool in_parent = true; ///< where it was made
};

} // namespace

template <> struct simul::codec<trouble> {
    static void encode(encoder& out, const trouble& value)
    {
        if (value.at == (value.in_parent ? where::argument_encode : where::result_encode))
            misbehave(value.kind);
        out.put(value.kind);
        out.put(value.at);
        out.put(value.in_parent);
    }
    static trouble decode(decoder& in)
    {
        trouble value;
        value.kind = in.get<how>();
        value.at = in.get<where>();
        value.in_parent = in.get<bool>();
        if (value.at == (value.in_parent ? where::argument_decode : where::result_decode))
            misbehave(value.kind);
        return value;
    }
};

namespace {

trouble pass_on(trouble taken)
{
    if (taken.at == where::function)
        misbehave(taken.kind);
    taken.in_parent = false;
    return taken;
}

/// What became of a job.
template <class T> std::string outcome(simul::future<T>& flight)
{
    try {
        flight.result_for(bound);
        return "value";
    } catch (const simul::worker_died& e) {
        return e.signal() != 0 ? "signal " + std::to_string(e.signal()) : "exit " + std::to_string(e.exit_code());
    } catch (const simul::broken_pool&) {
        return "broken";
    } catch (const simul::timeout_error&) {
        return "hang";
    } catch (const std::domain_error& e) {
        return e.what();
    } catch (const std::exception& e) {
        return std::string("other: ") + e.what();
    }
}

using cell = std::tuple<where, how>;

std::string name_of_cell(const testing::TestParamInfo<cell>& info)
{
    return names_of_where[static_cast<int>(std::get<0>(info.param))] +
           std::string(names_of_how[static_cast<int>(std::get<1>(info.param))]);
}

class Matrix : public testing::TestWithParam<cell> {};
INSTANTIATE_TEST_SUITE_P(InTheWorker, Matrix,
                         testing::Combine(testing::Values(where::argument_decode, where::function,
                                                          where::result_encode),
                                          testing::Values(how::error, how::exit, how::crash)),
                         name_of_cell);
INSTANTIATE_TEST_SUITE_P(InThisProcess, Matrix,
                         testing::Combine(testing::Values(where::argument_encode, where::result_decode),
                                          testing::Values(how::error)),
                         name_of_cell);

constexpr const char* expected_of[] = {"misbehaves", "exit 7", "signal 6"};

TEST_P(Matrix, FailsThisJobAlone)
{
    const auto [at, kind] = GetParam();
    process_pool pool({.workers = 2});
    gate held;
    auto other = pool.submit(wait_at_gate, held.path());
    held.wait_until_reached();
    std::vector<simul::future<trouble>> bad;
    std::vector<simul::future<int>> good;
    for (int i = 0; i < 5; ++i) {
        bad.push_back(pool.submit(pass_on, trouble{kind, at}));
        good.push_back(pool.submit(add, i, 1));
    }
    for (auto& each : bad)
        EXPECT_EQ(outcome(each), expected_of[static_cast<int>(kind)]);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(good[static_cast<std::size_t>(i)].result_for(bound), i + 1);
    EXPECT_FALSE(other.done());
    held.open();
    EXPECT_TRUE(other.result());
}

/// The pids of pools' processes, from the child that has the pool.
class pid_channel {
public:
    pid_channel()
    {
        if (::pipe(ends_) != 0)
            std::abort();
    }
    ~pid_channel()
    {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    void tell(int pid) const { static_cast<void>(::write(ends_[1], &pid, sizeof pid)); }
    int hear() const
    {
        int pid = 0;
        pollfd told{ends_[0], POLLIN, 0};
        if (::poll(&told, 1, 30'000) == 1)
            static_cast<void>(::read(ends_[0], &pid, sizeof pid));
        return pid;
    }
    /// Of a worker and its server.
    void tell_of(process_pool& pool) const
    {
        tell(pool.submit([] { return ::getpid(); }).result());
        tell(pool.submit([] { return ::getppid(); }).result());
    }
    void expect_both_gone() const
    {
        for (int i = 0; i < 2; ++i) {
            const int pid = hear();
            EXPECT_GT(pid, 0);
            EXPECT_TRUE(comes([&] { return has_ended(pid); })) << pid;
        }
    }

private:
    int ends_[2];
};

/// What happens in this process ends it, and then its pool.
class MatrixOfThisProcess : public testing::TestWithParam<cell> {};
INSTANTIATE_TEST_SUITE_P(Cells, MatrixOfThisProcess,
                         testing::Combine(testing::Values(where::argument_encode, where::result_decode),
                                          testing::Values(how::exit, how::crash)),
                         name_of_cell);

TEST_P(MatrixOfThisProcess, LeavesNoProcesses)
{
    const where at = std::get<where>(GetParam());
    const how kind = std::get<how>(GetParam());
    const pid_channel pids;
    const int ended = outcome_of_child([&] {
        process_pool pool({.workers = 2});
        pids.tell_of(pool);
        auto flight = pool.submit(pass_on, trouble{kind, at});
        std::this_thread::sleep_for(bound); // the result is decoded in the pool's thread
        return 1;
    });
    EXPECT_EQ(ended, kind == how::exit ? 7 : -SIGABRT);
    pids.expect_both_gone();
}

TEST(ProcessPoolFaults, SurviveAWorkerThatEndsBetweenJobs)
{
    process_pool pool({.workers = 1});
    for (const int signal : {SIGKILL, SIGSEGV, SIGTERM}) {
        const int pid = pool.submit([] {
                                std::signal(SIGSEGV, SIG_DFL); // the sanitizers' handlers would exit
                                return ::getpid();
                            })
                            .result();
        ::kill(pid, signal);
        EXPECT_TRUE(comes([&] { return has_ended(pid); }));
        EXPECT_EQ(pool.submit(add, 1, signal).result(), 1 + signal);
    }
    // And one that leaves by itself, later.
    pool.submit([] {
            std::signal(SIGALRM, [](int) { ::_exit(3); });
            ::ualarm(1000, 0);
        })
        .result();
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

template <how Kind> void bad_initializer()
{
    misbehave(Kind);
}

TEST(ProcessPoolFaults, BreakAPoolWhoseInitializerFails)
{
    for (const auto initializer :
         {bad_initializer<how::error>, bad_initializer<how::exit>, bad_initializer<how::crash>}) {
        process_pool pool({.workers = 2, .initializer = initializer});
        try {
            auto flight = pool.submit(add, 1, 2);
            EXPECT_EQ(outcome(flight), "broken");
        } catch (const simul::broken_pool&) { // was broken before the submit
        }
        EXPECT_TRUE(comes([&] {
            try {
                static_cast<void>(pool.submit(add, 1, 2));
                return false;
            } catch (const simul::broken_pool&) {
                return true;
            }
        }));
    }
}

TEST(ProcessPoolFaults, SayWhyAPoolIsBroken)
{
    process_pool pool({.workers = 1, .initializer = bad_initializer<how::error>});
    try {
        pool.submit(add, 1, 2).result();
        FAIL();
    } catch (const simul::broken_pool& e) {
        EXPECT_NE(std::string(e.what()).find("its initializer failed with std::domain_error: misbehaves"),
                  std::string::npos)
            << e.what();
    }
}

TEST(ProcessPoolFaults, TolerateAnInitializerThatFailsNowAndThen)
{
    static gate marker;
    static std::string path;
    path = marker.path();
    // Each second start fails.
    process_pool pool({.workers = 1, .start = simul::start_method::fork, .initializer = [] {
                           if (!exists(path + "/passed")) {
                               make(path + "/passed");
                               throw std::runtime_error("not yet");
                           }
                           ::unlink((path + "/passed").c_str());
                       }});
    for (int i = 0; i < 5; ++i) {
        auto flight = pool.submit([] { ::_exit(1); });
        EXPECT_EQ(outcome(flight), "exit 1");
    }
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

// ---- who died, and what of

TEST(ProcessPoolFaults, TellHowAWorkerDiedAndWhatItRan)
{
    process_pool pool({.workers = 1});
    const int pid = pool.submit([] { return ::getpid(); }).result();
    try {
        pool.submit([] { ::raise(SIGKILL); }).result();
        FAIL();
    } catch (const simul::worker_died& e) {
        EXPECT_EQ(e.pid(), pid);
        EXPECT_EQ(e.signal(), SIGKILL);
        EXPECT_EQ(e.exit_code(), 0);
        EXPECT_NE(e.job().find("TellHowAWorkerDied"), std::string::npos) << e.job();
        EXPECT_NE(std::string(e.what()).find("was ended by signal 9 (SIGKILL) while it ran"), std::string::npos)
            << e.what();
    }
    try {
        pool.submit([] { ::_exit(42); }).result();
        FAIL();
    } catch (const simul::worker_died& e) {
        EXPECT_EQ(e.signal(), 0);
        EXPECT_EQ(e.exit_code(), 42);
    }
    auto exits = pool.submit([] { std::exit(0); });
    EXPECT_EQ(outcome(exits), "exit 0");
}

TEST(ProcessPoolFaults, TellWithinATenthOfASecond)
{
    process_pool pool({.workers = 2});
    auto fastest = 30s + 0ns;
    for (int i = 0; i < 10; ++i) { // the machine may stall, but not each time
        const auto begin = simul::clock::now();
        auto flight = pool.submit([] { ::raise(SIGKILL); });
        EXPECT_EQ(outcome(flight), "signal 9");
        fastest = std::min<std::chrono::nanoseconds>(fastest, simul::clock::now() - begin);
    }
    EXPECT_LT(fastest, 100ms);
}

TEST(ProcessPoolFaults, AnswerResultsOfAWorkerThatWasDoneBeforeItDied)
{
    process_pool pool({.workers = 1});
    std::vector<simul::future<int>> flights;
    for (int i = 0; i < 50; ++i)
        flights.push_back(pool.submit(add, i, 0));
    auto last = pool.submit([] { ::raise(SIGKILL); });
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(flights[static_cast<std::size_t>(i)].result_for(bound), i);
    EXPECT_EQ(outcome(last), "signal 9");
}

TEST(ProcessPoolFaults, BeginJobsAgainIfTheyMayBe)
{
    process_pool pool({.workers = 2, .retry = 2});
    const gate marker;
    auto second_time = pool.submit(
        [](const std::string& path) {
            if (!exists(path + "/passed")) {
                make(path + "/passed");
                ::raise(SIGKILL);
            }
            return 5;
        },
        marker.path());
    EXPECT_EQ(second_time.result_for(bound), 5);
}

TEST(ProcessPoolFaults, PutAJobAsideThatHasEndedThreeWorkers)
{
    process_pool pool({.workers = 2, .retry = 100});
    try {
        pool.submit([] { ::raise(SIGKILL); }).result();
        FAIL();
    } catch (const simul::worker_died& e) {
        EXPECT_NE(std::string(e.what()).find("has ended 3 workers now and is not begun again"), std::string::npos)
            << e.what();
    }
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

TEST(ProcessPoolFaults, DoNotBeginAgainWhatWasCancelled)
{
    process_pool pool({.workers = 1, .retry = 2});
    gate never;
    auto flight = pool.submit(wait_at_gate, never.path());
    never.wait_until_reached();
    flight.cancel();
    EXPECT_THROW(flight.result_for(bound), simul::cancelled);
}

TEST(ProcessPoolFaults, FailLargeAndBrokenPayloads)
{
    process_pool pool({.workers = 1});
    const std::vector<char> large(10'000'000, 'x');
    auto died = pool.submit(
        [](const std::vector<char>& v) {
            ::raise(SIGKILL);
            return v;
        },
        large);
    EXPECT_EQ(outcome(died), "signal 9");
    EXPECT_EQ(pool.submit([](const std::vector<char>& v) { return v; }, large).result(), large);
}

// ---- garbage

/// This worker's own area, as the pool has mapped it for it.
simul::detail::worker_area* find_area()
{
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
        if (line.find("simul-pool") != std::string::npos && line.find("rw-s") != std::string::npos)
            return reinterpret_cast<simul::detail::worker_area*>(std::stoull(line, nullptr, 16));
    return nullptr;
}

TEST(ProcessPoolFaults, FailTheJobOfAWorkerThatWritesNonsense)
{
    process_pool pool({.workers = 2});
    gate held;
    auto other = pool.submit(wait_at_gate, held.path());
    held.wait_until_reached();
    EXPECT_EQ(pool.submit(add, 1, 1).result(), 2); // the other worker is ready: nonsense before that breaks the pool
    std::set<std::string> outcomes;
    for (int round = 0; round < 40; ++round) {
        auto bad = pool.submit(
            [](int seed) {
                // All that it can write of what it shares with the pool. Then it answers, if it still can.
                std::mt19937 random(static_cast<unsigned>(seed));
                auto* const area = find_area();
                auto* const bytes = reinterpret_cast<unsigned char*>(area);
                for (std::size_t i = 0; i < sizeof *area; ++i)
                    bytes[i] = static_cast<unsigned char>(seed % 4 == 0 ? 0 : seed % 4 == 1 ? 0xff : random());
                return seed;
            },
            round);
        std::vector<simul::future<int>> behind;
        for (int i = 0; i < 20; ++i)
            behind.push_back(pool.submit(add, i, 1));
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(behind[static_cast<std::size_t>(i)].result_for(bound), i + 1);
        outcomes.insert(outcome(bad));
    }
    EXPECT_FALSE(outcomes.contains("hang"));
    EXPECT_FALSE(other.done());
    held.open();
    other.result();
}

TEST(ProcessPoolFaults, FailTheJobOfAWorkerThatAnswersNonsense)
{
    process_pool pool({.workers = 1});
    EXPECT_EQ(pool.submit(add, 1, 1).result(), 2); // nonsense before it is known to be ready breaks the pool
    for (int round = 0; round < 50; ++round) {
        auto bad = pool.submit(
            [](int seed) {
                std::mt19937 random(static_cast<unsigned>(seed));
                auto* const area = find_area();
                const auto tail = area->answer_tail.load();
                auto& head = area->answers.at(tail);
                auto* const bytes = reinterpret_cast<unsigned char*>(&head);
                for (std::size_t i = 0; i < 64; ++i)
                    bytes[i] = static_cast<unsigned char>(random() % 4 == 0 ? random() : 0);
                head.kind = static_cast<simul::detail::frame_kind>(random() % 9);
                area->answer_tail.store(tail + (random() % 4) * 32);
                std::this_thread::sleep_for(20ms);
                return std::string("text");
            },
            round);
        const std::string came = outcome(bad);
        EXPECT_NE(came, "hang");
        EXPECT_EQ(pool.submit(add, 1, round).result(), 1 + round);
    }
}

// ---- the processes around

TEST(ProcessPoolFaults, LeaveNoProcessWhenThisOneIsKilled)
{
    for (const simul::start_method method :
         {simul::start_method::fork_server, simul::start_method::spawn, simul::start_method::fork}) {
        const pid_channel pids;
        gate never;
        const int ended = outcome_of_child([&] {
            process_pool pool({.workers = 2, .start = method});
            pids.tell_of(pool);
            auto busy = pool.submit(wait_at_gate, never.path());
            never.wait_until_reached();
            return ::raise(SIGKILL);
        });
        EXPECT_EQ(ended, -SIGKILL);
        pids.expect_both_gone();
    }
}

TEST(ProcessPoolFaults, LeaveNoProcessWhenMainReturnsWithoutThem)
{
    const pid_channel pids;
    EXPECT_EQ(0, outcome_of_child([&] {
                  auto* const leaked = new process_pool({.workers = 2});
                  pids.tell_of(*leaked);
                  return 0;
              }));
    pids.expect_both_gone();
}

TEST(ProcessPoolFaults, GetANewServerWhenItsOwnIsKilled)
{
    process_pool pool({.workers = 2});
    for (int round = 0; round < 5; ++round) {
        const int server = pool.submit([] { return ::getppid(); }).result();
        gate never;
        auto running = pool.submit(wait_at_gate, never.path());
        never.wait_until_reached();
        std::vector<simul::future<int>> waiting;
        for (int i = 0; i < 100; ++i)
            waiting.push_back(pool.submit(
                [](int n) {
                    std::this_thread::sleep_for(1ms);
                    return n;
                },
                i));
        ::kill(server, SIGKILL);
        EXPECT_EQ(outcome(running), "signal 9");
        int lost = 0;
        for (auto& each : waiting)
            lost += outcome(each) == "value" ? 0 : 1;
        EXPECT_LE(lost, 1); // what the other worker ran
    }
    EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0); // no zombie
}

TEST(ProcessPoolFaults, AreNotTakenForServersByAStrayVariable)
{
    EXPECT_EQ(6, outcome_of_child([] {
                  ::setenv("SIMUL_PROCESS_ROLE", "server", 1);
                  ::execl("/proc/self/exe", "test", "--gtest_filter=ProcessPoolFaults.IsAskedForByAnotherTest",
                          nullptr);
                  return 1;
              }));
}
TEST(ProcessPoolFaults, IsAskedForByAnotherTest)
{
    if (std::getenv("SIMUL_PROCESS_ROLE"))
        ::_exit(6);
}

TEST(ProcessPoolFaults, EndTheirWorkersWhenAStoppedOneIsCancelled)
{
    process_pool pool({.workers = 1});
    auto stopped = pool.submit({.timeout = 100ms}, [] { ::raise(SIGSTOP); });
    EXPECT_EQ(outcome(stopped), "hang"); // timeout_error
    EXPECT_EQ(pool.submit(add, 1, 2).result(), 3);
}

} // namespace
