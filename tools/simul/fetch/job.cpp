// SPDX-License-Identifier: MIT
#include "job.hpp"

#include "../seconds.hpp"

#include <simul/base/error.hpp>
#include <simul/http/media_type.hpp>
#include <simul/io/fs.hpp>
#include <simul/io/signals.hpp>
#include <simul/task/race.hpp>
#include <simul/text/charset.hpp>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <exception>
#include <fmt/format.h>
#include <set>
#include <unistd.h>
#include <utility>

namespace fetch {

namespace {

namespace http = simul::http;
using simul::task;

constexpr std::size_t begun_for_each_place = 4; // so that no place is empty while a page is read

/// For a file's name: the last part of the path, of characters that mean nothing to a shell or a file system.
std::string file_name(std::size_t place, const simul::url& at, std::string_view type)
{
    std::string_view path = at.path();
    while (path.ends_with('/'))
        path.remove_suffix(1);
    std::string name = simul::percent_decode(path.substr(path.rfind('/') + 1)).substr(0, 80);
    std::ranges::replace_if(
        name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_'; }, '_');
    if (name.empty())
        name = "index";
    if (type.starts_with("text/html") && !name.ends_with(".html"))
        name += ".html";
    return fmt::format("{:05}-{}", place, name);
}

/// The first that has gone wrong, in whatever groups it came.
[[noreturn]] void rethrow_first(std::exception_ptr failure)
{
    for (;;) {
        try {
            std::rethrow_exception(failure);
        } catch (const simul::error_group& all) {
            failure = all.errors().front();
        }
    }
}

} // namespace

job::host::host(const settings& how) : places(how.concurrency_per_host)
{
    if (how.rate_per_host)
        rate.emplace(*how.rate_per_host);
}

job::job(settings how, std::vector<std::string> urls)
    : how_(std::move(how)), progress_("simul fetch", urls.size()), places_(how_.concurrency),
      on_terminal_(how_.output.empty() && ::isatty(STDOUT_FILENO))
{
    for (std::string& each : urls)
        todo_.push_back({std::move(each), todo_.size() + 1});
    if (how_.rate)
        rate_.emplace(*how_.rate);
    if (how_.unordered)
        output_.set_unordered();
    if (how_.quiet)
        progress_.set_quiet();
}

void job::note(const http::trace_event& happened)
{
    using kind = http::trace_event::kind;
    retries_ += happened.what == kind::retry ? 1 : 0;
    if (how_.verbose && (happened.what == kind::retry || happened.what == kind::redirect || happened.what == kind::connect))
        progress_.say(fmt::format("{}: {}{}{}", happened.url, http::to_string(happened.what), happened.why.empty() ? "" : ": ",
                                  happened.why));
}

task<> job::prepare_output()
{
    if (!how_.output.empty())
        co_await output_.open(how_.output, how_.resume);
    if (how_.resume)
        leave_out_done();
    const bool begins = output_.lines_before().empty();
    if (how_.header && how_.as == format::tsv && begins)
        co_await output_.write(header_of(how_.selections, !how_.save_directory.empty()));
    if (!how_.save_directory.empty())
        co_await simul::fs::mkdir(how_.save_directory, {.parents = true});
}

/// A URL that is wanted three times, and was answered twice, is still wanted once.
void job::leave_out_done()
{
    std::multiset<std::string> answered;
    for (const std::string& line : output_.lines_before())
        if (auto url = url_of_line(line, how_.as))
            answered.insert(std::move(*url));
    std::erase_if(todo_, [&](const todo& each) {
        const auto found = answered.find(each.url);
        if (found == answered.end())
            return false;
        answered.erase(found);
        ++left_out_;
        return true;
    });
    progress_.set_total(todo_.size());
}

task<> job::run()
{
    co_await prepare_output();
    how_.client.trace = http::trace_with([this](const http::trace_event& happened) { note(happened); });
    web_ = std::make_unique<http::client>(how_.client);
    if (how_.processes > 0 && !how_.selections.empty())
        processes_ = std::make_unique<simul::process_pool>(simul::process_pool_options{.workers = how_.processes});

    std::exception_ptr failure;
    try {
        co_await simul::with_group([this](simul::group& all) -> task<> {
            auto stopping = all.spawn(watch_signals(all));
            auto showing = all.spawn(progress_.keep_showing());
            co_await fetch_all();
            stopping.cancel();
            showing.cancel();
        });
    } catch (const simul::error_group&) {
        failure = std::current_exception();
    }
    progress_.erase();
    if (failure)
        rethrow_first(failure);
    co_await output_.close();
}

task<> job::watch_signals(simul::group& running)
{
    simul::signals asked({SIGINT, SIGTERM});
    co_await asked.next();
    interrupted_.set();
    progress_.say("simul fetch: waiting for what was begun; again: ends now");
    co_await asked.next();
    running.cancel();
}

task<> job::fetch_all()
{
    simul::semaphore begun(how_.concurrency * begun_for_each_place);
    co_await simul::with_group([&](simul::group& all) -> task<> {
        for (std::size_t number = 0; number < todo_.size() && !interrupted_.is_set(); ++number) {
            simul::permit place = co_await begun.acquire();
            if (interrupted_.is_set())
                break;
            all.spawn([](job& of, std::size_t which, simul::permit) -> task<> { co_await of.fetch_one(which); }(
                *this, number, std::move(place)));
        }
    });
}

task<> job::fetch_one(std::size_t number)
{
    const todo& wanted = todo_[number];
    std::optional<fetched> page = co_await try_fetch(wanted);
    if (!page) {
        co_await output_.put(number, std::nullopt);
        co_return;
    }
    if (!how_.save_directory.empty())
        co_await save(wanted, *page);
    note_missing(page->known);
    std::optional<cli::progress::pause> without_bar;
    if (on_terminal_)
        without_bar.emplace(progress_);
    co_await output_.put(number, line_of(page->known, how_.selections, how_.as));
    progress_.done(page->known.bytes);
}

/// What goes wrong with a page alone is no reason to end. What goes wrong with the output is, for the next would fail, too.
task<std::optional<job::fetched>> job::try_fetch(const todo& wanted)
{
    try {
        co_return co_await fetch_page(wanted);
    } catch (const simul::error& failure) {
        progress_.failed();
        progress_.say(fmt::format("simul fetch: {}", failure.what()));
    }
    co_return std::nullopt;
}

task<std::optional<job::fetched>> job::fetch_page(const todo& wanted)
{
    const simul::url at = simul::url::parse(wanted.url);
    if (at.scheme() != "http" && at.scheme() != "https")
        throw simul::error(std::errc::protocol_not_supported,
                           fmt::format("{}: only http and https can be fetched, not {}", wanted.url, at.scheme()));
    if (how_.as == format::jsonl && !simul::is_utf8(wanted.url))
        throw simul::error(std::errc::illegal_byte_sequence, fmt::format("{}: no UTF-8 as it was given, so JSON can't name it", at.href()));
    std::optional<answer> got = co_await get_in_turn(at);
    if (!got)
        co_return std::nullopt;
    const http::response& page = got->page.raise_for_status();
    record found{.url = wanted.url,
                 .status = page.status(),
                 .type = std::string(page.headers().get("Content-Type").value_or("")),
                 .bytes = page.body().size(),
                 .seconds = cli::seconds(got->took),
                 .file = {},
                 .fields = {}};
    if (processes_)
        found.fields = co_await processes_->submit(extract, page.body(), found.type, how_.selections);
    else if (!how_.selections.empty())
        found.fields = extract(page.body(), found.type, how_.selections);
    co_return fetched{std::move(found), std::move(got->page)};
}

/// Who waits for a host's rate has none of the places that other hosts could use.
task<job::places_taken> job::wait_for_turn(host& its)
{
    places_taken taken;
    taken.of_host = co_await its.places.acquire();
    if (its.rate)
        co_await its.rate->acquire();
    taken.of_all = co_await places_.acquire();
    if (rate_)
        co_await rate_->acquire();
    co_return taken;
}

/// Within the limits; the time that it waits for them doesn't count.
task<std::optional<job::answer>> job::get_in_turn(const simul::url& at)
{
    const auto turn = co_await simul::race(wait_for_turn(host_of(at)), interrupted_.wait());
    if (interrupted_.is_set())
        co_return std::nullopt;
    const simul::time_point began = simul::now();
    http::response page = co_await web_->get(at.href());
    co_return answer{std::move(page), simul::now() - began};
}

task<> job::save(const todo& wanted, fetched& page)
{
    page.known.file = fmt::format("{}/{}", how_.save_directory,
                                  file_name(wanted.place, simul::url::parse(page.page.url()), page.known.type));
    co_await simul::fs::write(page.known.file, page.page.body(), {.atomic = true});
}

job::host& job::host_of(const simul::url& at)
{
    std::unique_ptr<host>& its = hosts_[at.origin()];
    if (!its)
        its = std::make_unique<host>(how_);
    return *its;
}

void job::note_missing(const record& found)
{
    for (std::size_t i = 0; i < found.fields.size(); ++i)
        if (found.fields[i].empty() && !how_.quiet)
            progress_.say(fmt::format("simul fetch: {}: nothing there is {}", found.url, how_.selections[i].css));
}

void job::show_summary()
{
    if (how_.quiet)
        return;
    const double time = cli::seconds(progress_.elapsed());
    std::string text = fmt::format("simul fetch: {} of {} in {:.2f} s ({:.0f}/s, {})", done_count(), todo_.size(), time,
                                   static_cast<double>(done_count()) / std::max(time, 1e-3), cli::size_text(progress_.bytes()));
    if (failed_count() > 0)
        text += fmt::format(", {} failed", failed_count());
    if (retries_ > 0)
        text += fmt::format(", {} retried", retries_);
    if (left_out_ > 0)
        text += fmt::format(", {} done before", left_out_);
    if (done_count() + failed_count() < todo_.size() && !how_.output.empty())
        text += "; go on with --resume";
    progress_.say(text);
}

} // namespace fetch
