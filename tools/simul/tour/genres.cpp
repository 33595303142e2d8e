// SPDX-License-Identifier: MIT
//
// Five genres over HTTP, each into a file.
#include "heat.hpp"

#include <simul/http/client.hpp>
#include <simul/io/fs.hpp>
#include <simul/run/block_on.hpp>
#include <simul/run/run.hpp>
#include <simul/run/thread.hpp>
#include <simul/task/gather.hpp>

#include <fmt/format.h>
#include <list>
#include <ranges>

namespace tour {

namespace {

using simul::task;

constexpr int genres = 5;

std::string url_of(const course& where)
{
    return where.site + "wp-json/genrenator/v1/genre/";
}

std::string file_of(const course& where, int number)
{
    return fmt::format("{}/new_file{}.txt", where.directory, number);
}

piece write_genre(const course& where, int number)
{
    piece made{.name = {}, .lane = number, .begin = clock_seconds(), .end = 0};
    made.name = simul::http::get(url_of(where)).result().raise_for_status().json<std::string>();
    simul::block_on(simul::fs::write(file_of(where, number), made.name));
    made.end = clock_seconds();
    return made;
}

task<piece> write_genre(simul::http::client& web, const course& where, int number)
{
    piece made{.name = {}, .lane = number, .begin = clock_seconds(), .end = 0};
    made.name = (co_await web.get(url_of(where))).raise_for_status().json<std::string>();
    co_await simul::fs::write(file_of(where, number), made.name);
    made.end = clock_seconds();
    co_return made;
}

} // namespace

std::vector<piece> genres_sync(const course& where)
{
    std::vector<piece> all;
    for (int i = 0; i < genres; ++i)
        all.push_back(write_genre(where, i));
    for (piece& each : all)
        each.lane = 0;
    return all;
}

std::vector<piece> genres_threads(const course& where)
{
    std::vector<piece> all(genres);
    std::list<simul::thread> threads;
    for (int i = 0; i < genres; ++i)
        threads.emplace_back([&, i] { all[static_cast<std::size_t>(i)] = write_genre(where, i); }).start();
    for (simul::thread& each : threads)
        each.join();
    return all;
}

std::vector<piece> genres_async(const course& where)
{
    return simul::run([](const course& at) -> task<std::vector<piece>> {
        simul::http::client web;
        co_return co_await simul::gather(std::views::iota(0, genres) |
                                         std::views::transform([&](int number) { return write_genre(web, at, number); }));
    }(where));
}

} // namespace tour
