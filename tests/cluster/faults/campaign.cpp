// SPDX-License-Identifier: MIT
//
// campaign BROKER FAULT [JOBS]: jobs go through a cluster in which things break, and all of them come back.
//
//     BROKER   redis or rabbitmq, started here
//     FAULT    workers: one of them is killed every 200 ms
//              broker: killed and started again, while jobs are published and while they run
//              silence: the broker stops and says nothing, as behind a network that is cut; then it goes on
//              partition: a firewall drops all that goes to and from the broker; then it doesn't (in a network of its own)
//              murder: a job that kills whoever takes it
//     JOBS     500; with SIMUL_LONG in the environment 10,000
//
// A worker is this program, as `campaign worker URL DELIVERY_CAP`. What each job does, it notes in a file, so that we see not only
// that none is lost, but also how often one was done twice.
#include "cluster/rabbitmq_server.hpp"
#include "db/redis_server.hpp"

#include <simul/cluster/app.hpp>
#include <simul/cluster/job.hpp>
#include <simul/cluster/worker.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/run/run.hpp>
#include <simul/simul.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
namespace cluster = simul::cluster;
using clock_type = std::chrono::steady_clock;

// ---- the jobs

/// One line, written at once: nothing is lost by a kill, and lines of several processes don't mix.
void write_note(const std::string& file, const std::string& line)
{
    std::FILE* const notes = std::fopen(file.c_str(), "a");
    if (!notes)
        throw simul::error::from_errno(errno, "open " + file);
    std::setvbuf(notes, nullptr, _IOFBF, 4096);
    std::fputs((line + '\n').c_str(), notes);
    std::fclose(notes);
}

double seconds_now()
{
    return std::chrono::duration<double>(clock_type::now().time_since_epoch()).count();
}

int note(const std::string& file, int number, int milliseconds)
{
    write_note(file, fmt::format("{} {:.6f}", number, seconds_now()));
    usleep(static_cast<useconds_t>(milliseconds) * 1000);
    return number;
}
inline cluster::job<&note> note_job{"campaign.note", {"file", "number", "milliseconds"}};

/// A coroutine, so it runs in the worker itself.
simul::task<> murder(std::string file)
{
    write_note(file, fmt::format("0 {:.6f}", seconds_now()));
    kill(getpid(), SIGKILL);
    co_return;
}
inline cluster::job<&murder> murder_job{"campaign.murder", {"file"}};

// ---- brokers and workers

constexpr std::uint16_t redis_port = 6379; // free in a network of its own

struct broker {
    std::optional<redis_tests::redis_server> redis;
    bool over_tcp = false; ///< which RabbitMQ always is
    std::optional<cluster_tests::rabbitmq_server> rabbitmq;

    static simul::task<broker> start(std::string_view kind, bool over_tcp)
    {
        broker made;
        made.over_tcp = over_tcp;
        const std::string port = std::to_string(over_tcp ? redis_port : 0);
        if (kind == "redis")
            made.redis.emplace(co_await redis_tests::redis_server::start(
                {"--appendonly", "yes", "--appendfsync", "always", "--port", port}));
        else
            made.rabbitmq.emplace(co_await cluster_tests::rabbitmq_server::start());
        co_return made;
    }
    std::string url() const
    {
        if (rabbitmq)
            return rabbitmq->url();
        return over_tcp ? "redis://127.0.0.1:" + std::to_string(redis_port) : redis->url();
    }
    simul::task<> kill() { return redis ? redis->kill() : rabbitmq->kill(); }
    simul::task<> run() { return redis ? redis->run() : rabbitmq->run(); }
    void signal(int number) { redis ? redis->signal(number) : rabbitmq->signal(number); }
};

constexpr auto visibility_timeout = 1s;
/// A busy machine needs a minute to start a broker again.
const cluster::app_options patient{.publish_timeout = 4min};

