// SPDX-License-Identifier: MIT
//
// Other programs: started, talked with, waited for, ended.
//
//     simul::bytes log = co_await simul::output_of({"git", "log", "--oneline"});       // throws process_failed
//
//     auto done = co_await simul::run_process({"grep", "-c", "x"}, {.input = simul::redirect::data(text)});
//     fmt::print("{}: {}\n", done.status.text(), done.output);                          // "exit code 1: 0"
//
//     simul::subprocess bc({"bc", "-l"}, {.input = simul::redirect::pipe(), .output = simul::redirect::pipe()});
//     co_await bc.input().write("2^100\n");
//     fmt::print("{}\n", *co_await bc.output().read_line());
//
// A child process doesn't outlive its `subprocess`: what the scope leaves running, also by an error or a cancellation, is
// killed, and none ever stays a zombie. It starts with the default actions for signals, none blocked, and with no
// descriptors but its standard three. While it is started, some 50 µs, the loop stands still (`bench/run io`). Programs
// are given as a list, so nothing has to be quoted; `shell("a | b")` is the list for a shell. Belongs to the loop that made
// it. There are no processes in virtual time.
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/base/error.hpp>
#include <simul/io/stream.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simul {
namespace detail {
class child_files;
class child_process;
} // namespace detail

struct subprocess_options;
struct communicate_options;
struct process_output;

/// How a process ended.
struct exit_status {
    int code = 0;   ///< what it exited with, 0 to 255; -n when signal n ended it
    int signal = 0; ///< that ended it; 0: none
    bool lost =
        false; ///< somebody else took its status: SIGCHLD is ignored, or there is a waitpid for all. `code` is 255

    bool success() const noexcept { return code == 0; }
    /// "exit code 1", "ended by SIGKILL".
    std::string text() const;

    friend bool operator==(const exit_status&, const exit_status&) = default;
};

/// Where one of a child's standard streams leads.
class redirect {
public:
    /// What is usual: a `subprocess` inherits ours; `run_process` gives no input, and keeps the output.
    redirect() noexcept = default;

    /// The one of ours. What `stdout_()` or `printf` still hold back comes later than what the child writes.
    static redirect inherit() noexcept { return redirect(kind::inherit); }
    /// To us: `input()`, `output()`, `error()`.
    static redirect pipe() noexcept { return redirect(kind::pipe); }
    /// No input; output is dropped.
    static redirect null() noexcept { return redirect(kind::null); }
    /// An open descriptor; ours stays open.
    static redirect fd(int number) noexcept;
    /// A file, relative to our own directory. For output it is made, or emptied.
    static redirect file(std::string path) { return redirect(kind::file, std::move(path)); }
    /// Output goes to the file's end.
    static redirect append(std::string path) { return redirect(kind::append, std::move(path)); }
    /// Input of which the end is known: nobody has to feed the child.
    static redirect data(bytes all) { return redirect(kind::data, std::move(all)); }
    /// Errors go where output goes.
    static redirect same_as_output() noexcept { return redirect(kind::same_as_output); }

private:
    friend detail::child_files;
    friend task<process_output> run_process(std::vector<std::string>, subprocess_options, communicate_options);

    enum class kind : std::uint8_t { usual, inherit, pipe, null, fd, file, append, data, same_as_output };

    explicit redirect(kind of, std::string text = {}) noexcept : kind_(of), text_(std::move(text)) {}

    kind kind_ = kind::usual;
    int fd_ = -1;
    std::string text_; ///< a path, or data
};

/// Ours: a signal from the terminal (Ctrl-C) reaches the child, too. Its own: `signal_group` reaches the child with those
/// that it has started, and so does the kill when its `subprocess` goes. A session: its own, and without a terminal.
enum class process_group : std::uint8_t { ours, own, session };

struct subprocess_options {
    redirect input = {};
    redirect output = {};
    redirect error = {};
    std::string directory = {}; ///< in which it starts; empty: ours
    /// Added to our environment, or taken from it: {{"LANG", "C"}, {"DEBUG", std::nullopt}}.
    std::map<std::string, std::optional<std::string>> environment = {};
    bool inherit_environment = true; ///< false: it gets `environment` and nothing else
    process_group group = process_group::ours;
};

struct communicate_options {
    std::size_t limit = bytes().max_size(); ///< for output and for errors: `limit_exceeded` beyond
};

struct process_output {
    bytes output;
    bytes error;
    exit_status status;
};

/// What `output_of` throws: "git log: exit code 128: fatal: not a git repository".
class process_failed : public error {
public:
    process_failed(std::string what, process_output result)
        : error(std::errc::io_error, std::move(what)), result_(std::move(result))
    {
    }

    const exit_status& status() const noexcept { return result_.status; }
    const process_output& result() const noexcept { return result_; }

private:
    process_output result_;
};

class subprocess {
public:
    /// Starts it: the program, found by our PATH unless its name has a slash, and its arguments.
    /// *Throws:* `error`: "start nosuch: No such file or directory".
    explicit subprocess(std::vector<std::string> command, subprocess_options options = {});
    subprocess(subprocess&& other) noexcept;
    subprocess& operator=(subprocess&& other) noexcept;
    /// Kills it, if it runs and wasn't detached.
    ~subprocess();

    int pid() const noexcept;

    // Pipes, where the options said so; else closed streams.

    stream& input() noexcept { return input_; }
    stream& output() noexcept { return output_; }
    stream& error() noexcept { return error_; }

    /// Waits until it has ended: any number of tasks may, at any time. *Cancel:* it goes on.
    task<exit_status> wait();
    /// How it ended; none while it runs, as far as the loop has heard.
    std::optional<exit_status> status() const noexcept;

    /// Feeds it `input`, closes that, reads all that it writes, and waits for it: all at once, so that no full pipe holds it
    /// up. That it doesn't want all of the input is no error. The output ends when nobody has it open any more, which may
    /// be later than the child's end. *Cancel:* the child goes on; what was read is kept for another `communicate`.
    /// *Throws:* `limit_exceeded`.
    task<process_output> communicate(bytes input = {}, communicate_options options = {});

    /// SIGKILL and SIGTERM; any other. To a child that has ended nothing is sent, and false is returned.
    bool kill() { return send_signal(9); }
    bool terminate() { return send_signal(15); }
    bool send_signal(int number);
    /// To its group, also when the child itself has ended. *Throws:* `invalid_state` when it is in ours.
    bool signal_group(int number);

    /// It may outlive this object and the loop.
    void detach() noexcept;

private:
    detail::child_process& child(const char* operation) const;

    stream input_;
    stream output_;
    stream error_;
    std::shared_ptr<detail::child_process> child_;
};

/// Runs a program to its end. Unless the options say otherwise it gets no input, and what it writes is kept.
/// *Cancel:* kills it. *Throws:* what starting it throws; a failure of the program is in the `status`.
task<process_output> run_process(std::vector<std::string> command, subprocess_options options = {},
                                 communicate_options limits = {});

/// The same, for programs that should succeed: what it wrote. *Throws:* `process_failed` with the status, and the end of
/// what it wrote to its errors.
task<bytes> output_of(std::vector<std::string> command, subprocess_options options = {},
                      communicate_options limits = {});

/// `run_process(shell("sort < names | uniq -c"))`. Never put into it what comes from outside: pass that as an argument,
/// or in the environment.
std::vector<std::string> shell(std::string line);

} // namespace simul
