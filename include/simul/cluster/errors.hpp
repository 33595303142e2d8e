// SPDX-License-Identifier: MIT
//
// What can come out of a job that ran elsewhere. Errors that C++ has a type for come out as that: `std::invalid_argument` (which
// Python calls ValueError), `std::out_of_range` (IndexError), `std::bad_alloc` (MemoryError), `timeout_error`,
// `worker_died`, `argument_error` (TypeError). What else a worker says is a `job_failed`.
#pragma once

#include <simul/base/error.hpp>

#include <string>
#include <utility>

namespace simul::cluster {

/// A job failed, by an error that has no type here: "tasks.add: KeyError: 'size'".
class job_failed : public error {
public:
    job_failed(std::string what, std::string type, std::string module, std::string traceback)
        : error(std::errc::io_error, std::move(what)), type_(std::move(type)), module_(std::move(module)),
          traceback_(std::move(traceback))
    {
    }

    const std::string& type() const noexcept { return type_; }           ///< "KeyError"
    const std::string& module() const noexcept { return module_; }       ///< "builtins"
    const std::string& traceback() const noexcept { return traceback_; } ///< as the worker wrote it

private:
    std::string type_, module_, traceback_;
};

/// Somebody called the job back, or it expired, before it was done.
class job_revoked : public error {
public:
    explicit job_revoked(std::string what) : error(std::errc::operation_canceled, std::move(what)) {}
};

/// No worker has a job of this name.
class unknown_job : public error {
public:
    explicit unknown_job(std::string what) : error(std::errc::function_not_supported, std::move(what)) {}
};

/// The broker doesn't answer: "cluster redis://localhost:6379/0: not published for 30 s: Connection refused".
class broker_lost : public error {
public:
    explicit broker_lost(std::string what) : error(std::errc::not_connected, std::move(what)) {}
};

} // namespace simul::cluster
