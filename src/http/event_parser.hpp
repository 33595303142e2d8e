// SPDX-License-Identifier: MIT
//
// The text of an event stream, as it comes, to events (HTML, 9.2.6).
//
//     event_parser events;
//     events.give("event: price\nda");
//     events.next();                       // none: that isn't one yet
//     events.give("ta: 7\n\n");
//     events.next();                       // {.data = "7", .name = "price"}
#pragma once

#include <simul/base/bytes.hpp>
#include <simul/http/events.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace simul::http::detail {

class event_parser {
public:
    /// Of `where`, for errors.
    explicit event_parser(std::size_t limit, std::string where = "events") : limit_(limit), where_(std::move(where)) {}

    /// Behind what was given before, once all events of that were taken.
    void give(bytes_view piece);
    /// *Throws:* `limit_exceeded` for an event of more than the limit.
    std::optional<server_event> next();

private:
    std::optional<std::string_view> take_line();
    void check(std::size_t line) const;
    void take_field(std::string_view line);
    std::optional<server_event> take_event();

    std::size_t limit_;
    std::string where_;
    bytes text_;           ///< given, and no whole line yet
    std::size_t used_ = 0; ///< of it
    bool begun_ = false;   ///< the first line was looked at: what may be a byte order mark is over
    bool after_cr_ = false;
    server_event event_; ///< so far. Its id stays for those that have none
    bool has_data_ = false;
};

} // namespace simul::http::detail
