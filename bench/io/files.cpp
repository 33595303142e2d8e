// SPDX-License-Identifier: MIT
//
// What files cost: small ones, 64 at a time, and a large one in blocks.
#include "../program.hpp"
#include "many_files.hpp"

#include <simul/io/fs.hpp>
#include <simul/run/run.hpp>
#include <simul/task/gather.hpp>

#include <ranges>

namespace {

namespace fs = simul::fs;
using simul::task;
using paths = std::vector<std::string>;

const std::string content(bench::small_file, 'x');

task<> read_one(const std::string& path)
{
    bench::keep(co_await fs::read(path));
}

task<> write_one(const std::string& path)
{
    co_await fs::write(path, content);
}

void for_each(const paths& all, task<> (*work)(const std::string&))
{
    simul::run([](const paths& each, task<> (*of_each)(const std::string&)) -> task<> {
        co_await simul::gather(each | std::views::transform(of_each), {.limit = bench::files_at_once});
    }(all, work));
}

task<> read_blocks(std::string path)
{
    bench::block_room room;
    fs::file large = co_await fs::open(path);
    while (co_await large.read({room.data(), room.size()}) > 0)
        bench::keep(*room.data());
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    bench::measure_files(
        program, [](const paths& all) { for_each(all, read_one); }, [](const paths& all) { for_each(all, write_one); },
        [](const std::string& path) { simul::run(read_blocks(path)); });
}
