// SPDX-License-Identifier: MIT
//
// outcome: how a job went, as results are stored and sent.
#pragma once

#include "request.hpp"

#include <simul/text/json.hpp>

#include <exception>
#include <string>
#include <string_view>

namespace simul::cluster::detail {

/// What `status` may be; or any other word, of a job that tells of its progress.
namespace status {
inline constexpr std::string_view started = "STARTED";
inline constexpr std::string_view success = "SUCCESS";
inline constexpr std::string_view failure = "FAILURE";
inline constexpr std::string_view retry = "RETRY";
inline constexpr std::string_view revoked = "REVOKED";
} // namespace status

struct outcome {
    std::string id = {};
    std::string status = {};
    json::value result =
        {}; ///< of SUCCESS the value; of FAILURE, RETRY and REVOKED {exc_type, exc_message, exc_module}
    std::string traceback = {};
    json::array children = {}; ///< [[id, null], null] of each job that this one began
    std::string group = {};
    std::string parent_id = {};

    /// Nothing comes after it.
    bool is_final() const noexcept
    {
        return status == status::success || status == status::failure || status == status::revoked;
    }
};

outcome succeeded(const request& job, json::value result);
/// As Celery names it: std::invalid_argument is a ValueError, `timeout_error` a TimeLimitExceeded.
outcome failed(const request& job, const std::exception_ptr& error);
/// `why`: "revoked", "terminated", "expired".
outcome revoked(const request& job, std::string_view why);

/// What the caller gets; of a SUCCESS none. The C++ exceptions that `failed` had a name for are themselves again, others are
/// `job_failed`.
std::exception_ptr error_of(const outcome& from);

/// As it is stored.
std::string write_outcome(const outcome& from);
/// As it is sent to who waits for it.
std::string write_reply(const outcome& from);
/// Either of them. *Throws:* `error`.
outcome read_outcome(std::string_view text);

} // namespace simul::cluster::detail
