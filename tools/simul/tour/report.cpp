// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <simul/text/json.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace tour {

namespace {

constexpr std::size_t picture_width = 46;

struct style {
    std::string_view bold, dim, good, end;
};
constexpr style plain{};
constexpr style coloured{"\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"};

/// How many pieces were under way in each of the columns, as bars of eight heights.
std::string picture_of(const std::vector<piece>& pieces, double whole)
{
    constexpr std::array<std::string_view, 9> bars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::array<double, picture_width> busy{};
    const double column = whole / picture_width;
    for (const piece& each : pieces) {
        for (std::size_t i = 0; i < picture_width; ++i) {
            const double from = static_cast<double>(i) * column;
            busy[i] += std::max(0.0, std::min(each.end, from + column) - std::max(each.begin, from)) / column;
        }
    }
    const double most = std::max(10.0, std::ranges::max(busy)); // one at a time looks like one
    std::string picture;
    for (const double each : busy)
        picture += bars[each < 0.05 ? 0 : std::clamp<std::size_t>(static_cast<std::size_t>(each / most * 8 + 0.5), 1, 8)];
    return picture;
}

} // namespace

std::string_view title_of(std::string_view job)
{
    return job == "genres"   ? "Five genres over HTTP, each into a file"
           : job == "powers" ? "Sixteen numbers of six million digits"
                             : "The titles of a hundred articles";
}

std::string table_of(const report& all, const std::string& job, bool colour)
{
    const style& look = colour ? coloured : plain;
    std::vector<const result*> rows;
    for (const result& each : all.results)
        if (each.job == job)
            rows.push_back(&each);
    double longest = 0;
    double fastest = rows.front()->seen.wall;
    for (const result* each : rows) {
        longest = std::max(longest, each->seen.wall);
        fastest = std::min(fastest, each->seen.wall);
    }

    std::string text = fmt::format("{}{}{}\n{}  {:<11}{:>8}{:>9}{:>9}{:>8}{:>8}{:>9}{}\n", look.bold, title_of(job), look.end, look.dim,
                                   "", "seconds", "faster", "ideal", "CPU s", "at once", "MiB", look.end);
    for (const result* each : rows) {
        const outcome& seen = each->seen;
        const bool best = seen.wall == fastest;
        text += fmt::format("  {:<11}{}{:>8.2f}{:>8.1f}x{}{:>9.2f}{:>8.2f}{:>8}{:>9.0f}   {}{}{}\n", each->model, best ? look.good : "",
                            seen.wall, rows.front()->seen.wall / seen.wall, best ? look.end : "", each->ideal, seen.cpu,
                            most_at_once(seen.pieces), static_cast<double>(seen.peak_kib) / 1024, look.dim, each->lesson, look.end);
    }
    for (const result* each : rows)
        text += fmt::format("  {:<11}|{}|\n", each->model, picture_of(each->seen.pieces, longest));
    return text;
}

std::string lessons_of(const report& all)
{
    return fmt::format("Who waits needs no thread: one loop does what five threads or a hundred connections would.\n"
                       "Who computes needs processors: there are {}, and threads use them all. In Python threads don't; there the\n"
                       "powers take as long with threads as without, for one lock lets one of them run at a time.\n"
                       "Who does both does both: a loop in each process.\n",
                       all.where.workers);
}

std::string json_of(const report& all)
{
    std::string text = fmt::format("{{\"schema\":\"simul.tour/1\",\"version\":{},\"machine\":{},\"rows\":[",
                                   simul::json::dump(all.version), simul::json::dump(all.machine));
    const char* comma = "";
    for (const result& each : all.results) {
        text += fmt::format("{}{{\"job\":{},\"model\":{},\"lesson\":{},\"seconds\":{:.4f},\"ideal\":{:.4f},\"cpu_seconds\":{:.4f},"
                            "\"at_once\":{},\"workers\":{},\"peak_kib\":{},\"pieces\":{}}}",
                            comma, simul::json::dump(each.job), simul::json::dump(each.model), simul::json::dump(each.lesson),
                            each.seen.wall, each.ideal, each.seen.cpu, most_at_once(each.seen.pieces), each.seen.workers,
                            each.seen.peak_kib, simul::json::dump(each.seen.pieces));
        comma = ",";
    }
    return text + "]}\n";
}

} // namespace tour
