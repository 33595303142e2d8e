// SPDX-License-Identifier: MIT
#include <simul/io/subprocess.hpp>

#include "child_process.hpp"
#include "fd_transport.hpp"
#include "performed.hpp"
#include "run/backend/system.hpp"
#include "stream_core.hpp"

#include <simul/io/signals.hpp>
#include <simul/run/loop.hpp>
#include <simul/task/gather.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <ranges>
#include <sys/mman.h>
#include <unistd.h>

namespace simul {

using detail::child_process;
using detail::fd_transport;
using detail::unique_fd;

// ---- how it is started

namespace {

void refuse_zero_bytes(std::string_view text, const std::string& operation)
{
    if (text.find('\0') != text.npos)
        throw error(std::errc::invalid_argument, operation + ": there is a zero byte in what it is given");
}

std::vector<std::string> environment_of(const subprocess_options& options, const std::string& operation)
{
    std::vector<std::string> all;
    if (options.inherit_environment)
        for (char** each = environ; *each; ++each)
            if (const std::string_view line = *each;
                !options.environment.contains(std::string(line.substr(0, line.find('=')))))
                all.emplace_back(line);
    for (const auto& [name, value] : options.environment) {
        if (name.empty() || name.find('=') != name.npos)
            throw error(std::errc::invalid_argument, operation + ": \"" + name + "\" is no name for a variable");
        if (value)
            all.push_back(name + "=" + *value);
    }
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts, const std::string& operation)
{
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (std::string& each : texts) {
        refuse_zero_bytes(each, operation);
        all.push_back(each.data());
    }
    all.push_back(nullptr);
    return all;
}

unique_fd open_redirect(const std::string& path, int flags, const std::string& operation)
{
    refuse_zero_bytes(path, operation);
    unique_fd file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
    if (file.get() < 0)
        throw error::from_errno(errno, operation + ": open " + path);
    return file;
}

/// In memory, so that its size doesn't matter to anybody.
unique_fd file_with(bytes_view data, const std::string& operation)
{
    unique_fd file(::memfd_create("simul: input of a process", MFD_CLOEXEC));
    bytes_view left = data;
    ssize_t written = file.get();
    while (written >= 0 && !left.empty()) {
        written = ::write(file.get(), left.data(), left.size());
        left.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    if (written < 0 || ::lseek(file.get(), 0, SEEK_SET) < 0)
        throw error::from_errno(errno, operation + ": its input");
    return file;
}

bool is_a_folder(const std::string& path) noexcept
{
    return unique_fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)).get() >= 0 &&
           ::access(path.c_str(), X_OK) == 0;
}

} // namespace

redirect redirect::fd(int number) noexcept
{
    redirect made(kind::fd);
    made.fd_ = number;
    return made;
}

namespace detail {

/// The three descriptors that a child gets, and our ends of its pipes.
class child_files {
public:
    child_files(const std::string& name, backend& io) : name_(name), io_(io) {}

    /// `number`: 0 for input, 1, 2.
    void lead(int number, const redirect& where, stream& our_end);
    std::span<const int> all() const noexcept { return files_; }

private:
    int keep(unique_fd file) { return opened_.emplace_back(std::move(file)).get(); }
    int make_pipe(int number, stream& our_end);

    static constexpr std::array<const char*, 3> words = {"input", "output", "errors"};

    const std::string& name_;
    backend& io_;
    std::array<int, 3> files_ = {no_file, no_file, no_file};
    std::vector<unique_fd> opened_; ///< ours to close once it has been started
};

int child_files::make_pipe(int number, stream& our_end)
{
    int fds[2] = {-1, -1};
    if (const int made = io_.make_pipe(fds); made < 0)
        throw error::from_errno(-made, "start " + name_ + ": a pipe");
    const bool is_input = number == 0;
    unique_fd theirs(fds[is_input ? 0 : 1]);
    unique_fd ours(fds[is_input ? 1 : 0]);
    const std::string peer = std::string("the ") + words[static_cast<std::size_t>(number)] + " of " + name_;
    transport_ptr at(new fd_transport(ours.get(), fd_transport::kind::pipe, peer));
    ours.release();
    our_end = stream_core::make(std::move(at));
    return keep(std::move(theirs));
}

void child_files::lead(int number, const redirect& where, stream& our_end)
{
    using kind = redirect::kind;
    const bool is_input = number == STDIN_FILENO;
    const auto refused = [&](const char* why) {
        return error(std::errc::invalid_argument,
                     "start " + name_ + ": its " + words[static_cast<std::size_t>(number)] + " " + why);
    };
    int& file = files_[static_cast<std::size_t>(number)];
    switch (where.kind_) {
    case kind::usual:
    case kind::inherit:
        file = number;
        break;
    case kind::pipe:
        file = make_pipe(number, our_end);
        break;
    case kind::null:
        break;
    case kind::fd:
        if (::fcntl(where.fd_, F_GETFD) < 0)
            throw refused(("can't be descriptor " + std::to_string(where.fd_) + ", which isn't open").c_str());
        file = where.fd_;
        break;
    case kind::file:
        file = keep(open_redirect(where.text_, is_input ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, "start " + name_));
        break;
    case kind::append:
        if (is_input)
            throw refused("can't be appended to");
        file = keep(open_redirect(where.text_, O_WRONLY | O_CREAT | O_APPEND, "start " + name_));
        break;
    case kind::data:
        if (!is_input)
            throw refused("can't be given as data");
        file = keep(file_with(where.text_, "start " + name_));
        break;
    case kind::same_as_output:
        if (number != STDERR_FILENO)
            throw refused("can't be the same as output; only errors can");
        file = files_[STDOUT_FILENO];
        break;
    }
}

} // namespace detail

