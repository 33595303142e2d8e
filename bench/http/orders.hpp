// SPDX-License-Identifier: MIT
//
// What every C++ client does alike: load.py orders, it fetches and says what that took.
//
//     bench::orders orders(argc, argv);
//     while (orders.next()) {
//         ... get http://127.0.0.1:`orders.port`/ `orders.count` times, `orders.concurrency` at once
//         orders.done();
//         ... close the connections
//     }
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace bench {

class orders {
public:
    orders(int argc, char** argv) : port(static_cast<std::uint16_t>(argc == 2 ? std::atoi(argv[1]) : 0))
    {
        if (port == 0)
            fail("CLIENT PORT");
    }

    /// Waits for the next one. False: that was all.
    bool next()
    {
        if (std::scanf("%d %d", &concurrency, &count) != 2)
            return false;
        cpu_ = us(CLOCK_PROCESS_CPUTIME_ID);
        wall_ = us(CLOCK_MONOTONIC);
        return true;
    }
    void done() const
    {
        std::printf("%.3f %.3f\n", us(CLOCK_PROCESS_CPUTIME_ID) - cpu_, us(CLOCK_MONOTONIC) - wall_);
        std::fflush(stdout);
    }

    [[noreturn]] static void fail(const char* why)
    {
        std::fprintf(stderr, "%s\n", why);
        std::_Exit(1);
    }

    std::uint16_t port;
    int concurrency = 0;
    int count = 0;

private:
    static double us(clockid_t clock)
    {
        timespec now{};
        ::clock_gettime(clock, &now);
        return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
    }

    double cpu_ = 0;
    double wall_ = 0;
};

} // namespace bench
