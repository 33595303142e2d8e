// SPDX-License-Identifier: MIT
#include "../command.hpp"
#include "site.hpp"

#include <simul/http/server.hpp>
#include <simul/io/standard_streams.hpp>
#include <simul/io/tcp.hpp>
#include <simul/run/run.hpp>
#include <simul/task/race.hpp>

#include <cstdio>
#include <fmt/core.h>

namespace cli {

namespace {

using simul::task;

task<> until_input_ends()
{
    while (!(co_await simul::stdin_().read_some()).empty()) {
    }
}

task<> serve_demo(std::string at, demo::options how, bool until_eof)
{
    simul::listener door = simul::tcp::listen(at);
    fmt::print("http://{}/\n", door.local());
    std::fflush(stdout);

    simul::http::server site;
    site.mount("/", demo::site(how));
    simul::http::serve_options serving;
    serving.door = std::move(door);
    if (until_eof)
        co_await simul::race(site.serve(std::move(serving)), until_input_ends());
    else
        co_await site.serve(std::move(serving));
}

class demo_command final : public command {
public:
    void declare(command_line& line) override
    {
        line.option({"--at", "HOST:PORT"}, at_, "where to listen (127.0.0.1:8080); port 0: any free one");
        line.option({"--genre-latency", "TIME"}, how_.genre_latency, "until a genre is answered, in the median (180ms)");
        line.option({"--wiki-latency", "TIME"}, how_.wiki_latency, "until an article is there, redirect included (60ms)");
        line.option({"--spread", "SIGMA"}, how_.spread, "of latencies around their median (0.25); 0: none");
        line.option({"--slow", "SHARE"}, how_.slow_share, "of requests that take five times as long (0.01)");
        line.option({"--fail", "SHARE"}, how_.failing_share, "of requests that are answered with 500 (0)");
        line.option({"--at-once", "N"}, how_.at_once, "requests of one client; more get 429 with Retry-After (0: any number)");
        line.option({"--seed", "N"}, seed_, "draws other latencies and failures (1)");
        line.option("--until-eof", until_eof_, "ends when its standard input does");
    }

    int run() override
    {
        how_.seed = static_cast<std::uint64_t>(seed_);
        for (const double share : {how_.slow_share, how_.failing_share})
            if (!(share >= 0 && share <= 1))
                throw usage_error("a SHARE is from 0 to 1");
        if (!(how_.spread >= 0 && how_.spread <= 3))
            throw usage_error("SIGMA is from 0 to 3");
        simul::run(serve_demo(at_, how_, until_eof_));
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "The site that stands for the genre API and the wiki of the lesson, for programs that are being tried out:\n\n"
               "    curl http://127.0.0.1:8080/wp-json/genrenator/v1/genre/\n"
               "    curl -L http://127.0.0.1:8080/wiki/Special:Random\n\n"
               "Its first line on standard output is its address. The same seed gives the same answers, latencies and failures.\n";
    }

private:
    std::string at_ = "127.0.0.1:8080";
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
