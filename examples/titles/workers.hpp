// SPDX-License-Identifier: MIT
//
// What both ways of collecting titles in processes share: who does how many, and that somebody looks at what became of it.
#pragma once

#include "wiki.hpp"

/// How many of the pages each worker gets: all of them, none twice, and nobody two more than another.
inline std::vector<int> shares(int pages, int workers)
{
    std::vector<int> all(workers, pages / workers);
    for (int i = 0; i < pages % workers; ++i)
        ++all[i];
    return all;
}

/// `collect(number, pages)` in so many processes, with the number of each.
template <class Fn> void in_processes(Fn collect, int pages, int workers)
{
    simul::process_pool pool({.workers = static_cast<std::size_t>(workers)});
    std::vector<simul::future<>> jobs;
    for (int number = 0; int share : shares(pages, workers))
        jobs.push_back(pool.submit(collect, number++, share));
    for (simul::future<>& done : simul::as_completed(jobs))
        done.result(); // throws what went wrong there
}

/// How many, as the command line says; as many as there are processors to use.
inline int workers_wanted(int argc, char** argv)
{
    return argc > 2 ? std::stoi(argv[2]) : static_cast<int>(simul::cpu_count());
}
