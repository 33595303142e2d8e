// SPDX-License-Identifier: MIT
//
// What all ways of collecting titles share: where they come from, what they are, and where they go.
#pragma once

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <simul/http/client.hpp>
#include <simul/simul.hpp>
#include <simul/text/html.hpp>

#include <cstdlib>
#include <string>
#include <vector>

/// For so many connections to the encyclopedia; or to what stands in for it, as `simul demo` says.
inline simul::http::client_options wiki(std::size_t connections)
{
    const char* other = std::getenv("SITE");
    return {.base_url = other ? other : "https://en.wikipedia.org",
            .headers = {{"User-Agent", "Mozilla/5.0"}},
            .limit_per_host = connections};
}

/// The first heading of a random article. One without a heading is an article, too.
inline simul::task<std::string> random_title(simul::http::client& web)
{
    const auto page = (co_await web.get("/wiki/Special:Random")).raise_for_status();
    const auto document = simul::html::parse(page.text(), {.charset = "utf-8"});
    const auto heading = document.find("h1");
    co_return heading ? heading->clean_text() : "(no title)";
}

/// One line in one piece, so that those of several processes don't mix.
inline simul::task<> write_line(std::vector<std::string> titles)
{
    co_await simul::fs::append("wiki_titles.tsv", fmt::format("{}\n", fmt::join(titles, "\t")));
}

/// How many pages, as the command line says.
inline int pages_wanted(int argc, char** argv)
{
    return argc > 1 ? std::stoi(argv[1]) : 100;
}

inline void timed(auto collect)
{
    const auto start = simul::now();
    fmt::print("Starting: Please wait (This may take a while)....\n");
    collect();
    const std::chrono::duration<double> took = simul::now() - start;
    fmt::print("Time to complete: {:.2f} seconds.\n", took.count());
}
