// SPDX-License-Identifier: MIT
//
// A hundred articles of an encyclopedia, and the title of each into a file: waiting and computing, both.
#include "heat.hpp"

#include <simul/http/client.hpp>
#include <simul/io/fs.hpp>
#include <simul/run/block_on.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>
#include <simul/text/html.hpp>

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ranges>
#include <utility>

namespace tour {

namespace {

using simul::task;

std::string url_of(const course& where)
{
    return where.site + "wiki/Special:Random";
}

std::string title_in(const simul::http::response& page)
{
    const auto document = simul::html::parse_until(page.body(), {"h1"}, {.charset = "utf-8"});
    const auto heading = document.find("h1");
    return heading ? heading->clean_text() : "(no title)";
}

/// One line in one piece, so that those of several processes don't mix.
task<> write_titles(const course& where, const std::vector<piece>& pages)
{
    co_await simul::fs::append(where.directory + "/wiki_titles.tsv",
                               fmt::format("{}\n", fmt::join(pages | std::views::transform(&piece::name), "\t")));
}

/// A connection for each page and one for its redirect, as plain code does it.
std::vector<piece> one_after_the_other(const course& where, int pages, int lane)
{
    std::vector<piece> all;
    for (int i = 0; i < pages; ++i) {
        piece made{.name = {}, .lane = lane, .begin = clock_seconds(), .end = 0};
        made.name = title_in(simul::http::get(url_of(where)).result().raise_for_status());
        made.end = clock_seconds();
        all.push_back(std::move(made));
    }
    simul::block_on(write_titles(where, all));
    return all;
}

/// The tasks that are under way, as lanes: each takes the first that is free.
class lanes {
public:
    int take()
    {
        const auto free = std::ranges::find(taken_, false);
        if (free == taken_.end()) {
            taken_.push_back(true);
            return static_cast<int>(taken_.size()) - 1;
        }
        *free = true;
        return static_cast<int>(free - taken_.begin());
    }
    void give_back(int lane) { taken_[static_cast<std::size_t>(lane)] = false; }

private:
    std::vector<bool> taken_;
};

task<piece> get_title(simul::http::client& web, const course& where, lanes& of)
{
    piece made{.name = {}, .lane = of.take(), .begin = clock_seconds(), .end = 0};
    const auto page = (co_await web.get(url_of(where))).raise_for_status();
    made.name = title_in(page);
    made.end = clock_seconds();
    of.give_back(made.lane);
    co_return made;
}

task<std::vector<piece>> several_at_once(const course& where, int pages, int at_once)
{
    simul::http::client web{{.limit_per_host = static_cast<std::size_t>(at_once)}};
    lanes of;
    auto all = co_await simul::gather(
        std::views::iota(0, pages) | std::views::transform([&](int) { return get_title(web, where, of); }),
        {.limit = static_cast<std::size_t>(at_once)});
    co_await write_titles(where, all);
    co_return all;
}

std::vector<piece> several_at_once_here(const course& where, int pages, int lane)
{
    auto all = simul::run(several_at_once(where, pages, where.at_once));
    for (piece& each : all)
        each.lane += lane * where.at_once;
    return all;
}

/// `collect(where, share, number)` in each of the workers; the shares differ by one at most, and together are all.
std::vector<piece> in_processes(std::vector<piece> (*collect)(const course&, int, int), const course& where)
{
    simul::process_pool pool({.workers = static_cast<std::size_t>(where.workers)});
    std::vector<simul::future<std::vector<piece>>> jobs;
    for (int i = 0; i < where.workers; ++i) {
        const int share = where.pages / where.workers + (i < where.pages % where.workers ? 1 : 0);
        jobs.push_back(pool.submit(collect, where, share, i));
    }
    std::vector<piece> all;
    for (auto& each : jobs)
        std::ranges::move(each.result(), std::back_inserter(all));
    return all;
}

} // namespace

std::vector<piece> titles_sync(const course& where)
{
    return one_after_the_other(where, where.pages, 0);
}

std::vector<piece> titles_one_by_one(const course& where)
{
    return simul::run(several_at_once(where, where.pages, 1));
}

std::vector<piece> titles_async(const course& where)
{
    return simul::run(several_at_once(where, where.pages, where.at_once));
}

std::vector<piece> titles_processes(const course& where)
{
    return in_processes(one_after_the_other, where);
}

std::vector<piece> titles_processes_async(const course& where)
{
    return in_processes(several_at_once_here, where);
}

} // namespace tour
