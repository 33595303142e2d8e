// SPDX-License-Identifier: MIT
#include "run/cpu_count.hpp"

#include <simul/run/cpu_count.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

/// A root directory with what it says about control groups in it.
class CpuCount : public ::testing::Test {
protected:
    CpuCount()
    {
        std::string made = (std::filesystem::temp_directory_path() / "simul-cpu-XXXXXX").string();
        root = ::mkdtemp(made.data());
    }
    ~CpuCount() override { std::filesystem::remove_all(root); }

    void write(const std::string& path, const std::string& text) const
    {
        std::filesystem::create_directories((root + path).substr(0, (root + path).rfind('/')));
        std::ofstream(root + path) << text;
    }
    double quota() const { return simul::detail::cpu_quota(root); }

    std::string root;
};

const std::string mount_of_v2 = "22 1 0:20 / /proc rw - proc proc rw\n"
                                "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string mounts_of_v1 = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                 "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

TEST_F(CpuCount, HasNoQuotaWithoutControlGroups)
{
    EXPECT_TRUE(std::isinf(quota()));
    write("/proc/self/mountinfo", mount_of_v2);
    EXPECT_TRUE(std::isinf(quota()));
    write("/proc/self/cgroup", "0::/\n");
    EXPECT_TRUE(std::isinf(quota()));
}

TEST_F(CpuCount, ReadsTheQuotaOfAGroup)
{
    write("/proc/self/mountinfo", mount_of_v2);
    write("/proc/self/cgroup", "0::/user/job\n");
    write("/sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    EXPECT_TRUE(std::isinf(quota()));
    write("/sys/fs/cgroup/user/job/cpu.max", "150000 100000\n");
    EXPECT_DOUBLE_EQ(quota(), 1.5);
}

TEST_F(CpuCount, TakesTheSmallestQuotaOnTheWayToTheRoot)
{
    write("/proc/self/mountinfo", mount_of_v2);
    write("/proc/self/cgroup", "0::/user/job\n");
    write("/sys/fs/cgroup/user/job/cpu.max", "800000 100000\n");
    write("/sys/fs/cgroup/user/cpu.max", "30000 10000\n");
    EXPECT_DOUBLE_EQ(quota(), 3);
    write("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_DOUBLE_EQ(quota(), 0.5);
    write("/sys/fs/cgroup/elsewhere/cpu.max", "1000 100000\n"); // not on the way
    EXPECT_DOUBLE_EQ(quota(), 0.5);
}

TEST_F(CpuCount, ReadsVersionOneToo)
{
    write("/proc/self/mountinfo", mounts_of_v1);
    write("/proc/self/cgroup", "3:memory:/user/other\n2:cpu,cpuacct:/user/job\n");
    write("/sys/fs/cgroup/cpu,cpuacct/user/job/cpu.cfs_quota_us", "-1\n");
    write("/sys/fs/cgroup/cpu,cpuacct/user/job/cpu.cfs_period_us", "100000\n");
    EXPECT_TRUE(std::isinf(quota()));
    write("/sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us", "250000\n");
    write("/sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us", "100000\n");
    EXPECT_DOUBLE_EQ(quota(), 2.5);
}

TEST_F(CpuCount, FindsTheGroupOfAContainerThatSeesItsHostsPath)
{
    write("/proc/self/mountinfo", "32 23 0:28 /docker/12ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
    write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    write("/proc/self/cgroup", "2:cpu:/docker/12ab\n");
    EXPECT_DOUBLE_EQ(quota(), 2);
    write("/proc/self/cgroup", "2:cpu:/docker/12abcd\n"); // another; where it is mounted is the best that is known
    EXPECT_DOUBLE_EQ(quota(), 2);
    write("/proc/self/cgroup", "2:cpu:/../elsewhere\n");
    EXPECT_DOUBLE_EQ(quota(), 2);
}

TEST_F(CpuCount, IsNotMisledByWhatItDoesNotUnderstand)
{
    for (const char* garbage : {"", "\n", ":", "0:", "0::", "0::/\0", "x y z", "1 2 3 4 5 6 - cgroup2\n", "-\n- - - -\n"}) {
        write("/proc/self/cgroup", garbage);
        write("/proc/self/mountinfo", std::string(garbage) + "\n" + mount_of_v2);
        EXPECT_TRUE(std::isinf(quota())) << garbage;
    }
    write("/proc/self/cgroup", "0::/\n");
    for (const char* garbage : {"-5 100000", "0 100000", "100000 0", "100000", "many few"}) {
        write("/sys/fs/cgroup/cpu.max", garbage);
        EXPECT_TRUE(std::isinf(quota())) << garbage;
    }
}

TEST_F(CpuCount, HonoursTheAffinityMask)
{
    const unsigned before = simul::cpu_count();
    EXPECT_GE(before, 1u);
    EXPECT_LE(before, std::max(1u, std::thread::hardware_concurrency()));
    std::thread([] {
        cpu_set_t allowed;
        ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
        int one = 0;
        while (!CPU_ISSET(one, &allowed))
            ++one;
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(one, &mask);
        ASSERT_EQ(::sched_setaffinity(0, sizeof mask, &mask), 0); // of this thread alone
        EXPECT_EQ(simul::cpu_count(), 1u);
    }).join();
    EXPECT_EQ(simul::cpu_count(), before);
}

} // namespace
