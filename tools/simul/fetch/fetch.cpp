// SPDX-License-Identifier: MIT
#include "../command.hpp"
#include "job.hpp"

#include <simul/base/error.hpp>
#include <simul/base/version.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/standard_streams.hpp>
#include <simul/run/run.hpp>
#include <simul/task/timeout.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <set>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace cli {

namespace {

using namespace std::chrono_literals;
using simul::task;

constexpr int output_closed = 128 + SIGPIPE;

/// "5/s", "100/m"
simul::rate_limit read_rate(std::string_view text)
{
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [behind, failure] = std::from_chars(text.data(), end, number);
    const std::string_view unit(behind, static_cast<std::size_t>(end - behind));
    const bool known = unit.empty() || unit == "/s" || unit == "/m" || unit == "/h";
    if (failure != std::errc() || number == 0 || !known)
        throw usage_error("a rate such as 5/s or 100/m");
    const simul::duration per = unit == "/m" ? simul::duration(1min) : unit == "/h" ? simul::duration(1h) : simul::duration(1s);
    return {.rate = number, .per = per, .burst = 1};
}

/// The URLs in a file, or in standard input: one a line; empty ones and comments are none.
task<> read_urls(std::string path, std::vector<std::string>& to)
{
    simul::bytes text = path == "-" ? co_await simul::stdin_().read_all() : co_await simul::fs::read(path);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view line(text.data() + begin, end - begin);
        while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos)
            line.remove_suffix(1);
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (!line.empty() && !line.starts_with('#'))
            to.emplace_back(line);
        begin = end + 1;
    }
}

/// As many open files as this process may have: each request is one.
void raise_file_limit()
{
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files); // without it, some requests may fail, and say so
}

class fetch_command final : public command {
public:
    fetch_command()
    {
        how_.client.timeout = 60s;
        how_.client.trust_env = true;
    }

