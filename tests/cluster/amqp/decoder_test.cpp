// SPDX-License-Identifier: MIT
#include "cluster/amqp/decoder.hpp"

#include "transcript.hpp"

#include <simul/base/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace simul;
using namespace simul::cluster::amqp;
using namespace std::string_view_literals;

template <class Method> bytes method_frame(std::uint16_t channel, const Method& method)
{
    bytes out;
    write_method(out, channel, method);
    return out;
}

/// A method that has a content, and the content.
template <class Method>
bytes message_frames(std::uint16_t channel, const Method& method, const properties& of, bytes_view body,
                     std::uint32_t frame_max = least_frame_max)
{
    bytes out = method_frame(channel, method);
    write_content(out, channel, of, body, frame_max);
    return out;
}

bytes frame(int type, std::uint16_t channel, bytes_view payload)
{
    bytes out;
    writer to(out);
    to(static_cast<std::uint8_t>(type), channel, long_string{payload});
    return out + frame_end;
}

void expect(const bytes& input, const std::string& expected, const limits& within = {})
{
    EXPECT_EQ(transcript(input, within), expected);
    expect_same_when_cut(input, expected, within);
}

const basic_deliver delivery{"1", 7, false, "", "jobs"};

TEST(AmqpDecoder, ReadsMethods)
{
    expect(method_frame(1, queue_declare_ok{"jobs", 3, 1}) + method_frame(2, basic_ack{5, true}) +
               method_frame(1, channel_close{404, "NOT_FOUND", queue_bind::id}) +
               method_frame(0, connection_unblocked{}),
           "1 queue.declare-ok \"jobs\" 3 1\n"
           "2 ack 5 1\n"
           "1 channel.close 404 \"NOT_FOUND\" 3276820\n"
           "0 connection.unblocked\n");
}

TEST(AmqpDecoder, ReadsEveryMethodAsItIsWritten)
{
    for_each_method([]<class Method>(std::string_view name) {
        const std::string text = text_of(name, Method{});
        EXPECT_EQ(transcript(method_frame(3, Method{})), "3 " + text + '\n');
    });
}

TEST(AmqpDecoder, PutsMessagesTogether)
{
    properties all{.content_type = "application/json",
                   .content_encoding = "utf-8",
                   .headers = {{"task", "tasks.add"}, {"retries", 0}},
                   .delivery_mode = 2,
                   .priority = 3,
                   .correlation_id = "c",
                   .reply_to = "r",
                   .expiration = "1000",
                   .message_id = "m",
                   .timestamp = 1'700'000'000,
                   .type = "t",
                   .user_id = "guest",
                   .app_id = "simul"};
    expect(
        message_frames(1, delivery, all, "[[2, 3], {}, {}]"),
        "1 deliver \"1\" 7 new \"\" \"jobs\" "
        R"({"content_type":"application/json","content_encoding":"utf-8","headers":{"task":"tasks.add","retries":0},)"
        R"("delivery_mode":2,"priority":3,"correlation_id":"c","reply_to":"r","expiration":"1000","message_id":"m",)"
        R"("timestamp":1700000000,"type":"t","user_id":"guest","app_id":"simul"} "[[2, 3], {}, {}]")"
        "\n");
    expect(message_frames(1, basic_return{312, "NO_ROUTE", "", "nowhere"}, {}, ""),
           "1 return 312 \"NO_ROUTE\" \"\" \"nowhere\" {} \"\"\n");
    expect(message_frames(1, basic_publish{"x", "y"}, {.priority = 1}, "z"),
           "1 publish \"x\" \"y\" {\"priority\":1} \"z\"\n");
}

