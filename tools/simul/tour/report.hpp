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
    std::string job;
    std::string model;
    std::string lesson;
    double ideal = 0; ///< seconds: what it would take if nothing but waiting and computing cost time
    outcome seen;
};

struct report {
    std::string machine; ///< "2 processors, Linux 6.1"
    std::string version;
    course where;
    std::vector<result> results;
};

/// "Five genres over HTTP, each into a file"
std::string_view title_of(std::string_view job);
/// The rows of one job: a table, and below how many pieces were under way at what time.
std::string table_of(const report& all, const std::string& job, bool colour);
/// What the rows teach together, and where C++ ends differently from Python.
std::string lessons_of(const report& all);
/// A page that needs nothing beside it: the table, and a picture of each piece, to be zoomed into.
std::string page_of(const report& all);
std::string json_of(const report& all);

} // namespace tour