class crew {
public:
    /// `size` workers, which give up on a job that has killed so many of them; 0: on none.
    crew(std::string program, std::string url, std::size_t size, unsigned delivery_cap)
        : program_(std::move(program)), url_(std::move(url)), delivery_cap_(std::to_string(delivery_cap))
    {
        for (std::size_t i = 0; i < size; ++i)
            workers_.push_back(start());
    }
    std::size_t size() const noexcept { return workers_.size(); }
    simul::task<> replace(std::size_t which)
    {
        workers_[which]->kill();
        co_await workers_[which]->wait();
        workers_[which] = start();
    }
    /// Those that have died are started again.
    void replace_dead()
    {
        for (auto& each : workers_)
            if (each->status())
                each = start();
    }

private:
    std::unique_ptr<simul::subprocess> start()
    {
        return std::make_unique<simul::subprocess>(
            std::vector<std::string>{"setpriv", "--pdeathsig", "KILL", program_, "worker", url_, delivery_cap_});
    }

    std::string program_, url_, delivery_cap_;
    std::vector<std::unique_ptr<simul::subprocess>> workers_;
};

// ---- what is expected

struct notes {
    std::size_t lines = 0;
    std::map<int, std::size_t> times;
    std::vector<double> moments;
};
simul::task<notes> read_notes(std::string file)
{
    notes made;
    const std::string text = co_await simul::fs::read(file);
    for (const char* at = text.c_str(); *at != '\0'; at = std::strchr(at, '\n') + 1) {
        int number = 0;
        double moment = 0;
        if (std::sscanf(at, "%d %lf", &number, &moment) != 2)
            throw simul::error(std::errc::bad_message, "a broken line in " + file);
        ++made.lines;
        ++made.times[number];
        made.moments.push_back(moment);
    }
    co_return made;
}

int failures = 0;
void expect(bool good, std::string_view what)
{
    fmt::print("{}: {}\n", good ? "ok" : "FAILED", what);
    std::fflush(stdout);
    failures += !good;
}

/// So many jobs, a few hundred under way, and what they gave.
simul::task<> run_jobs(cluster::app& app, std::string file, int count, int milliseconds)
{
    simul::semaphore under_way(200);
    int right = 0, wrong = 0;
    co_await simul::with_group([&](simul::group& all) -> simul::task<> {
        for (int i = 0; i < count; ++i) {
            simul::permit one = co_await under_way.acquire();
            all.spawn([](cluster::app& to, std::string where, int number, int time, simul::permit, int& good,
                         int& bad) -> simul::task<> {
                try {
                    ++(co_await to.submit(note_job, where, number, time) == number ? good : bad);
                } catch (const simul::error& why) {
                    fmt::print("job {}: {}\n", number, why.what());
                    ++bad;
                }
            }(app, file, i, milliseconds, std::move(one), right, wrong));
        }
    });
    expect(right == count && wrong == 0,
           fmt::format("{} of {} jobs came back with their results, {} wrong", right, count, wrong));
    const notes done = co_await read_notes(file);
    expect(done.times.size() == static_cast<std::size_t>(count),
           fmt::format("{} of {} were done", done.times.size(), count));
    fmt::print("    {} were begun more than once\n", done.lines - done.times.size());
}

// ---- the faults

/// Jobs run.
simul::task<> begun(std::string file)
{
    while (!co_await simul::fs::exists(file))
        co_await simul::sleep(2ms);
}

simul::task<> kill_workers(crew& workers, std::string file, int& strikes)
{
    co_await begun(file);
    for (std::size_t next = 0;; ++next) {
        ++strikes;
        co_await workers.replace(next % workers.size());
        co_await simul::sleep(200ms);
    }
}

simul::task<> kill_broker(broker& by, std::string file, int times, int& strikes)
{
    co_await begun(file);
    for (; times > 0; --times) {
        ++strikes;
        co_await by.kill();
        co_await simul::sleep(300ms);
        co_await by.run();
        co_await simul::sleep(500ms);
    }
}

simul::task<> silence_broker(broker& by, std::string file, int& strikes)
{
    co_await begun(file);
    ++strikes;
    by.signal(SIGSTOP);
    co_await simul::sleep(2 * visibility_timeout);
    by.signal(SIGCONT);
}

simul::task<> cut_network(broker& by, std::string file, int& strikes)
{
    const std::string url = by.url();
    const std::string port = url.substr(url.rfind(':') + 1);
    co_await begun(file);
    ++strikes;
    co_await simul::output_of({"nft", "add table inet cut; add chain inet cut in { type filter hook input priority 0; };"
                                        "add rule inet cut in tcp dport " + port + " drop;"
                                        "add rule inet cut in tcp sport " + port + " drop"});
    co_await simul::sleep(2 * visibility_timeout);
    co_await simul::output_of({"nft", "delete table inet cut"});
}