    void declare(command_line& line) override
    {
        line.option({"-i", "--input", "FILE"}, input_, "URLs to fetch, one a line, behind those given; - is standard input");
        line.option({"-s", "--select", "[NAME=]CSS"}, [this](std::string_view text) { select(text, false); },
                    "a column with the text of the first element that matches");
        line.option({"--select-all", "[NAME=]CSS"}, [this](std::string_view text) { select(text, true); },
                    "... of all that match");
        line.option({"-o", "--output", "FILE"}, how_.output, "instead of standard output; .jsonl: a line of JSON for each");
        line.option("--jsonl", jsonl_, "lines of JSON instead of tab-separated values");
        line.option("--header", how_.header, "a first line with the names of the columns");
        line.option({"--save", "DIR"}, how_.save_directory, "keeps each page in a file there");
        line.option("--resume", how_.resume, "leaves out what is in --output already, and goes on behind it");
        line.option("--unordered", how_.unordered, "writes each as soon as it is there, not in the order of the URLs");
        line.option({"-c", "--concurrency", "N"}, how_.concurrency, "requests at once (16)", 1, 10'000);
        line.option({"--per-host", "N"}, how_.concurrency_per_host, "... to one host (4)", 1, 10'000);
        line.option({"--rate", "N/s"}, [this](std::string_view text) { how_.rate = read_rate(text); },
                    "requests begun in a second (/s), a minute (/m) or an hour (/h)");
        line.option({"--rate-per-host", "N/s"}, [this](std::string_view text) { how_.rate_per_host = read_rate(text); },
                    "... to one host");
        line.option({"--retries", "N"}, retries_, "after 408, 425, 429, 5xx and where nobody answers (3)", 0, 100);
        line.option({"--timeout", "TIME"}, how_.client.timeout, "for a page, with its redirects and retries (60s)");
        line.option({"--connect-timeout", "TIME"}, how_.client.connect_timeout, "for a connection (10s)");
        line.option({"--max-time", "TIME"}, max_time_, "for all of it; exits with 124");
        line.option({"--max-size", "BYTES"}, max_size_, "of a page (64M)");
        line.option({"-H", "--request-header", "NAME: VALUE"}, [this](std::string_view text) { add_header(text); },
                    "a header of each request");
        line.option({"-n", "--repeat", "N"}, repeat_, "fetches the list so often (1)", 1, 1'000'000);
        line.option({"--processes", "N"}, processes_, "that pages are taken apart in (0: in this one)", 0, 1024);
        line.option({"-q", "--quiet"}, how_.quiet, "says nothing but errors");
        line.option({"-v", "--verbose"}, how_.verbose, "says what is connected to, redirected, retried");
        line.rest("URL", urls_);
    }

    int run() override
    {
        settle();
        raise_file_limit();
        std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error, not the end
        return simul::run(work());
    }

    std::string_view details() const override
    {
        return "    simul fetch -s title=h1 -o titles.tsv https://example.org/a https://example.org/b\n"
               "    simul fetch -i urls.txt --select-all 'link=a.external::attr(href)' -o links.jsonl --resume\n\n"
               "CSS is a selector; ::text behind it (or nothing) is the text, ::attr(NAME) an attribute. Without a selection, what is\n"
               "known of each answer: status, type, bytes, seconds. The URL is always first.\n\n"
               "Ctrl-C waits for what was begun; again ends at once. Each line is written when its page is there, so whatever happens,\n"
               "--resume goes on where it ended.\n\n"
               "The variables http_proxy, https_proxy, all_proxy and no_proxy say which proxy to ask; ~/.netrc has names and passwords.\n\n"
               "Exits with 0 when all were fetched, 1 when some weren't, 4 when none was, 2 for arguments that make no sense, 3 when\n"
               "the output can't be written, 124 after --max-time, 130 after Ctrl-C.\n";
    }

private:
    void select(std::string_view text, bool all)
    {
        try {
            how_.selections.push_back(fetch::parse_selection(text, all));
        } catch (const usage_error& mistake) {
            throw usage_error(fmt::format("a selector ({})", mistake.what()));
        }
    }

    void add_header(std::string_view text)
    {
        const std::size_t colon = text.find(':');
        if (colon == std::string_view::npos)
            throw usage_error("\"Name: value\"");
        try {
            how_.client.headers.add(text.substr(0, colon), text.substr(colon + 1));
        } catch (const simul::error& mistake) {
            throw usage_error(fmt::format("\"Name: value\" ({})", mistake.what()));
        }
    }

    /// The URL's column, and what else is written beside those selected.
    void check_columns() const
    {
        std::set<std::string_view> names = {"url"};
        if (!how_.save_directory.empty())
            names.insert("file");
        for (const fetch::selection& each : how_.selections)
            if (!names.insert(each.name).second)
                throw usage_error(fmt::format("two columns are called \"{0}\"; name one, as in -s 'other=h1'", each.name));
    }

    void settle()
    {
        if (how_.resume && how_.output.empty())
            throw usage_error("--resume needs --output");
        check_columns();
        if (urls_.empty() && input_.empty())
            input_ = ::isatty(STDIN_FILENO) ? throw usage_error("which URLs?") : "-";
        how_.as = jsonl_ || how_.output.ends_with(".jsonl") ? fetch::format::jsonl : fetch::format::tsv;
        how_.processes = static_cast<std::size_t>(processes_);
        how_.client.limit = how_.client.limit_per_host = 0; // ours are taken before the time begins to count
        how_.client.max_body = max_size_.value;
        how_.client.retry = {.attempts = retries_ + 1,
                             .backoff = 500ms,
                             .longest = 60s,
                             .statuses = {408, 425, 429, 500, 502, 503, 504}};
        if (!how_.client.headers.contains("User-Agent"))
            how_.client.headers.add("User-Agent", fmt::format("simul/{}", simul::version));
    }

    task<int> work()
    {
        if (!input_.empty())
            co_await read_urls(input_, urls_);
        std::vector<std::string> all;
        for (int i = 0; i < repeat_; ++i)
            all.insert(all.end(), urls_.begin(), urls_.end());
        fetch::job job(how_, std::move(all));
        bool in_time = true;
        try {
            if (max_time_ > 0s)
                in_time = co_await simul::move_on_after(max_time_, job.run());
            else
                co_await job.run();
        } catch (const simul::error& failure) {
            if (failure.code() == std::errc::broken_pipe)
                co_return output_closed; // whoever read has enough
            throw;
        }
        job.show_summary();
        co_return job.was_interrupted()      ? exit_code::interrupted
            : !in_time                       ? exit_code::timed_out
            : job.failed_count() == 0        ? exit_code::ok
            : job.done_count() == 0          ? exit_code::all_failed
                                             : exit_code::some_failed;
    }

    std::vector<std::string> urls_;
    std::string input_;
    fetch::settings how_;
    bool jsonl_ = false;
    int retries_ = 3, repeat_ = 1, processes_ = 0;
    std::chrono::nanoseconds max_time_{0};
    byte_count max_size_{std::size_t{64} << 20};
};

} // namespace

std::unique_ptr<command> make_fetch()
{
    return std::make_unique<fetch_command>();
}

} // namespace cli
