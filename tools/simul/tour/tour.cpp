// SPDX-License-Identifier: MIT
//
// The lesson, raced: each job in each model, one after the other, each in a process of its own, against a demo site in another.
#include "../command.hpp"
#include "../demo/site.hpp"
#include "../progress.hpp"
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
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <utility>

namespace cli {

namespace {

using simul::task;

constexpr const char* this_program = "/proc/self/exe";

double seconds(simul::duration time)
{
    return std::chrono::duration<double>(time).count();
}

std::string machine_text()
{
    utsname system{};
    ::uname(&system);
    const auto processors = simul::cpu_count();
    return fmt::format("{} processor{}, {} {}", processors, processors == 1 ? "" : "s", system.sysname, system.release);
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
        line.option({"--pages", "N"}, where_.pages, "articles whose titles are wanted (100)", 1, 4096);
        line.option({"--at-once", "N"}, where_.at_once, "of them on their way in one loop (10)", 1, 100);
        line.option({"--workers", "N"}, where_.workers, "threads and processes (as many as there are processors, two at least)", 1, 64);
        line.option({"--seed", "N"}, seed_, "of the site's latencies (1)");
        line.option({"--heat", "JOB/MODEL"}, heat_, ""); // what its processes are started with
        line.option({"--site", "URL"}, where_.site, "");
        line.rest("JOB", jobs_);
    }

    int run() override
    {
        if (!heat_.empty())
            return run_heat();
        for (const std::string& each : jobs_)
            if (std::ranges::find(tour::heats(), each, &tour::heat::job) == tour::heats().end())
                throw usage_error(fmt::format("JOB is genres, powers or titles, not \"{}\"", each));
        how_.seed = static_cast<std::uint64_t>(seed_);
        simul::run(race());
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "JOB is genres, powers or titles; all, unless some are named. The site that they fetch from is `simul demo`, so nothing\n"
               "leaves this machine. A row's process is its own: its CPU time and memory are nobody else's.\n";
    }

private:
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
        tour::report report{.machine = machine_text(), .version = std::string(simul::version), .where = where_, .results = {}};
        for (const tour::heat& each : tour::heats()) {
            if (!is_wanted(each))
                continue;
            show_running(each);
            report.results.push_back(co_await result_of(each));
            if (&each == &tour::heats().back() || (&each + 1)->job != each.job)
                show_job(report, std::string(each.job));
        }
        co_await site.end();
        co_await finish(report);
    }

    task<tour::result> result_of(const tour::heat& each)
    {
        co_await simul::http::post(where_.site + "demo/reset");
        const simul::bytes told =
            co_await simul::output_of({this_program, "tour", "--heat", fmt::format("{}/{}", each.job, each.model), "--site",
                                       where_.site, "--workers", std::to_string(where_.workers), "--pages",
                                       std::to_string(where_.pages), "--at-once", std::to_string(where_.at_once)});
        tour::result made{.job = std::string(each.job),
                          .model = std::string(each.model),
                          .lesson = std::string(each.lesson),
                          .ideal = 0,
                          .seen = simul::json::parse<tour::outcome>(told)};
        made.ideal = ideal_of(each, made.seen);
        co_return made;
    }

    /// From the site's latencies; for what computes, from how long it took without company.
    double ideal_of(const tour::heat& of, const tour::outcome& seen)
    {
        double all = 0;
        double longest = 0;
        const auto add = [&](double one) {
            all += one;
            longest = std::max(longest, one);
        };
        double at_once = of.in_workers ? where_.workers : 1;
        if (of.job == "powers") {
            if (of.model == "sync")
                for (const tour::piece& each : seen.pieces)
                    computing_ += each.end - each.begin;
            return computing_ / std::min<double>(at_once, simul::cpu_count());
        }
        if (of.job == "genres") {
            for (std::uint64_t i = 0; i < 5; ++i)
                add(seconds(demo::genre_latency(how_, i)));
            return of.model == "sync" ? all : longest;
        }
        for (int i = 0; i < where_.pages; ++i)
            add(seconds(demo::page_latency(how_, static_cast<std::uint64_t>(i))));
        if (of.model == "async" || of.model == "both")
            at_once *= where_.at_once;
        return std::max(all / at_once, longest);
    }

    void show_running(const tour::heat& each) const
    {
        if (can_draw()) {
            fmt::print(stderr, "\r\x1b[K{} {} ...", each.job, each.model);
            std::fflush(stderr);
        }
    }

    void show_job(const tour::report& report, const std::string& job) const
    {
        if (can_draw())
            fmt::print(stderr, "\r\x1b[K");
        if (!json_) {
            fmt::print("{}\n", tour::table_of(report, job, wants_colour()));
            std::fflush(stdout);
        }
    }

    task<> finish(const tour::report& report)
    {
        if (json_)
            fmt::print("{}", tour::json_of(report));
        else if (jobs_.empty())
            fmt::print("{}\n", tour::lessons_of(report));
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
    bool json_ = false;
    int seed_ = 1;
    double computing_ = 0; // that the powers take on one processor
};

} // namespace

std::unique_ptr<command> make_tour()
{
    return std::make_unique<tour_command>();
}

} // namespace cli
