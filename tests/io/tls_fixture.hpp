// SPDX-License-Identifier: MIT
//
// What the tests of TLS share: certificates, and two streams that face each other.
#pragma once

#include <simul/io/tcp.hpp>
#include <simul/io/tls.hpp>
#include <simul/task/gather.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace simul::testing {

/// Of tests/io/data.
inline std::string data_file(const std::string& name)
{
    return (std::filesystem::path(__FILE__).parent_path() / "data" / name).string();
}

inline tls::server_options server_with(const std::string& certificate = "server.pem")
{
    return {.certificate = data_file(certificate), .key = data_file("server.key")};
}

inline tls::client_options trusting_client()
{
    return {.authorities = data_file("authority.pem")};
}

/// What became of an attempt: a stream, or what was wrong.
struct attempt {
    stream made;
    std::string problem;
};

inline task<attempt> attempted(task<stream> made)
{
    attempt done;
    try {
        done.made = co_await std::move(made);
    } catch (const error& failed) {
        done.problem = failed.what();
    }
    co_return done;
}

inline task<stream> accept_tls(listener& door, tls::server_context with)
{
    co_return co_await tls::accept(co_await door.accept(), std::move(with));
}

struct both_ends {
    attempt client;
    attempt server;
};

/// A client that looks for `host`, which must be this machine, and a server.
inline task<both_ends> meet(tls::client_context client, tls::server_context server, std::string host = "localhost")
{
    listener door = tcp::listen("127.0.0.1:0");
    auto [one, other] =
        co_await gather(attempted(tls::connect(std::move(host), door.local().port(), std::move(client))),
                        attempted(accept_tls(door, std::move(server))));
    co_return both_ends{std::move(one), std::move(other)};
}

inline task<both_ends> meet()
{
    return meet(tls::client_context(trusting_client()), tls::server_context(server_with()));
}

} // namespace simul::testing
