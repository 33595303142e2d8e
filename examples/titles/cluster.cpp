// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, by workers on other machines: each gets a share, and asks for ten at a time.
#include "../cluster/here.hpp"
#include "workers.hpp"

simul::task<std::vector<std::string>> titles_of(int pages)
{
    simul::http::client web(wiki(10));
    std::vector<simul::task<std::string>> downloads;
    for (; pages > 0; --pages)
        downloads.push_back(random_title(web));
    co_return co_await simul::gather(std::move(downloads), {.limit = 10});
}
const simul::cluster::job<&titles_of> titles_job{"titles.collect", {"pages"}, {.retries = 3}};

simul::task<> collect(simul::cluster::app& pool, int argc, char** argv)
{
    const std::vector<int> pages = shares(pages_wanted(argc, argv), workers_wanted(argc, argv));
    for (std::vector<std::string>& titles : co_await pool.map(titles_of, pages, {.chunk = 1}))
        co_await write_line(std::move(titles));
}

int main(int argc, char** argv)
{
    timed([&] { simul::run(in_cluster(argc, argv, collect)); });
}
