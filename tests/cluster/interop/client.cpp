// SPDX-License-Identifier: MIT
//
// interop_client BROKER RESULTS: what a C++ client asks of the Python worker of tasks.py, and of the C++ one of jobs.cpp in
// turn. Says what is wrong.
#include <simul/cluster/app.hpp>
#include <simul/cluster/errors.hpp>
#include <simul/run/run.hpp>
#include <simul/task/timeout.hpp>

#include <chrono>
#include <cstdlib>
#include <fmt/core.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace cluster = simul::cluster;

int wrong = 0;

void check(bool right, std::string_view what)
{
    if (!right) {
        fmt::print(stderr, "interop_client: {}\n", what);
        ++wrong;
    }
}

int twice(int x) { return 2 * x; }
const cluster::job<&twice> twice_job{"py.double", {"x"}};

/// Calls of tasks that only Python has, and of jobs of the C++ worker.
auto py_double(auto... args)
{
    return cluster::call<int>({.queue = "python"}, "py.double", args...);
}
auto cpp_add(auto... args)
{
    return cluster::call<int>({.queue = "celery"}, "cpp.add", args...);
}

simul::task<> ask_for_jobs(cluster::app& app)
{
    check(co_await app.submit({.queue = "python"}, twice_job, 21) == 42, "a declared job");
    check(co_await app.submit<int>({.queue = "python"}, "py.double", cluster::keyword("x", 4)) == 8, "by name and keyword");
    try {
        co_await app.submit<int>({.queue = "python"}, "py.double");
        check(false, "an argument is missing, and nobody says so");
    } catch (const cluster::argument_error& e) {
        check(std::string_view(e.what()).find("x") != std::string_view::npos, e.what());
    }
    try {
        co_await app.submit<int>({.queue = "python"}, "py.double", simul::json::object{{"no", "number"}});
        check(false, "a dict was doubled");
    } catch (const cluster::argument_error&) { // TypeError
    }
}

simul::task<> ask_for_workflows(cluster::app& app, bool joins)
{
    check(co_await app.submit(cluster::chain(cpp_add(2, 3), py_double(), cpp_add(1))) == 11, "a chain through both languages");
    check(co_await app.submit(cluster::group(py_double(1), cpp_add(1, 2))) == std::tuple(2, 3), "a group of both languages");
    if (joins) {
        check(co_await app.submit(cluster::chord(cluster::group(std::vector{py_double(1), py_double(2)}),
                                                 cluster::call<int>({.queue = "python"}, "py.total"))) == 6,
              "a chord in Python");
        check(co_await app.submit(cluster::chord(cluster::group(py_double(1), cpp_add(1, 2)),
                                                 cluster::call<int>({.queue = "python"}, "py.total"))) == 5,
              "a chord of both languages");
    }
}

simul::task<> ask(std::string broker, std::string results, bool joins)
{
    cluster::app app(broker, {.results = results});
    cluster::app python(broker, {.queue = "python", .results = results});
    co_await simul::timeout(25s, ask_for_jobs(app));
    co_await simul::timeout(25s, ask_for_workflows(app, joins));
    check(co_await simul::timeout(25s, python.map(twice_job, std::vector<int>{1, 2, 3}, {.chunk = 2})) == std::vector<int>{2, 4, 6},
          "a map in Python");
    co_await app.close();
    co_await python.close();
}

} // namespace

int main(int count, char** values)
{
    if (count < 3)
        return 2;
    const std::string results = values[2];
    try {
        simul::run(ask(values[1], results, !results.starts_with("rpc")));
    } catch (const std::exception& e) {
        check(false, e.what());
    }
    return wrong;
}
