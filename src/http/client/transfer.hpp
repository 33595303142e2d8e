// SPDX-License-Identifier: MIT
//
// transfer: one request of a user, with all that it takes until its answer was read: lanes, redirects, attempts.
//
//     transfer.hpp    what it is
//     transfer.cpp    the way to an answer: lanes and attempts
//     redirects.cpp   where a redirect leads
//     body.cpp        the answer's body
#pragma once

#include "asked.hpp"
#include "client_core.hpp"
#include "lane.hpp"
#include "pool.hpp"

#include "http/content_coding.hpp"

#include <simul/base/bytes.hpp>
#include <simul/base/time.hpp>
#include <simul/http/client.hpp>
#include <simul/http/response.hpp>
#include <simul/task/task.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simul::http::detail {

class transfer {
public:
    /// *Throws:* `error` for what is no URL of http, or no header.
    transfer(std::shared_ptr<client_core> core, std::string method, const std::string& url, content body,
             const request_options& with);
    transfer(const transfer&) = delete;
    transfer& operator=(const transfer&) = delete;
    ~transfer();

    /// Up to the head of the answer that is the user's.
    task<> start();
    /// Where it is, for who ends it.
    const char* phase() const noexcept { return phase_; }

    const asked& request() const noexcept { return request_; }
    const answer_head& head() const noexcept { return head_; }
    const std::vector<hop>& history() const noexcept { return history_; }
    const http::headers& trailers() const noexcept { return trailers_; }

    // ---- the body, decoded

    /// The next piece, if it has arrived: a view until the next call. Empty: the end.
    std::optional<bytes_view> try_piece();
    task<bytes_view> piece();
    /// The next piece is this, what is left of one.
    void hold(bytes_view rest) noexcept { held_ = rest; }
    /// Up to its end. None: the end of all. Of one that is cut off by a failure or a cancellation nothing is lost.
    task<std::optional<bytes>> line(std::size_t limit);
    /// Takes what has come of it; true: that was all. *Throws:* also `limit_exceeded`.
    bool take_arrived(bytes& into, std::size_t limit);
    /// All of it, behind what was taken before.
    task<bytes> rest(std::size_t limit, bytes begun = {});
    /// When all was read. Nothing else is left here then.
    response with_body(bytes body);
    /// Gives up what is left, but for a little.
    task<> close();

    /// Tells the trace, if there is one.
    void note(trace_event::kind what, std::string_view why = {}) const
    {
        if (core_->options.trace) [[unlikely]]
            tell(what, why);
    }

private:
    void tell(trace_event::kind what, std::string_view why) const;

    // transfer.cpp
    void fill_fields();
    void fill_unusual(const http::headers& mine);
    std::string digest_authorization() const;
    bool meets_challenge();
    void keep_cookies() const;
    bool try_find_lane();
    task<> find_lane(bool fresh);
    task<> attempt();
    bool can_send_again() const noexcept;
    bool may_repeat() const noexcept;
    std::optional<duration> wait_before_next(int attempts, const std::exception_ptr& failure) const;

    // redirects.cpp
    std::optional<url> next_place() const;
    void go_to(url next);

    // body.cpp
    void begin_body();
    void put_back(bytes front);
    std::optional<bytes_view> digest(bytes_view raw);
    std::optional<bytes_view> decode_more();
    void finish_body();
    bool drain_arrived();
    task<> drain_slowly();
    task<> drain();

    std::shared_ptr<client_core> core_;
    const request_options& with_; ///< its caller's, until `start` is over
    asked request_;
    credentials auth_;
    bool elsewhere_ = false;  ///< redirected to another origin: what was for the first one is not for this
    bool became_get_ = false; ///< and lost its content
    int challenges_ = 0;      ///< met
    duration read_timeout_;
    int redirects_left_;
    time_point began_{}; ///< where it is traced
    const char* phase_ = "";

    pool::lease lease_;
    answer_head head_;
    std::vector<hop> history_;
    http::headers trailers_;

    bool decodes_;
    bool touched_ = false; ///< somebody reads the body
    bool at_end_ = false;
    bool closed_ = false;
    std::optional<piece_decoder> decoder_;
    bytes_view held_;
    bytes put_back_; ///< where `held_` is, then
};

} // namespace simul::http::detail
