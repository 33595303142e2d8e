// SPDX-License-Identifier: MIT
//
// What the race was: as a table and pictures for a terminal, as a page, as JSON.
#pragma once

#include "heat.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tour {

struct result {
    const heat* of;
    double ideal = 0; ///< seconds: what it would take if nothing but waiting and computing cost time
    outcome seen;
};

struct report {
    unsigned processors = 1;
    std::string system; ///< "Linux 6.1"
    std::string version;
    course where;
    std::vector<result> results;
};

/// A line of a job's table.
struct row {
    const result* what;
    double faster; ///< than the first of the job
    bool fastest;
};

/// Those of one job, in the order of the race.
std::vector<row> rows_of(const report& all, std::string_view job);

/// "2 processors, Linux 6.1"
std::string machine_of(const report& all);
/// "Five genres over HTTP, each into a file"
std::string title_of(const report& all, std::string_view job);
/// "thread 3"; "process 2, task 7". Lanes count from 0, and people from 1.
std::string lane_name(const heat& of, const course& where, int lane);
int lane_count(const outcome& seen);

/// The rows of one job: a table, and below which lane did a piece at what time.
std::string table_of(const report& all, std::string_view job, bool colour);
/// What the rows teach together, and where C++ ends differently from Python: a paragraph each.
std::vector<std::string> lessons_of(const report& all);
/// A page that needs nothing beside it: the table, and a picture of each piece, to be zoomed into.
std::string page_of(const report& all);
std::string json_of(const report& all);

} // namespace tour
