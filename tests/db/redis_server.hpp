// SPDX-License-Identifier: MIT
//
// Debian's redis-server for a test: in a directory of its own, at a Unix socket there. It ends with this object.
#pragma once

#include <simul/db/redis.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redis_tests {

inline bool have_redis()
{
    static const bool found = std::system("redis-server --version >/dev/null 2>&1") == 0;
    return found;
}

class redis_server {
public:
    static simul::task<redis_server> start(std::vector<std::string> options = {})
    {
        redis_server made(co_await simul::fs::temp_dir(), std::move(options));
        co_await made.run();
        co_return made;
    }

    std::string url() const { return "unix://" + (directory_ / "redis.sock"); }

    /// Starts it, and waits until it answers.
    simul::task<> run()
    {
        std::vector<std::string> command = {"setpriv", // so that it ends with a test that dies
                                            "--pdeathsig",
                                            "KILL",
                                            "redis-server",
                                            "--port",
                                            "0",
                                            "--unixsocket",
                                            directory_ / "redis.sock",
                                            "--dir",
                                            directory_.path(),
                                            "--save",
                                            "",
                                            "--appendonly",
                                            "no"};
        command.insert(command.end(), options_.begin(), options_.end());
        process_.emplace(command, simul::subprocess_options{.output = simul::redirect::file(directory_ / "log")});
        while (!co_await answers())
            co_await simul::sleep(std::chrono::milliseconds(5));
    }
    void signal(int number) { process_->send_signal(number); }
    /// As a power cut does.
    simul::task<> kill()
    {
        process_->kill();
        co_await process_->wait();
    }

private:
    redis_server(simul::fs::temp_directory directory, std::vector<std::string> options)
        : directory_(std::move(directory)), options_(std::move(options))
    {
    }

    simul::task<bool> answers()
    {
        try {
            simul::db::redis one = co_await simul::db::redis::connect(url());
            co_return true;
        } catch (const simul::db::redis_error& refused) {
            co_return refused.code() != "LOADING"; // it may want a password
        } catch (const simul::error&) {
            if (!process_->status())
                co_return false;
        }
        throw simul::error(std::errc::io_error, "redis-server: " + co_await simul::fs::read(directory_ / "log"));
    }

    simul::fs::temp_directory directory_;
    std::vector<std::string> options_;
    std::optional<simul::subprocess> process_;
};

} // namespace redis_tests
