// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, by as many processes as there are processors, and ten at a time in each of them.
#include "workers.hpp"

simul::task<> collect_several(int pages)
{
    simul::http::client web(wiki(10));
    std::vector<simul::task<std::string>> downloads;
    for (; pages > 0; --pages)
        downloads.push_back(random_title(web));
    co_await write_line(co_await simul::gather(std::move(downloads), {.limit = 10}));
}

void collect(int number, int pages)
{
    fmt::print("Process {} starting...\n", number);
    simul::run(collect_several(pages));
    fmt::print("Process {} finished.\n", number);
}

int main(int argc, char** argv)
{
    timed([&] { in_processes(collect, pages_wanted(argc, argv), workers_wanted(argc, argv)); });
}
