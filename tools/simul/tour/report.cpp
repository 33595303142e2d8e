// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <simul/text/json.hpp>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <ranges>
#include <string_view>

namespace tour {

namespace {

struct style {
    std::string_view bold, dim, good, end;
};
constexpr style plain{};
constexpr style coloured{"\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"};

constexpr std::size_t picture_width = 62; // columns of a terminal
constexpr std::size_t picture_height = 5; // lines, at most, for one row of the table

using lane_columns = std::array<bool, picture_width>; // where it is at work

/// A piece leaves its last column empty where it is wide enough, so that the next can be told from it.
std::vector<lane_columns> columns_of(const outcome& seen, double whole)
{
    std::vector<lane_columns> lanes(static_cast<std::size_t>(lane_count(seen)));
    const auto column = [&](double time) { return static_cast<std::size_t>(time / whole * picture_width + 0.5); };
    for (const piece& each : seen.pieces) {
        const std::size_t begin = std::min(column(each.begin), picture_width - 1);
        const std::size_t end = std::clamp(column(each.end), begin + 1, picture_width);
        std::fill_n(lanes[static_cast<std::size_t>(each.lane)].begin() + static_cast<std::ptrdiff_t>(begin),
                    end - begin - (end - begin > 2 ? 1 : 0), true);
    }
    return lanes;
}

/// Two lanes in each line, as the halves of its characters.
std::vector<std::string> picture_of(const outcome& seen, double whole)
{
    constexpr std::array<std::string_view, 4> halves = {" ", "▀", "▄", "█"};
    auto lanes = columns_of(seen, whole);
    if (lanes.size() % 2 != 0)
        lanes.emplace_back();
    std::vector<std::string> lines;
    for (std::size_t lane = 0; lane < std::min(lanes.size(), 2 * picture_height); lane += 2) {
        std::string& line = lines.emplace_back();
        line = "|";
        for (std::size_t i = 0; i < picture_width; ++i)
            line += halves[(lanes[lane][i] ? 1u : 0u) + (lanes[lane + 1][i] ? 2u : 0u)];
        line += "|";
    }
    if (const int left_out = lane_count(seen) - static_cast<int>(2 * picture_height); left_out > 0)
        lines.back() += fmt::format(" and {} more", left_out);
    return lines;
}

double mebibytes(std::int64_t kibibytes)
{
    return static_cast<double>(kibibytes) / 1024;
}

} // namespace

std::vector<row> rows_of(const report& all, std::string_view job)
{
    std::vector<row> rows;
    for (const result& each : all.results)
        if (each.of->job == job)
            rows.push_back({.what = &each, .faster = 1, .fastest = false});
    for (row& each : rows)
        each.faster = rows.front().what->seen.wall / each.what->seen.wall;
    if (const auto best = std::ranges::max_element(rows, {}, &row::faster); best != rows.end())
        best->fastest = true;
    return rows;
}

std::string machine_of(const report& all)
{
    return fmt::format("{} processor{}, {}", all.processors, all.processors == 1 ? "" : "s", all.system);
}

std::string title_of(const report& all, std::string_view job)
{
    if (job == "genres")
        return "Five genres over HTTP, each into a file";
    if (job == "powers")
        return "Sixteen numbers of six million digits";
    return fmt::format("The titles of {} articles", all.where.pages == 100 ? "a hundred" : std::to_string(all.where.pages));
}

std::string lane_name(const heat& of, const course& where, int lane)
{
    if (of.model == "both")
        return fmt::format("process {}, task {}", lane / where.at_once + 1, lane % where.at_once + 1);
    return of.lane == "program" ? "the program" : fmt::format("{} {}", of.lane, lane + 1);
}

int lane_count(const outcome& seen)
{
    return seen.pieces.empty() ? 0 : std::ranges::max(seen.pieces, {}, &piece::lane).lane + 1;
}

std::string table_of(const report& all, std::string_view job, bool colour)
{
    const style& look = colour ? coloured : plain;
    const std::vector<row> rows = rows_of(all, job);
    const double longest = std::ranges::max(rows | std::views::transform([](const row& each) { return each.what->seen.wall; }));

    std::string text = fmt::format("{}{}{}\n{}  {:<11}{:>7}{:>8}{:>7}{:>7}{:>9}{:>5}{}\n", look.bold, title_of(all, job), look.end, look.dim,
                                   "", "seconds", "faster", "ideal", "CPU s", "at once", "MiB", look.end);
    for (const auto& [what, faster, fastest] : rows) {
        const outcome& seen = what->seen;
        text += fmt::format("  {:<11}{}{:>7.2f}{:>7.1f}x{}{:>7.2f}{:>7.2f}{:>9}{:>5.0f}   {}{}{}\n", what->of->model,
                            fastest ? look.good : "", seen.wall, faster, fastest ? look.end : "", what->ideal, seen.cpu,
                            most_at_once(seen.pieces), mebibytes(seen.peak_kib), look.dim, what->of->lesson, look.end);
    }
    for (const row& each : rows) {
        std::string_view label = each.what->of->model;
        for (const std::string& line : picture_of(each.what->seen, longest)) {
            text += fmt::format("  {:<11}{}\n", label, line);
            label = {};
        }
    }
    return text;
}

std::vector<std::string> lessons_of(const report& all)
{
    return {"Who waits needs no thread: one loop does what five threads or a hundred connections would.",
            all.processors == 1 ? std::string("Who computes needs processors: there is one, and threads can't make it two.")
                                : fmt::format("Who computes needs processors: there are {}, and threads use them all.", all.processors),
            "In Python they don't: one lock lets one thread run at a time, so the powers take as long with threads as without.",
            "Who does both does both: a loop in each process."};
}

std::string json_of(const report& all)
{
    std::string text = fmt::format("{{\"schema\":\"simul.tour/1\",\"version\":{},\"machine\":{},\"rows\":[",
                                   simul::json::dump(all.version), simul::json::dump(machine_of(all)));
    const char* comma = "";
    for (const auto& [of, ideal, seen] : all.results) {
        std::vector<std::string> lanes;
        for (int lane = 0; lane < lane_count(seen); ++lane)
            lanes.push_back(lane_name(*of, all.where, lane));
        text += fmt::format("{}{{\"job\":{},\"model\":{},\"lesson\":{},\"seconds\":{:.4f},\"ideal\":{:.4f},\"cpu_seconds\":{:.4f},"
                            "\"at_once\":{},\"workers\":{},\"peak_kib\":{},\"lanes\":{},\"pieces\":{}}}",
                            comma, simul::json::dump(of->job), simul::json::dump(of->model), simul::json::dump(of->lesson), seen.wall,
                            ideal, seen.cpu, most_at_once(seen.pieces), seen.workers, seen.peak_kib, simul::json::dump(lanes),
                            simul::json::dump(seen.pieces));
        comma = ",";
    }
    return text + "]}\n";
}

} // namespace tour
