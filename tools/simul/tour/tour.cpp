// SPDX-License-Identifier: MIT
//
// The lesson, raced: each job in each model, one after the other, each in a process of its own, against a demo site in another.
#include "../command.hpp"
#include "../demo/site.hpp"
#include "../progress.hpp"
#include "../seconds.hpp"
#include "report.hpp"

#include <simul/base/error.hpp>
#include <simul/base/version.hpp>
#include <simul/http/client.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/run/cpu_count.hpp>
#include <simul/run/run.hpp>
#include <simul/text/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>

namespace cli {

namespace {

using simul::task;

constexpr const char* this_program = "/proc/self/exe";

/// "Linux 6.1"
std::string system_text()
{
    utsname system{};
    ::uname(&system);
    return fmt::format("{} {}", system.sysname, system.release);
}

/// Whether what goes to standard output has colours, as --color says.
bool in_colour(std::string_view when)
{
    return when == "always" || (when == "auto" && wants_colour(STDOUT_FILENO));
}

/// A demo site in a process of its own, that ends with ours.
class demo_process {
public:
    explicit demo_process(const demo::options& how)
        : process_({this_program, "demo", "--at", "127.0.0.1:0", "--until-eof", "--seed", std::to_string(how.seed),
                    "--wiki-latency", fmt::format("{}us", how.wiki_latency / std::chrono::microseconds(1)), "--slow",
                    std::to_string(how.slow_share)},
                   {.input = simul::redirect::pipe(), .output = simul::redirect::pipe()})
    {
    }

    /// Its address.
    task<std::string> url()
    {
        const auto line = co_await process_.output().read_line();
        if (!line)
            throw simul::error(std::errc::io_error, "the demo site did not start");
        co_return *line;
    }
    task<> end()
    {
        co_await process_.input().close();
        co_await process_.wait();
    }

private:
    simul::subprocess process_;
};

/// How long pieces take of which so many are done at once, each as soon as a place is free.
double shortest(const std::vector<double>& pieces, int at_once)
{
    std::vector<double> places(static_cast<std::size_t>(at_once));
    for (const double each : pieces)
        *std::ranges::min_element(places) += each;
    return std::ranges::max(places);
}

class tour_command final : public command {
public:
    tour_command()
    {
        where_.workers = std::max(2, static_cast<int>(simul::cpu_count()));
        how_.wiki_latency = std::chrono::milliseconds(40);
        how_.slow_share = 0;
    }

    void declare(command_line& line) override
    {
        line.option({"--html", "FILE"}, page_, "where the page with the pictures goes (simul-tour.html); empty: nowhere");
        line.option("--json", json_, "prints the results as JSON, with each piece");
        line.choice({"--color", "WHEN"}, color_, {"auto", "always", "never"},
                    "always, never, or auto: on a terminal, and as NO_COLOR and CLICOLOR_FORCE say");
        line.option({"--pages", "N"}, where_.pages, "articles whose titles are wanted (100)", 1, 4096);
        line.option({"--at-once", "N"}, where_.at_once, "of them on their way in one loop (10)", 1, 100);
        line.option({"--workers", "N"}, where_.workers, "threads and processes (as many as there are processors, two at least)", 1, 64);
        line.option({"--seed", "N"}, seed_, "of the site's latencies (1)");
        line.option({"--heat", "JOB/MODEL"}, heat_, ""); // what its processes are started with
        line.option({"--site", "URL"}, where_.site, "");
        line.rest("JOB", jobs_, {"genres", "powers", "titles"});
    }

    int run() override
    {
        if (!heat_.empty())
            return run_heat();
        how_.seed = static_cast<std::uint64_t>(seed_);
        check_page_can_be_written();
        simul::run(race());
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "JOB is genres, powers or titles; all, unless some are named. The site that they fetch from is `simul demo`, so nothing\n"
               "leaves this machine. A row's process is its own: its CPU time and memory are nobody else's.\n";
    }

private:
    /// Nobody should hear of that when the race is over.
    void check_page_can_be_written() const
    {
        const std::string directory = std::filesystem::path(page_).parent_path().string();
        if (std::filesystem::is_directory(page_))
            throw simul::error(std::errc::is_a_directory, page_ + ": is a directory");
        if (!page_.empty() && ::access(directory.empty() ? "." : directory.c_str(), W_OK) != 0)
            throw simul::error::from_errno(errno, page_);
    }

