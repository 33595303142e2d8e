// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, ten at a time, on one thread.
#include "wiki.hpp"

simul::task<> collect(int pages)
{
    simul::http::client web(wiki(10));
    std::vector<simul::task<std::string>> downloads;
    for (; pages > 0; --pages)
        downloads.push_back(random_title(web));
    co_await write_line(co_await simul::gather(std::move(downloads), {.limit = 10}));
}

int main(int argc, char** argv)
{
    timed([&] { simul::run(collect(pages_wanted(argc, argv))); });
}