TEST(AmqpDecoder, PutsBodiesTogether)
{
    std::string body;
    for (int i = 0; body.size() < 3 * least_frame_max; ++i)
        body += std::to_string(i);
    const bytes input = message_frames(1, delivery, {}, body);
    EXPECT_EQ(transcript(input), "1 deliver \"1\" 7 new \"\" \"jobs\" {} \"" + body + "\"\n");
    EXPECT_EQ(transcript(input, {.frame_max = least_frame_max}), transcript(input));
    for (std::size_t at = 1; at < input.size(); at += 97) {
        transcriber cut(limits{});
        cut.arrive(std::string_view(input).substr(0, at));
        cut.arrive(std::string_view(input).substr(at));
        EXPECT_EQ(cut.end(), transcript(input));
    }
}

TEST(AmqpDecoder, KeepsTheMessagesOfChannelsApart)
{
    const bytes one = message_frames(1, delivery, {}, "one");
    const bytes two = message_frames(2, delivery, {}, "two");
    const std::size_t method = method_frame(1, delivery).size();
    expect(one.substr(0, method) + two.substr(0, method) + method_frame(3, channel_close_ok{}) + two.substr(method) +
               one.substr(method),
           "3 channel.close-ok\n"
           "2 deliver \"1\" 7 new \"\" \"jobs\" {} \"two\"\n"
           "1 deliver \"1\" 7 new \"\" \"jobs\" {} \"one\"\n");
}

TEST(AmqpDecoder, ReadsHeartbeats)
{
    bytes input;
    write_heartbeat(input);
    expect(input + method_frame(1, basic_ack{1}) + input, "heartbeat\n1 ack 1 0\nheartbeat\n");
}

TEST(AmqpDecoder, RefusesWhatIsNoFrame)
{
    expect(bytes(protocol_header), "failed: 501 the name of another version of AMQP\n");
    expect("HTTP/1.1 400 Bad Request\r\n", "failed: 501 a frame that is too large, or is no frame of AMQP's\n");
    bytes wrong_end = method_frame(1, basic_ack{1});
    wrong_end.back() = '\n';
    expect(wrong_end, "failed: 501 a frame that doesn't end where it says\n");
    expect(frame(4, 1, ""), "failed: 501 a frame of unknown type\n");
    expect(frame(8, 1, ""), "failed: 501 a heartbeat that says something\n");
    expect(frame(8, 0, "x"), "failed: 501 a heartbeat that says something\n");
    expect(frame(1, 1, "\0\x3c\0"sv), "failed: 501 a method without a name\n");
}

TEST(AmqpDecoder, RefusesWhatIsOutOfOrder)
{
    const bytes message = message_frames(1, delivery, {}, "body");
    const std::size_t method = method_frame(1, delivery).size();
    const std::size_t head = method + message_frames(1, delivery, {}, "").size() - method;
    expect(message.substr(method), "failed: 505 a header without a message\n");
    expect(message.substr(head), "failed: 505 a body without a message\n");
    expect(message.substr(0, method) + message.substr(head), "failed: 505 a body without a message\n");
    expect(message.substr(0, method) + message, "failed: 505 a method inside a message\n");
    expect(message.substr(0, head) + message.substr(method), "failed: 505 a header without a message\n");
    expect(message.substr(0, head) + frame(3, 1, "body and more"), "failed: 501 a body that is longer than it says\n");
    expect(frame(1, 1, "\0\x3c\0\x3c\xff"sv), "failed: 502 a delivery that can't be read\n");
    expect(frame(1, 1, "\0\x3c\0\x32\xff"sv), "failed: 502 a returned message that can't be read\n");
    expect(message.substr(0, method) + frame(2, 1, "\0\x3c\0"sv), "failed: 502 a header that can't be read\n");
}

