// SPDX-License-Identifier: MIT
//
// What goes wrong, as types.
//
//     try { co_await simul::timeout(2s, fetch(url)); }
//     catch (const simul::timeout_error& e) { ... }
//     catch (const simul::error& e) { fmt::print("{} ({})\n", e.what(), e.code().value()); }
//
// Everything simul throws derives from `error`, but for `cancelled`, which is not a std::exception: a
// `catch (const std::exception&)` on the way must not swallow a cancellation.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace simul {

/// Base of all simul exceptions: `what()` says operation, peer or path, and reason; `code()` is the OS's or a std::errc.
class error : public std::exception {
public:
    /// `what` is the whole sentence that the user reads.
    error(std::error_code code, std::string what) : code_(code), what_(std::move(what)) {}
    error(std::errc code, std::string what) : error(std::make_error_code(code), std::move(what)) {}

    /// An operating system's `errno` value: "open /etc/nothing: No such file or directory".
    static error from_errno(int number, std::string_view operation);

    const char* what() const noexcept override { return what_.c_str(); }
    std::error_code code() const noexcept { return code_; }

private:
    std::error_code code_;
    std::string what_;
};

/// A `timeout` or `deadline` expired before its task was done.
class timeout_error : public error {
public:
    timeout_error() : error(std::errc::timed_out, "timed out") {}
    explicit timeout_error(std::string what) : error(std::errc::timed_out, std::move(what)) {}
};

/// A stream, channel or generator ended where more was asked for.
class end_of_stream : public error {
public:
    explicit end_of_stream(std::string what = "end of stream") : error(std::errc::no_message_available, std::move(what)) {}
};

/// More arrived than the caller allowed for.
class limit_exceeded : public error {
public:
    explicit limit_exceeded(std::string what) : error(std::errc::message_size, std::move(what)) {}
};

/// The loop, queue, channel or pool is closed.
class closed_error : public error {
public:
    explicit closed_error(std::string what) : error(std::errc::operation_not_permitted, std::move(what)) {}
};

/// A call that makes no sense in the object's present state: a second `set_value`, an unlock of what isn't locked.
class invalid_state : public error {
public:
    explicit invalid_state(std::string what) : error(std::errc::operation_not_permitted, std::move(what)) {}
};

/// A wait that could never end, such as `future::result()` inside the loop that should produce the result.
class deadlock_error : public error {
public:
    explicit deadlock_error(std::string what) : error(std::errc::resource_deadlock_would_occur, std::move(what)) {}
};

/// A pool whose workers can't be started, or don't get through their initializer.
class broken_pool : public error {
public:
    explicit broken_pool(std::string what) : error(std::errc::owner_dead, std::move(what)) {}
};

/// The process that ran a job ended before the job did.
class worker_died : public error {
public:
    worker_died(int pid, int signal, int exit_code, std::string job, std::string what)
        : error(std::errc::owner_dead, std::move(what)), job_(std::move(job)), pid_(pid), signal_(signal), exit_code_(exit_code)
    {
    }

    int pid() const noexcept { return pid_; }
    int signal() const noexcept { return signal_; }       ///< that ended it; 0 if it left by itself
    int exit_code() const noexcept { return exit_code_; } ///< with which it left by itself
    const std::string& job() const noexcept { return job_; }

private:
    std::string job_;
    int pid_;
    int signal_;
    int exit_code_;
};

/// Several errors of one group, in the order in which they happened. Groups nest: an error may be an `error_group` itself.
class error_group : public error {
public:
    explicit error_group(std::string what, std::vector<std::exception_ptr> errors);

    const std::vector<std::exception_ptr>& errors() const noexcept { return errors_; }

    /// The errors of type `E`, at any depth, in order; the others are put into `rest` when it is given.
    template <class E> std::vector<std::exception_ptr> split(std::vector<std::exception_ptr>* rest = nullptr) const
    {
        std::vector<std::exception_ptr> matching;
        for (const std::exception_ptr& each : errors_) {
            try {
                std::rethrow_exception(each);
            } catch (const E&) {
                matching.push_back(each);
            } catch (const error_group& inner) {
                auto deeper = inner.split<E>(rest);
                matching.insert(matching.end(), deeper.begin(), deeper.end());
            } catch (...) {
                if (rest)
                    rest->push_back(each);
            }
        }
        return matching;
    }

private:
    std::vector<std::exception_ptr> errors_;
};

/// What a cancelled await raises. Not a std::exception; catch it to clean up, then `throw;`.
struct cancelled {};

/// "TypeName: what()" of any exception, for reports.
std::string describe(const std::exception_ptr& failure);

/// Whether this exception is `cancelled`; never rethrows, so it costs a comparison.
bool is_cancelled(const std::exception_ptr& failure) noexcept;

} // namespace simul
