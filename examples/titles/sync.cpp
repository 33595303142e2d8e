// SPDX-License-Identifier: MIT
//
// The titles of 100 random articles, one after the other, each over connections of its own: plain calls that block.
#include "wiki.hpp"

std::string random_title()
{
    simul::http::client web(wiki(1));
    return simul::block_on(random_title(web));
}

int main(int argc, char** argv)
{
    timed([&] {
        std::vector<std::string> titles;
        for (int pages = pages_wanted(argc, argv); pages > 0; --pages)
            titles.push_back(random_title());
        simul::block_on(write_line(titles));
    });
}
