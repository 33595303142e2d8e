// SPDX-License-Identifier: MIT
#include "http/event_parser.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;
using simul::http::server_event;
using simul::http::detail::event_parser;

/// "name#id~retry=data|", of all events.
std::string shown(event_parser& events)
{
    std::string text;
    while (const auto event = events.next()) {
        text += event->name + '#' + event->id;
        if (event->retry > 0s)
            text += '~' + std::to_string(event->retry / 1ms);
        text += '=' + event->data + '|';
    }
    return text;
}

std::string parsed(std::string_view text)
{
    event_parser events(1000);
    events.give(text);
    return shown(events);
}

std::string parsed_byte_by_byte(std::string_view text)
{
    event_parser events(1000);
    std::string all;
    for (const char c : text) {
        events.give({&c, 1});
        all += shown(events);
    }
    return all;
}

TEST(EventParser, ReadsWhatTheStandardSays)
{
    struct example {
        std::string_view text, events;
    };
    using namespace std::string_view_literals;
    for (const auto& [text, events] : std::initializer_list<example>{
             {"data: 7\n\n", "#=7|"},
             {"data: YHOO\ndata: +2\ndata: 10\n\n", "#=YHOO\n+2\n10|"},
             {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
              "#1=first event|#=second event|#= third event|"},
             {"data\n\ndata\ndata\n\ndata:", "#=|#=\n|"},
             {"event: price\nid: a\nretry: 1500\ndata: 7\n\ndata: 8\n\n", "price#a~1500=7|#a=8|"},
             {"data: a\r\rdata: b\n\ndata: c\r\n\r\ndata: d\r\n\n", "#=a|#=b|#=c|#=d|"},
             {"\xef\xbb\xbf"
              "data: a\n\n"
              "\xef\xbb\xbf"
              "data: b\n\n",
              "#=a|"},                                // a byte order mark stands in front of all
             {"event: lost\n\ndata: a\n\n", "#=a|"},  // an event without data is none
             {"retry: 20\n\ndata: a\n\n", "#~20=a|"}, // but how long to wait is said
             {"retry: soon\nretry: -1\nretry:\ndata: a\n\n", "#=a|"},
             {"retry: 99999999999999\ndata: a\n\n", "#~86400000=a|"},
             {"id: 1\0002\ndata: a\n\n"sv, "#=a|"},
             {"Data: a\n data: b\nother: c\ndata: d\n\n", "#=d|"},
             {"data: cut off\n", ""},
             {"", ""},
         }) {
        EXPECT_EQ(parsed(text), events) << text;
        EXPECT_EQ(parsed_byte_by_byte(text), events) << text;
    }
}

TEST(EventParser, ReadsWhatOursWrite)
{
    for (const server_event& each : std::initializer_list<server_event>{
             {.data = "7"}, {.data = "a\n\nb\n", .name = "x", .id = "y", .retry = 3s}, {}}) {
        event_parser events(1000);
        events.give(to_bytes(each));
        const auto again = events.next();
        ASSERT_TRUE(again);
        EXPECT_EQ(again->data, each.data);
        EXPECT_EQ(again->name, each.name);
        EXPECT_EQ(again->id, each.id);
        EXPECT_EQ(again->retry, each.retry);
    }
}

TEST(EventParser, HasALimit)
{
    event_parser one_line(10);
    one_line.give("data: 78901");
    EXPECT_THROW(one_line.next(), simul::limit_exceeded);
    event_parser many_lines(20);
    for (int i = 0; i < 10; ++i)
        many_lines.give("data: 7890\n");
    EXPECT_THROW(many_lines.next(), simul::limit_exceeded);
    event_parser comments(10);
    for (int i = 0; i < 100; ++i) {
        comments.give(": 34567\n\n");
        EXPECT_FALSE(comments.next());
    }
}

} // namespace
