// SPDX-License-Identifier: MIT
//
// A loop and the limits of its process: descriptors.
#include "backend_fixture.hpp"

#include <simul/run/loop.hpp>
#include <simul/task/this_task.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using simul::task;

int open_descriptors()
{
    int count = 0;
    DIR* const entries = ::opendir("/proc/self/fd");
    while (::readdir(entries))
        ++count;
    ::closedir(entries);
    return count;
}

TEST(LoopLimits, SaysSoWhenThereIsNoDescriptorForItAndLeaksNone)
{
    // UBSan needs descriptors to check a virtual call for the first time: let that be now.
    EXPECT_EQ(simul::error::from_errno(EMFILE, "warm").code().value(), EMFILE);
    for (const simul::detail::backend_kind kind : simul::detail::available_backends(false)) {
        static_cast<void>(simul::loop({.backend = static_cast<simul::backend>(kind)}).is_idle());
        const int before = open_descriptors();
        rlimit normal{};
        ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &normal));
        rlimit none = normal;
        const int lowest_free = ::dup(0);
        ASSERT_GE(lowest_free, 0);
        ::close(lowest_free);
        for (int spare = 0; spare < 8; ++spare) {
            none.rlim_cur = static_cast<rlim_t>(lowest_free + spare);
            ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
            int refused_with = 0;
            try {
                const simul::loop loop({.backend = static_cast<simul::backend>(kind)});
            } catch (const simul::error& e) {
                refused_with = e.code().value();
            }
            ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &normal));
            EXPECT_TRUE(refused_with == EMFILE || (refused_with == 0 && spare > 0)) << refused_with << ", spare " << spare;
            EXPECT_EQ(open_descriptors(), before);
        }
    }
}

/// Wakes a loop in every way there is while the process may open descriptors, or may not; gives what went wrong.
std::string wake_with_descriptors(simul::backend kind, bool may_open)
{
    simul::loop loop({.backend = kind});
    int fds[2];
    EXPECT_EQ(0, ::pipe2(fds, O_CLOEXEC));
    int woken = 0;
    int signals = 0;
    bool readable = false;
    bool timed = false;
    loop.on_signal(SIGUSR1, [&] { ++signals; });
    std::thread other([&] {
        for (int i = 0; i < 100; ++i) {
            loop.call_soon_threadsafe([&] { ++woken; });
            std::this_thread::sleep_for(50us); // real: the loop has to fall asleep
        }
        ::raise(SIGUSR1);
        static_cast<void>(!::write(fds[1], "x", 1));
    });
    rlimit normal{};
    EXPECT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &normal));
    rlimit none = normal;
    none.rlim_cur = may_open ? normal.rlim_cur : 0;
    EXPECT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
    std::string error;
    try {
        loop.watch_readable(fds[0], [&] {
            readable = true;
            loop.unwatch_readable(fds[0]);
        });
        loop.run_until_complete([](bool& slept) -> task<> {
            co_await simul::sleep(1ms);
            slept = true;
        }(timed));
        while (woken < 100 || signals == 0 || !readable)
            loop.run_once();
    } catch (const simul::error& e) {
        error = e.what();
    }
    EXPECT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &normal));
    other.join();
    EXPECT_TRUE(timed);
    ::close(fds[0]);
    ::close(fds[1]);
    return error;
}

TEST(LoopLimits, NeedsNoDescriptorToBeWokenOrToRunTasks)
{
    for (const simul::detail::backend_kind kind : simul::detail::available_backends(false)) {
        EXPECT_EQ(wake_with_descriptors(static_cast<simul::backend>(kind), true), ""); // UBSan's first look, see above
        EXPECT_EQ(wake_with_descriptors(static_cast<simul::backend>(kind), false), "");
    }
}

TEST(LoopLimits, LeaksNoDescriptor)
{
    const int before = open_descriptors();
    for (const simul::detail::backend_kind kind : simul::detail::available_backends(true))
        for (int i = 0; i < 20; ++i) {
            simul::loop loop({.backend = static_cast<simul::backend>(kind)});
            loop.call_soon([] {});
            loop.run_once();
        }
    EXPECT_EQ(open_descriptors(), before);
}

} // namespace
