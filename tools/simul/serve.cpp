// SPDX-License-Identifier: MIT
#include "command.hpp"

#include <simul/base/error.hpp>
#include <simul/http/date.hpp>
#include <simul/http/server.hpp>
#include <simul/http/static_files.hpp>
#include <simul/io/tcp.hpp>
#include <simul/run/run.hpp>

#include <cstdio>
#include <fmt/core.h>
#include <sys/stat.h>

namespace cli {

namespace {

using simul::task;
namespace http = simul::http;

/// A line for each request, as web servers write it.
void log_access(const http::access& done)
{
    fmt::print(stderr, "{} \"{} {}\" {} {:.1f} ms\n", done.asked.peer().host(), done.asked.method_name(), done.asked.target(),
               done.status, std::chrono::duration<double, std::milli>(done.took).count());
}

class serve final : public command {
public:
    void declare(command_line& line) override
    {
        line.option({"--at", "HOST:PORT"}, at_, "where to listen (127.0.0.1:8000); port 0: any free one; *:8000: for all");
        line.option("--no-list", no_list_, "doesn't show what is in a directory that has no index.html");
        line.option("--hidden", options_.hidden, "also files whose names begin with a dot");
        line.option("--links", options_.follow_links, "follows symbolic links, as long as they stay below DIR");
        line.option({"--cache", "TIME"}, cache_, "how long browsers may keep what they got (0: they ask again)");
        line.option({"--certificate", "FILE"}, certificate_, "serves https with this certificate, in PEM, and --key");
        line.option({"--key", "FILE"}, key_, "the certificate's private key");
        line.option({"-q", "--quiet"}, quiet_, "no line for each request");
        line.argument("DIR", directory_);
    }

    int run() override
    {
        const std::string directory = directory_.value_or(".");
        struct stat status{};
        if (::stat(directory.c_str(), &status) != 0)
            throw simul::error::from_errno(errno, "serve " + directory);
        if (!S_ISDIR(status.st_mode))
            throw usage_error(directory + " is no directory");
        if (certificate_.has_value() != key_.has_value())
            throw usage_error("--certificate and --key belong together");
        options_.list = !no_list_;
        options_.cache_control =
            cache_.count() == 0 ? "no-cache"
                                : fmt::format("max-age={}", std::chrono::duration_cast<std::chrono::seconds>(cache_).count());

        http::server site;
        site.get("/{path...}", http::static_files(directory, options_));
        if (!quiet_)
            site.on_access(log_access);
        simul::run(serve_site(site, directory));
        return exit_code::ok;
    }

    std::string_view details() const override
    {
        return "DIR is the current directory unless it is given. Nothing outside of it is ever served. Parts of files (for videos,\n"
               "and for downloads that go on), unchanged ones (304), and a.css.br, .zst or .gz beside a.css are understood.\n";
    }

private:
    task<> serve_site(http::server& site, std::string directory)
    {
        http::serve_options how;
        how.door = simul::tcp::listen(at_);
        if (certificate_)
            how.tls = simul::tls::server_context({.certificate = *certificate_, .key = *key_, .alpn = {"http/1.1"}});
        fmt::print(stderr, "serving {} at {}://{}/ until Ctrl-C\n", directory, certificate_ ? "https" : "http",
                   how.door.local());
        co_await site.serve(std::move(how));
    }

    std::string at_ = "127.0.0.1:8000";
    std::optional<std::string> directory_;
    http::static_options options_;
    bool no_list_ = false;
    std::chrono::nanoseconds cache_{0};
    std::optional<std::string> certificate_, key_;
    bool quiet_ = false;
};

} // namespace

std::unique_ptr<command> make_serve()
{
    return std::make_unique<serve>();
}

} // namespace cli
