// SPDX-License-Identifier: MIT
#include "heat.hpp"

#include <simul/base/error.hpp>
#include <simul/io/fs.hpp>
#include <simul/run/block_on.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sys/resource.h>

namespace tour {

namespace {

struct usage {
    double cpu;
    std::int64_t peak_kib;
};

usage usage_of(int who)
{
    rusage now{};
    ::getrusage(who, &now);
    const auto seconds = [](const timeval& of) { return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6; };
    return {seconds(now.ru_utime) + seconds(now.ru_stime), now.ru_maxrss};
}

/// Each piece of the job was done, and none twice.
void check(const heat& which, const course& where, const std::vector<piece>& pieces)
{
    std::set<std::string> names;
    for (const piece& each : pieces)
        names.insert(each.name);
    const auto wanted = static_cast<std::size_t>(which.job == "titles" ? where.pages : which.job == "powers" ? where.powers : 5);
    if (pieces.size() != wanted || names.size() != wanted)
        throw simul::error(std::errc::protocol_error, fmt::format("{} {}: {} pieces of {}, {} of them different", which.job,
                                                                  which.model, pieces.size(), wanted, names.size()));
}

} // namespace

const std::vector<heat>& heats()
{
    static const std::vector<heat> all = {
        {"genres", "sync", "program", "one waits for the other", genres_sync, false},
        {"genres", "threads", "thread", "all wait at once: a thread each", genres_threads, false},
        {"genres", "async", "task", "one thread does: as long as the slowest", genres_async, false},
        {"powers", "sync", "program", "one processor computes, the others watch", powers_sync, false},
        {"powers", "threads", "thread", "all compute: C++ has no global lock", powers_threads, true},
        {"powers", "processes", "process", "the same, each in memory of its own", powers_processes, true},
        {"titles", "sync", "program", "a new connection for each page", titles_sync, false},
        {"titles", "one by one", "task", "one await after the other: no faster", titles_one_by_one, false},
        {"titles", "async", "task", "ten pages at once, in one thread", titles_async, false},
        {"titles", "processes", "process", "as many at once as there are processes", titles_processes, true},
        {"titles", "both", "task", "ten at once in each process", titles_processes_async, true},
    };
    return all;
}

outcome run(const heat& which, const course& where)
{
    // The first use of a thing isn't what is compared.
    auto directory = simul::block_on(simul::fs::temp_dir());
    course here = where;
    here.directory = directory.path();

    outcome seen;
    seen.workers = which.in_workers ? where.workers : which.model == "threads" ? 5 : 1;
    const double cpu_before = usage_of(RUSAGE_SELF).cpu;
    const double begin = clock_seconds();
    seen.pieces = which.run(here);
    seen.wall = clock_seconds() - begin;
    const usage own = usage_of(RUSAGE_SELF);
    const usage children = usage_of(RUSAGE_CHILDREN);
    seen.cpu = own.cpu - cpu_before + children.cpu;
    seen.peak_kib = std::max(own.peak_kib, children.peak_kib);
    check(which, where, seen.pieces);
    for (piece& each : seen.pieces) {
        each.begin -= begin;
        each.end -= begin;
    }
    std::ranges::sort(seen.pieces, {}, &piece::begin);
    simul::block_on(directory.close());
    return seen;
}

int most_at_once(const std::vector<piece>& pieces)
{
    std::vector<std::pair<double, int>> changes;
    for (const piece& each : pieces) {
        changes.emplace_back(each.begin, 1);
        changes.emplace_back(each.end, -1);
    }
    std::ranges::sort(changes);
    int now = 0;
    int most = 0;
    for (const auto& [time, change] : changes)
        most = std::max(most, now += change);
    return most;
}

} // namespace tour
