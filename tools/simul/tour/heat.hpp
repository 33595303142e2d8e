// SPDX-License-Identifier: MIT
//
// A heat of the race: one of the lesson's jobs, done in one way; and what was seen of it.
#pragma once

#include "../seconds.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tour {

/// A piece of the job: a request, a power, with what belongs to it.
struct piece {
    std::string name;   ///< what came of it: a title, a genre
    int lane = 0;       ///< the task, thread or process that did it
    double begin = 0;   ///< in seconds of the steady clock, which all processes share
    double end = 0;
};

/// What a heat was, as its process tells it.
struct outcome {
    double wall = 0;             ///< seconds
    double cpu = 0;              ///< seconds, of it and its children
    std::int64_t peak_kib = 0;   ///< of memory; the largest of the processes
    int workers = 1;             ///< threads or processes
    std::vector<piece> pieces;   ///< in the order of their beginning; times from the heat's begin on
};

/// Where it runs, and with how much.
struct course {
    std::string site;      ///< the demo's URL, with "/" at the end
    std::string directory; ///< for its files; empty at first
    int workers = 2;       ///< processes, and threads for what computes
    int pages = 100;
    int at_once = 10;      ///< pages on their way, where that is bounded
    int powers = 16;
};

struct heat {
    std::string_view job;    ///< "genres"
    std::string_view model;  ///< "async"
    std::string_view lane;   ///< "task": what does one piece after the other
    std::string_view lesson; ///< what the row teaches, in a sentence
    std::vector<piece> (*run)(const course&);
    bool in_workers;         ///< uses `course::workers`
};

/// In the order of the table; the first of each job is what the others are compared with.
const std::vector<heat>& heats();

/// In this process. *Throws:* simul::error when something is missing at the end.
outcome run(const heat& which, const course& where);

/// How many pieces were under way at once, at most.
int most_at_once(const std::vector<piece>& pieces);

inline double clock_seconds()
{
    return cli::seconds(std::chrono::steady_clock::now().time_since_epoch());
}

// The jobs, each in its file.
std::vector<piece> genres_sync(const course& where);
std::vector<piece> genres_threads(const course& where);
std::vector<piece> genres_async(const course& where);
std::vector<piece> powers_sync(const course& where);
std::vector<piece> powers_threads(const course& where);
std::vector<piece> powers_processes(const course& where);
std::vector<piece> titles_sync(const course& where);
std::vector<piece> titles_one_by_one(const course& where);
std::vector<piece> titles_async(const course& where);
std::vector<piece> titles_processes(const course& where);
std::vector<piece> titles_processes_async(const course& where);

} // namespace tour
