// SPDX-License-Identifier: MIT
//
// Debian's rabbitmq-server for a test: a node of its own in a directory of its own, at a free port of the loopback, with an
// epmd of its own. Starting it takes some seconds of a whole core, so one is enough for many tests. It ends with this object,
// and with the test's process, however that ends.
#pragma once

#include "cluster/amqp/connection.hpp"

#include <simul/io/fs.hpp>
#include <simul/io/subprocess.hpp>
#include <simul/io/tcp.hpp>
#include <simul/task/this_task.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cluster_tests {

inline constexpr const char* rabbitmq_program =
    "/usr/lib/rabbitmq/bin/rabbitmq-server"; // the one in the PATH wants to be root

inline bool have_rabbitmq()
{
    static const bool found =
        std::system((std::string("test -x ") + rabbitmq_program + " && command -v epmd setpriv >/dev/null").c_str()) ==
        0;
    return found;
}

class rabbitmq_server {
public:
    /// `configuration`: lines of rabbitmq.conf.
    static simul::task<rabbitmq_server> start(std::string configuration = {})
    {
        rabbitmq_server made(co_await simul::fs::temp_dir(), std::move(configuration));
        co_await made.run();
        co_return made;
    }

    std::string url() const { return "amqp://127.0.0.1:" + std::to_string(port_); }

    /// Starts it, with what it had kept, and waits until it answers.
    simul::task<> run()
    {
        co_await simul::fs::write(directory_ / "rabbitmq.conf",
                                  "listeners.tcp.1 = 127.0.0.1:" + std::to_string(port_) + '\n' + configuration_);
        co_await simul::fs::write(directory_ / "enabled_plugins", "[].\n");
        if (!epmd_)
            epmd_.emplace(mortal({"epmd", "-address", "127.0.0.1", "-port", std::to_string(epmd_port_)}));
        process_.emplace(mortal({rabbitmq_program}),
                         simul::subprocess_options{.output = simul::redirect::file(directory_ / "output"),
                                                   .error = simul::redirect::same_as_output(),
                                                   .environment = environment()});
        while (!co_await answers())
            co_await simul::sleep(std::chrono::milliseconds(50));
    }
    /// As a power cut does.
    simul::task<> kill()
    {
        process_->kill();
        co_await process_->wait();
    }
    void signal(int number) { process_->send_signal(number); }

private:
    rabbitmq_server(simul::fs::temp_directory directory, std::string configuration)
        : directory_(std::move(directory)), configuration_(std::move(configuration))
    {
    }

    /// Any; somebody else could take it before the broker does, but hardly ever will.
    static std::uint16_t free_port() { return simul::tcp::listen("127.0.0.1:0").local().port(); }

    /// The program, which ends when this process does.
    static std::vector<std::string> mortal(std::vector<std::string> program)
    {
        program.insert(program.begin(), {"setpriv", "--pdeathsig", "KILL"});
        return program;
    }

    std::map<std::string, std::optional<std::string>> environment() const
    {
        return {
            {"HOME", directory_.path()}, // for its cookie
            {"RABBITMQ_NODENAME", "simul" + std::to_string(port_) + "@localhost"},
            {"RABBITMQ_MNESIA_BASE", directory_ / "data"},
            {"RABBITMQ_LOG_BASE", directory_ / "log"},
            {"RABBITMQ_PID_FILE", directory_ / "pid"},
            {"RABBITMQ_CONFIG_FILE", directory_ / "rabbitmq.conf"},
            {"RABBITMQ_ENABLED_PLUGINS_FILE", directory_ / "enabled_plugins"},
            {"RABBITMQ_CONF_ENV_FILE", "/dev/null"},
            {"RABBITMQ_DIST_PORT", std::to_string(node_port_)},
            // One scheduler, which sleeps when it has nothing to do.
            {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
             "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"},
            {"RUNNING_UNDER_SYSTEMD", "true"}, // the script becomes the broker, and doesn't stay above it
            {"ERL_EPMD_PORT", std::to_string(epmd_port_)},
            {"ERL_EPMD_ADDRESS", "127.0.0.1"},
        };
    }

    simul::task<bool> answers()
    {
        try {
            co_await simul::cluster::amqp::connection::open(url());
            co_return true;
        } catch (const simul::error&) {
            if (!process_->status())
                co_return false;
        }
        throw simul::error(std::errc::io_error, "rabbitmq-server: " + co_await simul::fs::read(directory_ / "output"));
    }

    simul::fs::temp_directory directory_;
    std::string configuration_;
    std::uint16_t port_ = free_port();
    std::uint16_t node_port_ = free_port();
    std::uint16_t epmd_port_ = free_port();
    std::optional<simul::subprocess> epmd_;
    std::optional<simul::subprocess> process_;
};

} // namespace cluster_tests
