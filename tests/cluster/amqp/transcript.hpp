// SPDX-License-Identifier: MIT
//
// What the decoder makes of an input, as text, and that it makes no difference how the input is cut:
//
//     1 queue.declare-ok "jobs" 3 0
//     1 deliver "1" 7 new "" "jobs" {"content_type":"text/plain"} "wash the car"
#pragma once

#include "../../cuts.hpp"

#include "cluster/amqp/decoder.hpp"

#include <simul/text/json.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace simul::cluster::amqp {

/// `visit.operator()<Method>(name)` for all.
template <class Visit> void for_each_method(Visit visit)
{
    visit.template operator()<connection_start>("connection.start");
    visit.template operator()<connection_start_ok>("connection.start-ok");
    visit.template operator()<connection_tune>("connection.tune");
    visit.template operator()<connection_tune_ok>("connection.tune-ok");
    visit.template operator()<connection_open>("connection.open");
    visit.template operator()<connection_open_ok>("connection.open-ok");
    visit.template operator()<connection_close>("connection.close");
    visit.template operator()<connection_close_ok>("connection.close-ok");
    visit.template operator()<connection_blocked>("connection.blocked");
    visit.template operator()<connection_unblocked>("connection.unblocked");
    visit.template operator()<channel_open>("channel.open");
    visit.template operator()<channel_open_ok>("channel.open-ok");
    visit.template operator()<channel_close>("channel.close");
    visit.template operator()<channel_close_ok>("channel.close-ok");
    visit.template operator()<exchange_declare>("exchange.declare");
    visit.template operator()<exchange_declare_ok>("exchange.declare-ok");
    visit.template operator()<exchange_delete>("exchange.delete");
    visit.template operator()<exchange_delete_ok>("exchange.delete-ok");
    visit.template operator()<queue_declare>("queue.declare");
    visit.template operator()<queue_declare_ok>("queue.declare-ok");
    visit.template operator()<queue_bind>("queue.bind");
    visit.template operator()<queue_bind_ok>("queue.bind-ok");
    visit.template operator()<queue_unbind>("queue.unbind");
    visit.template operator()<queue_unbind_ok>("queue.unbind-ok");
    visit.template operator()<queue_purge>("queue.purge");
    visit.template operator()<queue_purge_ok>("queue.purge-ok");
    visit.template operator()<queue_delete>("queue.delete");
    visit.template operator()<queue_delete_ok>("queue.delete-ok");
    visit.template operator()<basic_qos>("qos");
    visit.template operator()<basic_qos_ok>("qos-ok");
    visit.template operator()<basic_consume>("consume");
    visit.template operator()<basic_consume_ok>("consume-ok");
    visit.template operator()<basic_cancel>("cancel");
    visit.template operator()<basic_cancel_ok>("cancel-ok");
    visit.template operator()<basic_ack>("ack");
    visit.template operator()<basic_nack>("nack");
    visit.template operator()<confirm_select>("confirm.select");
    visit.template operator()<confirm_select_ok>("confirm.select-ok");
}

/// As JSON, where JSON can say it: strings may hold any bytes.
inline std::string text_of(const table& fields)
{
    try {
        return json::dump(json::value(fields));
    } catch (const json::error&) {
        return "{?}";
    }
}

/// Takes the fields of a method as a writer does, and makes text of them.
class describer {
public:
    template <class... Fields> void operator()(const Fields&... fields) { (add(fields), ...); }
    template <std::same_as<bool>... Flags> void bits(const Flags&... flags)
    {
        text += ' ';
        ((text += flags ? '1' : '0'), ...);
    }

    std::string text;

private:
    void add(std::unsigned_integral auto number) { text += ' ' + std::to_string(number); }
    void add(std::string_view name) { text += " \"" + std::string(name) + '"'; }
    void add(long_string name) { add(name.text); }
    void add(const table& fields) { text += ' ' + text_of(fields); }
};

template <class Method> std::string text_of(std::string_view name, const Method& method)
{
    describer fields;
    fields.text = name;
    Method::pass(method, fields);
    return fields.text;
}

/// "wrong" is one whose fields can't be read.
inline std::string text_of(std::uint32_t id, bytes_view arguments)
{
    std::string text;
    for_each_method([&]<class Method>(std::string_view name) {
        if (Method::id != id)
            return;
        Method method;
        text = read_method(arguments, method) ? text_of(name, method) : std::string(name) + " wrong";
    });
    return text.empty() ? "method " + std::to_string(class_of(id)) + '.' + std::to_string(id & 0xffff) : text;
}

inline std::string text_of(const properties& of)
{
    json::object given;
    const auto add = [&](const char* name, const auto& field) {
        if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(field)>>) {
            if (field != 0)
                given[name] = field;
        } else if (!field.empty()) {
            given[name] = field;
        }
    };
    add("content_type", of.content_type);
    add("content_encoding", of.content_encoding);
    add("headers", of.headers);
    add("delivery_mode", of.delivery_mode);
    add("priority", of.priority);
    add("correlation_id", of.correlation_id);
    add("reply_to", of.reply_to);
    add("expiration", of.expiration);
    add("message_id", of.message_id);
    add("timestamp", of.timestamp);
    add("type", of.type);
    add("user_id", of.user_id);
    add("app_id", of.app_id);
    return text_of(given);
}

inline std::string text_of(const message& what)
{
    const auto quoted = [](std::string_view text) { return " \"" + std::string(text) + '"'; };
    std::string text;
    if (what.method == basic_deliver::id)
        text = "deliver" + quoted(what.consumer_tag) + ' ' + std::to_string(what.delivery_tag) +
               (what.redelivered ? " again" : " new");
    else if (what.method == basic_return::id)
        text = "return " + std::to_string(what.reply_code) + quoted(what.reply_text);
    else
        text = "publish";
    text += quoted(what.exchange) + quoted(what.routing_key) + ' ' + text_of(what.properties) + quoted(what.body);
    return what.unreadable ? text + " unreadable: " + what.unreadable : text;
}

/// The latest event.
inline std::string text_of(decoder& from, decoder::event what)
{
    const std::string channel = std::to_string(from.channel()) + ' ';
    switch (what) {
    case decoder::event::method:
        return channel + text_of(from.method(), from.arguments());
    case decoder::event::message:
        return channel + text_of(from.message());
    case decoder::event::heartbeat:
        return "heartbeat";
    case decoder::event::failed:
        return "failed: " + std::to_string(static_cast<unsigned>(from.reply_code())) + ' ' + from.why();
    case decoder::event::starved:
        break;
    }
    return "starved";
}

using transcriber = cuts::transcriber<decoder, limits>;

inline std::string transcript(std::string_view input, const limits& within = {})
{
    return cuts::transcript<transcriber>(input, within);
}

inline void expect_same_when_cut(std::string_view input, const std::string& expected, const limits& within = {})
{
    cuts::expect_same<transcriber>(input, expected, within, within.frame_max - 1);
}

} // namespace simul::cluster::amqp
