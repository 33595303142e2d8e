// SPDX-License-Identifier: MIT
//
// A site on this machine that stands in for those that the examples ask: genres, articles, and the time that a network takes.
//
//     $ ./site/demo ./genres/async        runs that with SITE=http://127.0.0.1:..., and ends as it does
//
// The same every time: genres in one order, no article twice, 10 to 29 ms for an answer, in one order, too.
#include <fmt/core.h>
#include <simul/http/server.hpp>
#include <simul/simul.hpp>
#include <simul/text/html.hpp>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using simul::task;
using simul::http::request;
using simul::http::response;

std::string genre(unsigned number)
{
    static constexpr const char* kinds[] = {"acid", "baroque", "dream", "future", "ghost",
                                            "neo",  "post",    "space", "swamp"};
    static constexpr const char* styles[] = {"blues", "disco", "folk", "funk", "house", "jazz", "polka", "punk"};
    return fmt::format("{} {}", kinds[number % std::size(kinds)], styles[number % std::size(styles)]);
}

/// 100 kB, as an encyclopedia's are.
std::string article(std::string_view title)
{
    std::string page = fmt::format("<!DOCTYPE html>\n<meta charset=\"utf-8\"><title>{0} - Demo</title>\n"
                                   "<h1 id=\"firstHeading\"><span>{0}</span></h1>\n",
                                   simul::html::escape(title));
    for (int i = 1; page.size() < 100'000; ++i)
        page += fmt::format(
            "<h2>Section {0}</h2>\n<p>As is <a href=\"/wiki/Known_{0}\">well known</a>, {0} comes before {1}, "
            "behind {2}<sup><a href=\"#note-{0}\">[{0}]</a></sup>; all else is disputed &amp; unproven.</p>\n",
            i, i + 1, i - 1);
    return page;
}

task<int> demo(std::vector<std::string> command)
{
    std::mt19937 random(1);
    const auto latency = [&] { return simul::sleep(std::chrono::milliseconds(10 + random() % 20)); };
    unsigned genres = 0, articles = 0;

    simul::http::server site;
    site.get("/wp-json/genrenator/v1/genre/", [&](request&) -> task<response> {
        co_await latency();
        co_return simul::http::json(genre(genres++));
    });
    site.get("/wiki/Special:Random", [&](request&) -> task<response> {
        co_await latency();
        co_return simul::http::redirect(fmt::format("/wiki/Salt_%26_Pepper_{}", ++articles), 302);
    });
    site.get("/wiki/{name}", [&](request& asked) -> task<response> {
        co_await latency();
        std::string title(asked.param("name"));
        std::ranges::replace(title, '_', ' ');
        co_return simul::http::html(article(title));
    });

    auto door = simul::tcp::listen("127.0.0.1:0");
    const std::string here = "http://" + door.local().text();
    auto serving = simul::spawn(site.serve({.door = std::move(door)}));
    const auto end = co_await simul::subprocess(std::move(command), {.environment = {{"SITE", here}}}).wait();
    site.stop();
    co_await serving;
    co_return end.code;
}

int main(int argc, char** argv)
{
    try {
        return simul::run(demo({argv + 1, argv + argc}));
    } catch (const simul::error& trouble) {
        fmt::print(stderr, "{}\n", trouble.what());
        return 127;
    }
}