TEST(AmqpDecoder, AMessageWithBadPropertiesIsNoReasonToStop)
{
    const auto with_properties = [](bytes_view octets) {
        bytes header;
        writer to(header);
        to(std::uint16_t{basic_class}, std::uint16_t{0}, std::uint64_t{2});
        return method_frame(1, delivery) + frame(2, 1, header + bytes(octets)) + frame(3, 1, "hi") +
               method_frame(1, basic_ack{1});
    };
    const auto unreadable = [](const std::string& why) {
        return "1 deliver \"1\" 7 new \"\" \"jobs\" {} \"hi\" unreadable: " + why + "\n1 ack 1 0\n";
    };
    expect(with_properties(""), unreadable("something that ends too soon"));
    expect(with_properties("\x80\0\5abc"sv), unreadable("something that ends too soon"));
    expect(with_properties("\x20\0\0\0\0\3\1a?"sv), unreadable("a table with a value of unknown type"));
    expect(with_properties("\0\1\0\0"sv), unreadable("properties and something behind them"));
    expect(with_properties("\0\4\1c"sv), "1 deliver \"1\" 7 new \"\" \"jobs\" {} \"hi\"\n1 ack 1 0\n"); // cluster-id
}

TEST(AmqpDecoder, DropsBodiesThatAreTooLarge)
{
    const limits within = {.body = 4};
    expect(message_frames(1, delivery, {.type = "t"}, "four") + message_frames(1, delivery, {.type = "t"}, "hello") +
               method_frame(1, basic_ack{1}),
           "1 deliver \"1\" 7 new \"\" \"jobs\" {\"type\":\"t\"} \"four\"\n"
           "1 deliver \"1\" 7 new \"\" \"jobs\" {\"type\":\"t\"} \"\" unreadable: a body that is too large\n"
           "1 ack 1 0\n",
           within);
}

TEST(AmqpDecoder, AnnouncingMuchCostsNothing)
{
    decoder from(limits{.body = std::size_t{1} << 40});
    bytes input;
    for (std::uint16_t channel = 1; channel <= 64; ++channel) {
        bytes header;
        writer to(header);
        to(std::uint16_t{basic_class}, std::uint16_t{0}, std::uint64_t{1} << 39, std::uint16_t{0});
        input += method_frame(channel, delivery) + frame(2, channel, header);
    }
    EXPECT_EQ(from.next(input).what, decoder::event::starved);
    EXPECT_EQ(from.next(method_frame(65, delivery)).what, decoder::event::failed);
    EXPECT_STREQ(from.why(), "too many messages at once");
}

TEST(AmqpDecoder, KeepsToTheFrameSizeAgreedOn)
{
    decoder from;
    from.agree_on(least_frame_max);
    EXPECT_EQ(from.next(frame(3, 1, bytes(least_frame_max - frame_overhead, 'x'))).what,
              decoder::event::failed); // no message
    decoder strict;
    strict.agree_on(least_frame_max);
    const bytes head = frame(3, 1, bytes(least_frame_max - frame_overhead + 1, 'x')).substr(0, frame_head);
    EXPECT_EQ(strict.next(head).what, decoder::event::failed);
    EXPECT_STREQ(strict.why(), "a frame that is too large, or is no frame of AMQP's");
}

TEST(AmqpFrame, WhatCannotBeWrittenLeavesNothing)
{
    bytes out = "before";
    EXPECT_THROW(write_method(out, 1, queue_declare{.queue = std::string_view(bytes(256, 'q'))}), error);
    EXPECT_THROW(write_method(out, 1, queue_declare{.queue = "q", .arguments = {{"a", bytes(least_frame_max, 'a')}}}),
                 limit_exceeded);
    EXPECT_EQ(out, "before");
}

TEST(AmqpFrame, SplitsBodiesAtTheFrameSize)
{
    const std::size_t most = least_frame_max - frame_overhead;
    const auto frames = [&](std::size_t size) {
        bytes out;
        write_content(out, 1, {}, bytes(size, 'b'), least_frame_max);
        return (out.size() - (frame_overhead + 14) - size) / frame_overhead;
    };
    EXPECT_EQ(frames(0), 0u);
    EXPECT_EQ(frames(1), 1u);
    EXPECT_EQ(frames(most), 1u);
    EXPECT_EQ(frames(most + 1), 2u);
    EXPECT_EQ(frames(3 * most), 3u);
}

} // namespace
