// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, each awaited before the next is asked for. What this gains over blocking calls is the
// connection that is kept; nothing of it is concurrent.
#include "wiki.hpp"

simul::task<> collect(int pages)
{
    simul::http::client web(wiki(1));
    std::vector<std::string> titles;
    for (; pages > 0; --pages)
        titles.push_back(co_await random_title(web));
    co_await write_line(std::move(titles));
}

int main(int argc, char** argv)
{
    timed([&] { simul::run(collect(pages_wanted(argc, argv))); });
}
