// SPDX-License-Identifier: MIT
//
// Five genres by five tasks on one thread, through one client.
#include <fmt/core.h>
#include <simul/http/client.hpp>
#include <simul/simul.hpp>

#include <cstdlib>
#include <string>
#include <vector>

simul::task<> write_genre(simul::http::client& web, std::string file)
{
    const auto answer = (co_await web.get("/wp-json/genrenator/v1/genre/")).raise_for_status();
    const auto genre = answer.json<std::string>();
    fmt::print("Writing \"{}\" to \"{}\"...\n", genre, file);
    co_await simul::fs::write(file, genre);
}

simul::task<> amain()
{
    const auto start = simul::now();
    fmt::print("Starting...\n");
    const char* site = std::getenv("SITE"); // set by `simul demo`, which stands in for the real one
    simul::http::client web({.base_url = site ? site : "https://binaryjazz.us"});
    std::vector<simul::task<>> writes;
    for (int i = 0; i < 5; ++i)
        writes.push_back(write_genre(web, fmt::format("genre{}.txt", i)));
    co_await simul::gather(std::move(writes));
    const std::chrono::duration<double> took = simul::now() - start;
    fmt::print("Time to complete: {:.2f} seconds\n", took.count());
}

int main()
{
    simul::run(amain());
}
