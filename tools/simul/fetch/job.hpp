// SPDX-License-Identifier: MIT
//
// Fetching many pages: within limits, with what is wanted of each going to the output, whatever happens to the others.
#pragma once

#include "../progress.hpp"
#include "extract.hpp"
#include "output.hpp"
#include "record.hpp"

#include <simul/base/time.hpp>
#include <simul/http/client.hpp>
#include <simul/run/process_pool.hpp>
#include <simul/task/event.hpp>
#include <simul/task/group.hpp>
#include <simul/task/rate_limiter.hpp>
#include <simul/task/semaphore.hpp>
#include <simul/text/url.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fetch {

struct settings {
    std::vector<selection> selections;
    format as = format::tsv;
    std::string output;         ///< empty: standard output
    std::string save_directory; ///< empty: bodies aren't kept
    bool header = false;
    bool resume = false;
    bool unordered = false;
    bool quiet = false;
    bool verbose = false;
    int concurrency = 16;
    int concurrency_per_host = 4;
    std::optional<simul::rate_limit> rate;
    std::optional<simul::rate_limit> rate_per_host;
    std::size_t processes = 0; ///< 0: pages are read here
    simul::http::client_options client;
};

class job {
public:
    job(settings how, std::vector<std::string> urls);

    /// Until all is done, or SIGINT: then nothing new is begun, and what runs is waited for until the next SIGINT.
    /// *Throws:* simul::error when the output can't be written.
    simul::task<> run();

    bool was_interrupted() const noexcept { return interrupted_.is_set(); }
    std::size_t done_count() const noexcept { return progress_.done_count(); }
    std::size_t failed_count() const noexcept { return progress_.failed_count(); }
    /// "98 of 100 fetched in 1.3 s, 2 failed, ..."
    void show_summary();

private:
    /// What is asked of one host at once.
    struct host {
        explicit host(const settings& how);
        simul::semaphore places;
        std::optional<simul::rate_limiter> rate;
    };
    struct places_taken {
        simul::permit of_host, of_all;
    };
    struct answer {
        simul::http::response page;
        simul::duration took;
    };
    struct todo {
        std::string url;
        std::size_t place = 0; ///< in the whole list, from 1
    };
    struct fetched {
        record known;
        simul::http::response page;
    };

    simul::task<> prepare_output();
    void leave_out_done();
    simul::task<> watch_signals(simul::group& running);
    simul::task<> fetch_all();
    simul::task<> fetch_one(std::size_t number);
    /// Nothing, when it was not begun before an interruption, or couldn't be got: that is said here.
    simul::task<std::optional<fetched>> try_fetch(const todo& wanted);
    simul::task<std::optional<fetched>> fetch_page(const todo& wanted);
    simul::task<std::optional<answer>> get_in_turn(const simul::url& at);
    simul::task<places_taken> wait_for_turn(host& its);
    simul::task<> save(const todo& wanted, fetched& page);
    host& host_of(const simul::url& at);
    void note_missing(const record& found);
    void note(const simul::http::trace_event& happened);

    settings how_;
    std::vector<todo> todo_;
    std::size_t left_out_ = 0;
    std::size_t retries_ = 0;
    simul::event interrupted_;
    cli::progress progress_;
    output output_;
    simul::semaphore places_;
    const bool on_terminal_; ///< records are
    std::optional<simul::rate_limiter> rate_;
    std::map<std::string, std::unique_ptr<host>> hosts_; ///< by origin
    std::unique_ptr<simul::process_pool> processes_;
    std::unique_ptr<simul::http::client> web_;
};

} // namespace fetch