    /// In the process that does nothing else.
    int run_heat() const
    {
        const auto& all = tour::heats();
        const auto which =
            std::ranges::find_if(all, [&](const tour::heat& each) { return fmt::format("{}/{}", each.job, each.model) == heat_; });
        if (which == all.end())
            throw usage_error(fmt::format("there is no {}", heat_));
        fmt::print("{}\n", simul::json::dump(tour::run(*which, where_)));
        return exit_code::ok;
    }

    bool is_wanted(const tour::heat& each) const
    {
        return jobs_.empty() || std::ranges::find(jobs_, each.job) != jobs_.end();
    }

    task<> race()
    {
        demo_process site(how_);
        where_.site = co_await site.url();
        tour::report report{.processors = simul::cpu_count(),
                            .system = system_text(),
                            .version = std::string(simul::version),
                            .where = where_,
                            .results = {}};
        for (const tour::heat& each : tour::heats()) {
            if (!is_wanted(each))
                continue;
            show_running(each);
            report.results.push_back({.of = &each, .ideal = 0, .seen = co_await outcome_of(each)});
            report.results.back().ideal = ideal_of(each, report);
            if (&each == &tour::heats().back() || (&each + 1)->job != each.job)
                show_job(report, each.job);
        }
        co_await site.end();
        co_await finish(report);
    }

    task<tour::outcome> outcome_of(const tour::heat& each)
    {
        co_await simul::http::post(where_.site + "demo/reset");
        const simul::bytes told =
            co_await simul::output_of({this_program, "tour", "--heat", fmt::format("{}/{}", each.job, each.model), "--site",
                                       where_.site, "--workers", std::to_string(where_.workers), "--pages",
                                       std::to_string(where_.pages), "--at-once", std::to_string(where_.at_once)});
        co_return simul::json::parse<tour::outcome>(told);
    }

    /// From the site's latencies; for what computes, from how long the pieces took without company, in the first row.
    double ideal_of(const tour::heat& of, const tour::report& so_far) const
    {
        std::vector<double> each;
        if (of.job == "powers")
            for (const tour::piece& one : tour::rows_of(so_far, of.job).front().what->seen.pieces)
                each.push_back(one.end - one.begin);
        else if (of.job == "genres")
            for (std::uint64_t i = 0; i < 5; ++i)
                each.push_back(seconds(demo::genre_latency(how_, i)));
        else
            for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(where_.pages); ++i)
                each.push_back(seconds(demo::page_latency(how_, i)));
        return shortest(each, at_once(of));
    }

    /// How many pieces can be done at once.
    int at_once(const tour::heat& of) const
    {
        if (of.job == "genres")
            return of.model == "sync" ? 1 : 5;
        if (of.job == "powers")
            return of.in_workers ? std::min(where_.workers, static_cast<int>(simul::cpu_count())) : 1;
        return (of.in_workers ? where_.workers : 1) * (of.model == "async" || of.model == "both" ? where_.at_once : 1);
    }

    void show_running(const tour::heat& each) const
    {
        if (can_draw(STDERR_FILENO)) {
            fmt::print(stderr, "\r\x1b[K{} {} ...", each.job, each.model);
            std::fflush(stderr);
        }
    }

    void show_job(const tour::report& report, std::string_view job) const
    {
        if (can_draw(STDERR_FILENO))
            fmt::print(stderr, "\r\x1b[K");
        if (!json_) {
            fmt::print("{}\n", tour::table_of(report, job, in_colour(color_)));
            flush_output();
        }
    }

    task<> finish(const tour::report& report)
    {
        if (json_)
            fmt::print("{}", tour::json_of(report));
        else if (jobs_.empty())
            for (const std::string& each : tour::lessons_of(report))
                fmt::print("{}\n", each);
        if (page_.empty())
            co_return;
        co_await simul::fs::write(page_, tour::page_of(report), {.atomic = true});
        fmt::print(stderr, "{} shows each piece of it: when, where, for how long\n", page_);
    }

    tour::course where_;
    demo::options how_;
    std::vector<std::string> jobs_;
    std::string page_ = "simul-tour.html";
    std::string heat_;
    std::string color_ = "auto";
    bool json_ = false;
    int seed_ = 1;
};

} // namespace

std::unique_ptr<command> make_tour()
{
    return std::make_unique<tour_command>();
}

} // namespace cli