subprocess::subprocess(std::vector<std::string> command, subprocess_options options)
{
    if (command.empty() || command.front().empty())
        throw simul::error(std::errc::invalid_argument, "start: no program was named");
    const std::string name = command.front();
    const std::string operation = "start " + name;
    detail::backend& io = detail::backend_here("subprocess");
    if (loop::current().backend_name() == "sim")
        throw simul::error(std::errc::operation_not_supported, operation + ": there are no processes in virtual time");

    detail::child_files files(name, io);
    files.lead(STDIN_FILENO, options.input, input_);
    files.lead(STDOUT_FILENO, options.output, output_);
    files.lead(STDERR_FILENO, options.error, error_);
    auto variables = environment_of(options, operation);
    const auto arguments = pointers_to(command, operation);
    const auto environment = pointers_to(variables, operation);
    refuse_zero_bytes(options.directory, operation);
    try {
        child_ = child_process::start({.program = name.c_str(),
                                       .arguments = arguments.data(),
                                       .environment = environment.data(),
                                       .files = files.all(),
                                       .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                                       .group = static_cast<detail::new_group>(options.group)});
    } catch (const simul::error& failed) { // the system doesn't say of what it speaks
        const bool of_directory = failed.code() == std::errc::no_such_file_or_directory ||
                                  failed.code() == std::errc::not_a_directory ||
                                  failed.code() == std::errc::permission_denied;
        if (of_directory && !options.directory.empty() && !is_a_folder(options.directory))
            throw simul::error::from_errno(failed.code().value(), operation + " in " + options.directory);
        throw;
    }
}

subprocess::subprocess(subprocess&& other) noexcept = default;

subprocess& subprocess::operator=(subprocess&& other) noexcept
{
    subprocess old(std::move(*this));
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    error_ = std::move(other.error_);
    child_ = std::move(other.child_);
    return *this;
}

subprocess::~subprocess()
{
    if (child_)
        child_->abandon();
}

child_process& subprocess::child(const char* operation) const
{
    if (!child_)
        throw invalid_state(std::string(operation) + ": this subprocess was moved from");
    child_->check_loop(operation);
    return *child_;
}

// ---- while it runs

int subprocess::pid() const noexcept
{
    return child_ ? child_->pid() : -1;
}

std::optional<exit_status> subprocess::status() const noexcept
{
    return child_ ? child_->status() : std::nullopt;
}

task<exit_status> subprocess::wait()
{
    child("wait");
    const auto kept = child_; // this may be moved or destroyed meanwhile
    co_await kept->ended().wait();
    co_return *kept->status();
}

bool subprocess::send_signal(int number)
{
    return child("send_signal").send_signal(number);
}

bool subprocess::signal_group(int number)
{
    return child("signal_group").signal_group(number);
}

void subprocess::detach() noexcept
{
    if (child_)
        child_->detach();
}

namespace {

/// All of `data`, and the end; as far as the child wants them.
task<> feed(stream& input, bytes data)
{
    if (!input)
        co_return;
    try {
        co_await input.write_all(data);
        co_await input.close();
    } catch (const error& failed) {
        if (failed.code() != std::errc::broken_pipe && failed.code() != std::errc::connection_reset)
            throw;
        input.abort();
    }
}

task<bytes> all_of(stream& output, std::size_t limit)
{
    co_return output ? co_await output.read_all(limit) : bytes();
}

} // namespace

task<process_output> subprocess::communicate(bytes input, communicate_options options)
{
    child("communicate");
    if (!input.empty() && !input_)
        throw invalid_state("communicate: the input of " + child_->name() + " is no pipe, or closed");
    auto [output, errors] =
        co_await gather(all_of(output_, options.limit), all_of(error_, options.limit), feed(input_, std::move(input)));
    co_return process_output{std::move(output), std::move(errors), co_await wait()};
}

// ---- in one call

task<process_output> run_process(std::vector<std::string> command, subprocess_options options,
                                 communicate_options limits)
{
    using kind = redirect::kind;
    if (options.input.kind_ == kind::usual)
        options.input = redirect::null();
    for (redirect* each : {&options.output, &options.error})
        if (each->kind_ == kind::usual)
            *each = redirect::pipe();
    subprocess child(std::move(command), std::move(options));
    co_return co_await child.communicate({}, limits);
}

namespace {

constexpr std::size_t longest_shown = 400;

/// "git log"; cut when it is long.
std::string shown(const std::vector<std::string>& command)
{
    std::string text;
    for (const std::string& each : command)
        text += (text.empty() ? "" : " ") + each;
    return text.size() <= longest_shown ? text : text.substr(0, longest_shown) + "...";
}

/// The last lines of what it wrote, without the line's end.
std::string_view end_of(std::string_view text)
{
    text = text.substr(0, text.find_last_not_of(" \n\r\t") + 1);
    if (text.size() <= longest_shown)
        return text;
    text.remove_prefix(text.size() - longest_shown);
    return text.substr(text.find('\n') + 1);
}

} // namespace

task<bytes> output_of(std::vector<std::string> command, subprocess_options options, communicate_options limits)
{
    const std::string text = shown(command);
    process_output all = co_await run_process(std::move(command), std::move(options), limits);
    if (all.status.success())
        co_return std::move(all.output);
    std::string sentence = text + ": " + all.status.text();
    if (const std::string_view errors = end_of(all.error); !errors.empty())
        sentence.append(": ").append(errors);
    throw process_failed(std::move(sentence), std::move(all));
}

std::vector<std::string> shell(std::string line)
{
    return {"/bin/sh", "-c", std::move(line)};
}

std::string exit_status::text() const
{
    if (lost)
        return "exit code unknown";
    return signal != 0 ? "ended by " + signal_name(signal) : "exit code " + std::to_string(code);
}

} // namespace simul
