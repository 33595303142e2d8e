// SPDX-License-Identifier: MIT
//
// A redis-server for a benchmark, at a Unix socket in a directory of its own, with the key "key"; and what this
// process, the client, spends.
#pragma once

#include "../program.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

class redis_process {
public:
    redis_process()
    {
        char name[] = "/tmp/bench_redis_XXXXXX";
        directory_ = ::mkdtemp(name);
        pid_ = ::fork();
        if (pid_ == 0) {
            const std::string log = directory_ + "/log", path = socket();
            ::execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path.c_str(), "--dir",
                     directory_.c_str(), "--save", "", "--appendonly", "no", "--logfile", log.c_str(), nullptr);
            ::_exit(127);
        }
        while (::access(socket().c_str(), F_OK) != 0)
            ::usleep(1000);
    }
    redis_process(const redis_process&) = delete;
    redis_process& operator=(const redis_process&) = delete;
    ~redis_process()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        if (std::system(("rm -r " + directory_).c_str()) != 0)
            std::perror("rm");
    }

    std::string socket() const { return directory_ + "/redis.sock"; }

private:
    std::string directory_;
    pid_t pid_;
};

/// CPU time of this process, in ns.
inline double own_cpu_ns()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto ns = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_usec) * 1e3;
    };
    return ns(used.ru_utime) + ns(used.ru_stime);
}

double own_cpu(auto&& body)
{
    const double before = own_cpu_ns();
    body();
    return own_cpu_ns() - before;
}

constexpr long pipeline_size = 1000; ///< commands in a pipeline
constexpr long tasks_at_once = 100;  ///< each with a command of its own

} // namespace bench
