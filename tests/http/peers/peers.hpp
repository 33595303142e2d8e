// SPDX-License-Identifier: MIT
//
// Other people's servers, for tests: each is started for one test, at a port of its own, and killed at its end.
//
//     nginx peer({.location = "location / { return 200 hello; }"});
//     auto page = co_await web.get(peer.url("/"));
#pragma once

#include "../../io/tls_fixture.hpp"
#include "../scratch.hpp"

#include <simul/io/subprocess.hpp>
#include <simul/testing/gtest.hpp>

#include <arpa/inet.h>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace peers {

using namespace std::chrono_literals;
using simul::bytes;
using simul::task;

/// Something long that compresses, but not to nothing.
inline bytes text_of(std::size_t size)
{
    bytes made;
    for (std::size_t line = 0; made.size() < size; ++line)
        made += "line " + std::to_string(line * 7919) + "\n";
    made.resize(size);
    return made;
}

/// A socket that listens at a free port, for a peer to take over: nobody guesses ports, and who connects before the peer is up
/// waits for it.
class port {
public:
    port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(fd_, 128) != 0 ||
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            std::abort();
        number_ = ntohs(at.sin_port);
    }
    port(const port&) = delete;
    port& operator=(const port&) = delete;
    ~port() { close(); }

    int fd() const noexcept { return fd_; }
    std::string number() const { return std::to_string(number_); }
    /// The peer has it now: when that dies, nobody waits for it.
    void close() noexcept
    {
        if (const int ours = std::exchange(fd_, -1); ours >= 0)
            ::close(ours);
    }

private:
    int fd_;
    std::uint16_t number_ = 0;
};

/// A program in a group of its own. It ends after a minute at the latest, also when a test that crashed can't end it.
inline simul::subprocess start_peer(std::vector<std::string> command, simul::subprocess_options how)
{
    command.insert(command.begin(), {"timeout", "60"});
    how.group = simul::process_group::own;
    return simul::subprocess(std::move(command), std::move(how));
}
inline task<> end_peer(simul::subprocess& peer)
{
    peer.signal_group(SIGKILL);
    co_await peer.wait();
}

struct nginx_options {
    std::string location = {}; ///< what stands in its blocks "server"
    std::string http = {};     ///< what stands beside them
    std::string certificate = "server.pem";
};

/// nginx, with and without TLS; `home / "www"` is its root. It needs a worker beside its master: alone it can't take over sockets.
class nginx {
public:
    explicit nginx(const nginx_options& how = {}) : process_(start(how)) {}

    std::string url(std::string_view path) const { return "http://127.0.0.1:" + plain_.number() + std::string(path); }
    std::string tls_url(std::string_view path) const { return "https://localhost:" + tls_.number() + std::string(path); }
    task<> close() { return end_peer(process_); }

    scratch home;

private:
    std::string configuration(const nginx_options& how) const
    {
        const std::string temporary = home / "temporary";
        const std::string server = "root " + (home / "www") + ";\n" + how.location + "\n}\n";
        return "daemon off;\nuser root;\nworker_processes 1;\nerror_log stderr error;\npid " + (home / "pid") +
               ";\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n"
               "types { text/html html; text/plain txt; }\n"
               "client_body_temp_path " + temporary + ";\nproxy_temp_path " + temporary + ";\nfastcgi_temp_path " +
               temporary + ";\nuwsgi_temp_path " + temporary + ";\nscgi_temp_path " + temporary + ";\n" + how.http +
               "\nserver {\nlisten 127.0.0.1:" + plain_.number() + ";\n" + server +
               "server {\nlisten 127.0.0.1:" + tls_.number() + " ssl;\nssl_certificate " +
               simul::testing::data_file(how.certificate) + ";\nssl_certificate_key " +
               simul::testing::data_file("server.key") + ";\n" + server + "}\n";
    }

    simul::subprocess start(const nginx_options& how)
    {
        home.put("nginx.conf", configuration(how));
        std::filesystem::create_directories(home / "www");
        // It can take over sockets from an nginx before it. Here they are its standard input and output.
        auto made = start_peer({"/usr/sbin/nginx", "-e", "stderr", "-c", home / "nginx.conf"},
                               {.input = simul::redirect::fd(plain_.fd()),
                                .output = simul::redirect::fd(tls_.fd()),
                                .error = simul::redirect::file(home / "errors"),
                                .environment = {{"NGINX", "0;1;"}}});
        plain_.close();
        tls_.close();
        return made;
    }

    port plain_, tls_;
    simul::subprocess process_;
};

} // namespace peers
