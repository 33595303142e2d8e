// SPDX-License-Identifier: MIT
//
// What it costs to run a program: started and waited for, one after another; with its output kept; and how long the loop
// stands still for it.
#include "../program.hpp"

#include <simul/io/subprocess.hpp>
#include <simul/run/run.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

simul::task<> spawn_and_wait(long n)
{
    for (long i = 0; i < n; ++i) {
        simul::subprocess child({"/bin/true"});
        co_await child.wait();
    }
}

simul::task<> start(long n, double& spent)
{
    for (long i = 0; i < n; ++i) {
        std::optional<simul::subprocess> child;
        spent += bench::timed([&] { child.emplace(std::vector<std::string>{"/bin/true"}); });
        co_await child->wait();
    }
}

simul::task<> keep_output(long n)
{
    for (long i = 0; i < n; ++i)
        bench::keep(co_await simul::output_of({"/bin/echo", "hello"}));
}

double microseconds(auto&& body)
{
    return bench::timed(body) / 1000;
}

} // namespace

int main(int argc, char** argv)
{
    bench::program program(argc, argv);
    program.figure("subprocess_spawn", 1000,
                   [](long n) { return microseconds([&] { simul::run(spawn_and_wait(n)); }); });
    program.figure("subprocess_output", 1000, [](long n) { return microseconds([&] { simul::run(keep_output(n)); }); });
    program.figure("subprocess_start", 1000, [](long n) {
        double spent = 0;
        simul::run(start(n, spent));
        return spent / 1000;
    });
}
