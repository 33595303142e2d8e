// SPDX-License-Identifier: MIT
//
// The jobs that Python asks for: in a program of their own (main.cpp), and as a library for `simul worker`.
#include <simul/cluster/job.hpp>
#include <simul/cluster/this_job.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using simul::cluster::job;
namespace this_job = simul::cluster::this_job;

int add(int x, int y)
{
    return x + y;
}
const job<&add> add_job{"cpp.add", {"x", "y"}};

int sum(const std::vector<int>& all)
{
    return std::accumulate(all.begin(), all.end(), 0);
}
const job<&sum> sum_job{"cpp.sum"};

void fail(const std::string& why)
{
    throw std::invalid_argument(why);
}
const job<&fail> fail_job{"cpp.fail"};

std::string echo(const std::string& text)
{
    return text;
}
const job<&echo> echo_job{"cpp.echo"};

void sleep(double seconds)
{
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}
const job<&sleep> sleep_job{"cpp.sleep"};

void die()
{
    std::abort();
}
const job<&die> die_job{"cpp.die"};

int steps(int n)
{
    for (int i = 1; i <= n; ++i) {
        this_job::progress(simul::json::object{{"done", i}});
        std::this_thread::sleep_for(200ms);
    }
    return n;
}
const job<&steps> steps_job{"cpp.steps"};

simul::task<std::string> wait(double seconds)
{
    co_await simul::sleep(std::chrono::duration<double>(seconds));
    co_return this_job::id();
}
const job<&wait> wait_job{"cpp.wait"};

unsigned flaky()
{
    if (this_job::retries() < 2)
        throw std::runtime_error("not yet");
    return this_job::retries();
}
const job<&flaky> flaky_job{"cpp.flaky", {}, {.retries = 2, .backoff = 100ms}};

} // namespace
