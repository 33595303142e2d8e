// SPDX-License-Identifier: MIT
#include "http/event_parser.hpp"

#include <simul/http/client_error.hpp>
#include <simul/http/download.hpp>
#include <simul/http/events.hpp>
#include <simul/http/media_type.hpp>

#include <utility>

namespace simul::http {

namespace {

void check_type(const download& of)
{
    const std::string_view type = of.headers().get("Content-Type").value_or("");
    const auto known = media_type::try_parse(type);
    if (!known || known->essence != "text/event-stream")
        throw answer_error(of.url() + ": no event stream, but \"" + std::string(type.substr(0, 100)) + '"');
}

} // namespace

async_generator<server_event> events_from(download& from, std::size_t limit)
{
    check_type(from);
    detail::event_parser events(limit, from.url());
    for (bytes piece = co_await from.read_some(); !piece.empty(); piece = co_await from.read_some()) {
        events.give(piece);
        while (auto event = events.next())
            co_yield *std::move(event);
    }
}

} // namespace simul::http