/// A worker is killed that holds a job: after so long another has it.
simul::task<> measure_redelivery(const std::string& program, broker& by, std::string directory)
{
    const std::string file = directory + "/redelivery";
    auto first = std::make_unique<crew>(program, by.url(), 1, 0);
    cluster::app app(by.url(), patient);
    auto flight = app.submit(note_job, file, 1, 300);
    co_await begun(file);
    crew second(program, by.url(), 1, 0);
    co_await simul::sleep(200ms); // it is there, and has found nothing
    const double killed = seconds_now();
    first.reset();
    co_await flight;
    const notes done = co_await read_notes(file);
    const double after = done.moments.size() < 2 ? -1 : done.moments[1] - killed;
    expect(done.lines == 2, "the job of a killed worker was begun again");
    // The machine may be busy: what is promised is 1.2 of the time-out, and 50 ms.
    const double promised = by.redis ? 1.2 * std::chrono::duration<double>(visibility_timeout).count() : 0.05;
    fmt::print("    {:.3f} s after the kill; promised: {:.3f} s\n", after, promised);
    expect(after < promised + 1, "soon");
}

simul::task<> murder_workers(cluster::app& app, crew& workers, std::string file)
{
    auto victim = app.submit(murder_job, file);
    std::string why;
    while (!victim.done()) {
        workers.replace_dead();
        co_await simul::sleep(20ms);
    }
    try {
        co_await victim;
    } catch (const simul::worker_died& e) {
        why = e.what();
    }
    const notes done = co_await read_notes(file);
    expect(why.find("dies") != std::string::npos, "who waits for it is told: " + why);
    expect(done.lines >= 2 && done.lines <= 6, fmt::format("it was begun {} times, and then no more", done.lines));
    co_await run_jobs(app, file + ".after", 50, 1); // the others are as well as before
}

simul::task<> campaign(std::string program, std::string kind, std::string fault, int jobs)
{
    const auto directory = co_await simul::fs::temp_dir();
    const std::string file = directory / "notes";
    broker by = co_await broker::start(kind, fault == "partition");
    if (fault == "workers")
        co_await measure_redelivery(program, by, directory.path());
    crew workers(program, by.url(), 3, fault == "murder" ? 5 : 0);
    cluster::app app(by.url(), patient);
    if (fault == "murder")
        co_return co_await murder_workers(app, workers, file);
    int strikes = 0;
    co_await simul::with_group([&](simul::group& all) -> simul::task<> {
        if (fault == "broker")
            all.spawn(kill_broker(by, file, std::max(1, jobs / 2000), strikes));
        else if (fault == "silence")
            all.spawn(silence_broker(by, file, strikes));
        else if (fault == "partition")
            all.spawn(cut_network(by, file, strikes));
        auto killer =
            fault == "workers" ? all.spawn(kill_workers(workers, file, strikes)) : simul::member_future<void>();
        co_await run_jobs(app, file, jobs, 10);
        if (fault == "workers")
            killer.cancel();
    });
    expect(strikes > 0, fmt::format("meanwhile the {} struck {} times", fault, strikes));
}

simul::task<> work(std::string url, unsigned delivery_cap)
{
    return cluster::run_worker(std::move(url), {.concurrency = 4,
                                                .visibility_timeout = visibility_timeout,
                                                .delivery_cap = delivery_cap});
}

int main(int count, char** arguments)
{
    const std::vector<std::string> given(arguments, arguments + count);
    if (given.size() == 4 && given[1] == "worker") {
        simul::run(work(given[2], static_cast<unsigned>(std::atoi(given[3].c_str()))));
        return 0;
    }
    if (given.size() < 3) {
        fmt::print(stderr, "usage: campaign redis|rabbitmq workers|broker|silence|partition|murder [JOBS]\n");
        return 2;
    }
    const int usual = std::getenv("SIMUL_LONG") ? 10'000 : 500;
    simul::run(campaign(given[0], given[1], given[2], given.size() > 3 ? std::atoi(given[3].c_str()) : usual));
    return failures == 0 ? 0 : 1;
}
