// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, by as many processes as there are processors: each waits for its own.
#include "workers.hpp"

void collect(int, int pages)
{
    std::vector<std::string> titles;
    for (; pages > 0; --pages) {
        simul::http::client web(wiki(1));
        titles.push_back(simul::block_on(random_title(web)));
    }
    simul::block_on(write_line(titles));
}

int main(int argc, char** argv)
{
    timed([&] { in_processes(collect, pages_wanted(argc, argv), workers_wanted(argc, argv)); });
}
