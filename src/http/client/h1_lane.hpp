// SPDX-License-Identifier: MIT
//
// A connection of HTTP/1 as a lane. Small content goes out with the head. What is large or comes piece by piece is sent beside
// the reading of the answer, which may come early: one that is no success ends the sending.
#pragma once

#include "lane.hpp"

#include <simul/io/stream.hpp>
#include <simul/task/future.hpp>

#include <memory>
#include <optional>

namespace simul::http::h1 {
struct found;
class outgoing_content;
} // namespace simul::http::h1

namespace simul::http::detail {

class h1_lane final : public lane {
public:
    explicit h1_lane(simul::stream over);
    ~h1_lane() override;

    bool try_send(const asked& what, duration read_timeout) override;
    task<> send(const asked& what) override;
    bool try_head(answer_head& into) override;
    std::optional<bytes_view> try_next() override;
    task<> more() override;
    http::headers& trailers() noexcept override;
    bool is_reusable() noexcept override;
    bool is_quiet() noexcept override;
    void abort() noexcept override;
    bool has_goodbye() noexcept override;
    task<> say_goodbye() override;

private:
    struct wire;

    static task<bool> gets_through(wire& over, task<> writing);
    static task<> send_pieces(wire& over, const h1::outgoing_content& from);
    static task<> send_beside(std::shared_ptr<wire> over, std::unique_ptr<const http::content> kept,
                              h1::outgoing_content opened);
    void stop_sending() noexcept;
    task<> begin_beside(const asked& what);
    void take_head(answer_head& into);

    std::shared_ptr<wire> wire_; ///< also that of who is still sending
    future<> sending_;
    bool ended_ = true;       ///< nothing of an answer is left
    bool may_follow_ = false; ///< another request, says the head
};

} // namespace simul::http::detail
