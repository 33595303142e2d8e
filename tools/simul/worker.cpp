// SPDX-License-Identifier: MIT
//
// `simul worker`: runs the jobs of a library that it loads. The pool's processes, which begin without `main`, load it too:
// they find its path in the environment.
#include "command.hpp"

#include <simul/base/error.hpp>
#include <simul/cluster/job.hpp>
#include <simul/cluster/worker.hpp>
#include <simul/run/run.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <fmt/core.h>
#include <fmt/format.h>

namespace cli {

namespace {

namespace cluster = simul::cluster;

constexpr const char* libraries_variable = "SIMUL_WORKER_APP"; // paths, with ':' between

void load(const std::string& path)
{
    if (::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL))
        return;
    const std::string why = ::dlerror();
    throw simul::error(std::errc::no_such_file_or_directory,
                       why.starts_with(path) ? why : "the library " + path + " can't be loaded: " + why);
}

void load_in_process()
{
    std::string_view paths = std::getenv(libraries_variable) ? std::getenv(libraries_variable) : "";
    while (!paths.empty()) {
        const std::size_t end = std::min(paths.find(':'), paths.size());
        load(std::string(paths.substr(0, end)));
        paths.remove_prefix(std::min(end + 1, paths.size()));
    }
}

/// "a,b" as two.
void split(std::string_view list, std::vector<std::string>& to)
{
    to.clear();
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (end > 0)
            to.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

void log_job(const cluster::job_report& done)
{
    fmt::print(stderr, "{} {} {} {:.3f} s{}{}\n", done.id, done.name, done.state, std::chrono::duration<double>(done.took).count(),
               done.error.empty() ? "" : ": ", done.error);
}
void log_trouble(const cluster::job_report& done)
{
    if (done.state != "SUCCESS")
        log_job(done);
}
void log_ready(std::string_view name)
{
    fmt::print(stderr, "{} is ready\n", name);
}

class worker final : public command {
public:
    void declare(command_line& line) override
    {
        line.option({"-b", "--broker", "URL"}, broker_, "where jobs come from (redis://127.0.0.1); redis, rediss, amqp, amqps");
        line.option({"-A", "--app", "LIBRARY"}, libraries_, "a shared library with jobs: ./libmine.so; several times for several");
        line.option({"-Q", "--queues", "A,B"}, [this](std::string_view list) { split(list, options_.queues); },
                    "whose jobs it takes (celery)");
        line.option({"-c", "--concurrency", "N"}, concurrency_, "processes for functions (0: one for each CPU)");
        line.option({"--coroutines", "N"}, coroutines_, "jobs at once that are coroutines", 1);
        line.option({"--prefetch", "N"}, prefetch_, "for each process, so many jobs are taken ahead", 1);
        line.option({"--results", "URL"}, options_.results, "where results go (to the broker); none: nowhere");
        line.option({"--expires", "TIME"}, options_.result_expires, "how long results are kept (24h)");
        line.option({"--visibility-timeout", "TIME"}, options_.visibility_timeout,
                    "Redis: after so long without a word, a worker is dead (1h)");
        line.option({"--grace", "TIME"}, grace_, "for jobs that run, when it is to end; then others get them (as long as it takes)");
        line.option({"--max-jobs", "N"}, max_jobs_, "after so many jobs a process is replaced (0: never)");
        line.option({"--memory", "SIZE"}, memory_, "what a process may have; then its job gets bad_alloc (no limit)");
        line.option({"-n", "--name", "NAME"}, options_.name, "as monitors see it, name@host (made of the process id)");
        line.option({"-E", "--events"}, options_.events, "tells monitors of each job, without having been asked");
        line.option({"--metrics", "HOST:PORT"}, options_.metrics, "where Prometheus finds numbers: /metrics");
        line.option({"-v", "--verbose"}, verbose_, "a line for each job, not only for those that fail");
    }

    int run() override
    {
        load_libraries();
        const auto jobs = cluster::detail::any_job::all();
        if (jobs.empty())
            throw simul::error(std::errc::invalid_argument, no_jobs());
        set_up();
        fmt::print(stderr, "working for {} until Ctrl-C: {} {}, queues {}\n", broker_, jobs.size(), jobs.size() == 1 ? "job" : "jobs",
                   fmt::join(options_.queues, ", "));
        simul::run(cluster::run_worker(broker_, options_));
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "LIBRARY has jobs as global objects, and is linked to the simul that this command is of:\n\n"
               "  double area(std::string image, double factor);\n"
               "  inline simul::cluster::job<&area> area_job{\"img.area\", {\"image\", \"factor\"}};\n\n"
               "Clients are C++ programs with simul::cluster::app, and all that speak to Celery's workers; `celery status`,\n"
               "`celery inspect`, `celery control` and Flower see it. The first SIGTERM or Ctrl-C lets it finish what runs,\n"
               "the second gives that back to the broker.\n\n"
               "  simul worker --broker redis://localhost --app ./libmine.so --concurrency 4\n";
    }

private:
    void load_libraries()
    {
        std::string all;
        for (const std::string& each : libraries_) {
            if (each.find(':') != std::string::npos)
                throw usage_error("--app: a path with a ':' can't be handed on to the processes: " + each);
            load(each);
            all += (all.empty() ? "" : ":") + each;
        }
        ::setenv(libraries_variable, all.c_str(), 1);
    }
    std::string no_jobs() const
    {
        if (libraries_.empty())
            return "there are no jobs to do: name a library that has some, as --app ./libmine.so";
        return fmt::format("there are no jobs in {}: make them global objects (simul::cluster::job), and link to the same simul as this "
                           "command, as a shared library or not at all",
                           fmt::join(libraries_, ", "));
    }
    void set_up()
    {
        options_.concurrency = static_cast<std::size_t>(concurrency_);
        options_.coroutines = static_cast<std::size_t>(coroutines_);
        options_.prefetch = static_cast<std::size_t>(prefetch_);
        options_.max_jobs_per_process = static_cast<unsigned>(max_jobs_);
        options_.memory_limit = memory_.value;
        options_.grace = grace_;
        options_.initializer = load_in_process;
        options_.on_ready = log_ready;
        options_.on_done = verbose_ ? log_job : log_trouble;
    }

    std::string broker_ = "redis://127.0.0.1";
    std::vector<std::string> libraries_;
    cluster::worker_options options_;
    int concurrency_ = 0, coroutines_ = 100, prefetch_ = 4, max_jobs_ = 0;
    std::chrono::nanoseconds grace_ = std::chrono::nanoseconds::max();
    byte_count memory_;
    bool verbose_ = false;
};

} // namespace

std::unique_ptr<command> make_worker()
{
    return std::make_unique<worker>();
}

} // namespace cli
