// SPDX-License-Identifier: MIT
//
// Tabs of a browser: a process each, so that one that crashes takes no other with it. In threads, all would be gone.
#include <fmt/core.h>
#include <simul/simul.hpp>

#include <csignal>
#include <string>
#include <vector>

std::string show(std::string page)
{
    if (page == "broken")
        std::raise(SIGKILL);
    return "shown";
}

int main()
{
    simul::process_pool tabs({.workers = 3});
    std::vector<std::pair<std::string, simul::future<std::string>>> open;
    for (const char* page : {"news", "broken", "mail", "weather"})
        open.emplace_back(page, tabs.submit(show, std::string(page)));
    for (auto& [page, tab] : open) {
        try {
            fmt::print("{}: {}\n", page, tab.result());
        } catch (const simul::worker_died& end) {
            fmt::print("{}: this tab was ended by signal {}\n", page, end.signal());
        }
    }
}
