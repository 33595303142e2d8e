// SPDX-License-Identifier: MIT
//
// How long the lesson's programs take on its machine of 16 processors, in virtual time, where a page is a wait: shared as they
// share, and evenly. A page was 0.8886 seconds over new connections, and 0.4792 over one that is kept.
#include "workers.hpp"

#include <numeric>
using namespace std::chrono_literals;

constexpr auto anew = 888'600us;
constexpr auto kept = 479'200us;

simul::task<> one_by_one(int pages, simul::duration each)
{
    for (; pages > 0; --pages)
        co_await simul::sleep(each);
}

simul::task<> predict(const char* what, std::vector<int> shares, simul::duration each)
{
    const auto start = simul::now();
    std::vector<simul::task<>> workers;
    for (int share : shares)
        workers.push_back(one_by_one(share, each));
    co_await simul::gather(std::move(workers));
    fmt::print("{:<40}{:4} pages {:6.2f} s\n", what, std::accumulate(shares.begin(), shares.end(), 0),
               std::chrono::duration<double>(simul::now() - start).count());
}

/// As the lesson does: the last one's remainder is that of another division.
std::vector<int> lesson_shares(int pages, int workers)
{
    std::vector<int> all(workers, pages / workers);
    all.back() += pages % (pages / workers);
    return all;
}

simul::task<> lesson()
{
    co_await predict("one after the other", {100}, anew);
    co_await predict("one by one", {100}, kept);
    co_await predict("processes, as the lesson shares", lesson_shares(100, 16), anew);
    co_await predict("processes, evenly", shares(100, 16), anew);
    co_await predict("both, as the lesson shares", lesson_shares(100, 16), kept);
    co_await predict("both, evenly", shares(100, 16), kept);
    co_await predict("ten at a time, in one thread", shares(100, 10), kept);
    co_await predict("13 processes, as the lesson shares", lesson_shares(100, 13), anew);
}

int main()
{
    simul::run(lesson(), {.backend = simul::backend::sim});
}
