// SPDX-License-Identifier: MIT
//
// What every C++ benchmark program, ours or a peer's, does alike: `PROGRAM [--quick] [FIGURE...]` prints `FIGURE VALUE`
// for each figure asked for (all, when none is).
//
//     int main(int argc, char** argv)
//     {
//         bench::program program(argc, argv);
//         program.figure("yield", 1'000'000, [](long n) { return bench::timed([&] { ... n yields ... }); });
//     }
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

namespace bench {

inline double now_ns()
{
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// How long `body()` takes, in ns.
double timed(auto&& body)
{
    const double start = now_ns();
    body();
    return now_ns() - start;
}

/// Resident memory of this process, in bytes.
inline double resident_bytes()
{
    long pages = 0;
    if (std::FILE* const statm = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(statm, "%*d %ld", &pages) != 1)
            pages = 0;
        std::fclose(statm);
    }
    return static_cast<double>(pages) * 4096;
}

class program {
public:
    program(int argc, char** argv) : asked_(argv + 1, argv + argc)
    {
        quick_ = std::erase(asked_, "--quick") > 0;
    }

    /// Prints what one of `count` costs, when this figure was asked for. `measure(n)` returns what n cost; it is called
    /// once with a tenth to warm up.
    void figure(std::string_view name, long count, auto&& measure)
    {
        if (!wants(name))
            return;
        if (quick_)
            count /= 10;
        measure(count / 10);
        print(name, measure(count) / static_cast<double>(count));
    }

    bool quick() const { return quick_; }
    bool wants(std::string_view name) const { return asked_.empty() || std::ranges::count(asked_, name) > 0; }

    static void print(std::string_view name, double value)
    {
        std::printf("%.*s %.6g\n", static_cast<int>(name.size()), name.data(), value);
        std::fflush(stdout);
    }

private:
    std::vector<std::string_view> asked_;
    bool quick_ = false;
};

/// Uses `value`, so that the compiler can't drop what computed it.
inline void keep(const auto& value)
{
    asm volatile("" : : "g"(&value) : "memory");
}

} // namespace bench
