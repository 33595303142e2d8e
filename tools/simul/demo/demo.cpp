// SPDX-License-Identifier: MIT
#include "../command.hpp"
#include "site.hpp"

#include <simul/http/server.hpp>
#include <simul/io/standard_streams.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/io/tcp.hpp>
#include <simul/run/run.hpp>
#include <simul/task/race.hpp>
#include <simul/task/spawn.hpp>

#include <fmt/core.h>
#include <utility>

namespace cli {

namespace {

namespace http = simul::http;
using namespace std::chrono_literals;
using simul::task;

task<> until_input_ends()
{
    while (!(co_await simul::stdin_().read_some()).empty()) {
    }
}

task<> serve(http::server& site, http::serve_options how, bool until_eof)
{
    if (until_eof)
        co_await simul::race(site.serve(std::move(how)), until_input_ends());
    else
        co_await site.serve(std::move(how));
}

/// As long as a program runs, which finds the site's URL in its environment. Returns how it ends, as a shell would.
task<int> serve_program(http::server& site, http::serve_options how, std::vector<std::string> command)
{
    const std::string url = fmt::format("http://{}", how.door.local());
    auto serving = simul::spawn(site.serve(std::move(how)));
    const simul::exit_status end = co_await simul::subprocess(std::move(command), {.environment = {{"SITE", url}}}).wait();
    site.stop();
    co_await serving;
    co_return end.signal ? 128 + end.signal : end.code;
}

class demo_command final : public command {
public:
    void declare(command_line& line) override
    {
        line.option({"--at", "HOST:PORT"}, at_, "where to listen (127.0.0.1:8080; for a COMMAND any free port)");
        line.option({"--genre-latency", "TIME"}, how_.genre_latency, "until a genre is answered, in the median (180ms)");
        line.option({"--wiki-latency", "TIME"}, how_.wiki_latency, "until an article is there, redirect included (60ms)");
        line.option({"--spread", "SIGMA"}, how_.spread, "of latencies around their median (0.25); 0: none");
        line.option({"--slow", "SHARE"}, how_.slow_share, "of requests that take five times as long (0.01)");
        line.option({"--fail", "SHARE"}, how_.failing_share, "of requests that are answered with 500 (0)");
        line.option({"--at-once", "N"}, how_.at_once, "requests of one client; more get 429 with Retry-After (0: any number)");
        line.option({"--seed", "N"}, seed_, "draws other latencies and failures (1)");
        line.option("--until-eof", until_eof_, "ends when its standard input does");
        line.rest("COMMAND", command_);
    }

    int run() override
    {
        how_.seed = static_cast<std::uint64_t>(seed_);
        for (const double share : {how_.slow_share, how_.failing_share})
            if (!(share >= 0 && share <= 1))
                throw usage_error("a SHARE is from 0 to 1");
        if (!(how_.spread >= 0 && how_.spread <= 3))
            throw usage_error("SIGMA is from 0 to 3");
        return simul::run(work());
    }

    std::string_view details() const override
    {
        return "The site that stands for the genre API and the wiki of the lesson, for programs that are being tried out:\n\n"
               "    curl http://127.0.0.1:8080/wp-json/genrenator/v1/genre/\n"
               "    curl -L http://127.0.0.1:8080/wiki/Special:Random\n\n"
               "Its first line on standard output is its address. The same seed gives the same answers, latencies and failures.\n\n"
               "    simul demo -- ./program --its-option\n\n"
               "runs a program that finds the address in the variable SITE, and ends as that does.\n";
    }

private:
    task<int> work()
    {
        http::server site({.grace = 100ms});
        site.mount("/", demo::site(how_));
        http::serve_options how;
        how.door = simul::tcp::listen(at_.value_or(command_.empty() ? "127.0.0.1:8080" : "127.0.0.1:0"));
        if (!command_.empty())
            co_return co_await serve_program(site, std::move(how), command_);
        fmt::print("http://{}/\n", how.door.local());
        flush_output();
        co_await serve(site, std::move(how), until_eof_);
        co_return exit_code::ok;
    }

    std::optional<std::string> at_;
    std::vector<std::string> command_;
    demo::options how_;
    int seed_ = 1;
    bool until_eof_ = false;
};

} // namespace

std::unique_ptr<command> make_demo()
{
    return std::make_unique<demo_command>();
}

} // namespace cli
