// SPDX-License-Identifier: MIT
#include "envelope.hpp"

#include "../json_fields.hpp"
#include "text/base64.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace simul::cluster::redis {
namespace {

using detail::number_in;
using detail::reason_of_death;
using detail::text_in;
using detail::text_or;

constexpr json::options tolerant = {.max_size = std::size_t{512} << 20, .duplicates = json::duplicates::last_wins};

[[noreturn]] void refuse(std::string why)
{
    throw error(std::errc::bad_message, "no message: " + std::move(why));
}

json::object* object_in(json::value* from) noexcept
{
    return from && from->kind() == json::kind::object ? &from->members() : nullptr;
}
json::object* object_in(json::object* from, std::string_view name) noexcept
{
    return from ? object_in(from->find(name)) : nullptr;
}

/// No members where it is none.
const json::object& members_of(const json::object* found)
{
    static const json::object none;
    return found ? *found : none;
}
bool is_true(const json::object& from, std::string_view name)
{
    const json::value* const found = from.find(name);
    return found && found->kind() == json::kind::boolean && found->as<bool>();
}

std::string read_body(const json::object& from, const json::object& properties)
{
    const std::string* const body = text_in(from, "body");
    if (!body)
        refuse("it has no body");
    if (text_or(properties, "body_encoding") != "base64")
        return *body;
    std::optional<std::string> decoded = simul::detail::from_base64(*body);
    if (!decoded)
        refuse("its body is said to be base 64, and isn't");
    return std::move(*decoded);
}

} // namespace

std::string write_envelope(detail::message content, const address& to, std::string tag)
{
    json::object properties{
        {"delivery_mode", content.durable ? 2 : 1},
        {"delivery_info", json::object{{"exchange", to.exchange}, {"routing_key", to.routing_key}}},
        {"priority", content.priority.value_or(0)},
        {"body_encoding", "base64"},
        {"delivery_tag", std::move(tag)},
    };
    if (!content.correlation_id.empty())
        properties["correlation_id"] = std::move(content.correlation_id);
    if (!content.reply_to.empty())
        properties["reply_to"] = std::move(content.reply_to);
    if (!content.expiration.empty())
        properties["expiration"] = std::move(content.expiration);
    json::object made;
    made["body"] = simul::detail::base64(content.body);
    made["content-encoding"] = std::move(content.content_encoding);
    made["content-type"] = std::move(content.content_type);
    made["headers"] = std::move(content.headers);
    made["properties"] = std::move(properties);
    return json::dump(made);
}

envelope read_envelope(std::string_view text)
{
    json::value whole = json::parse(text, tolerant);
    json::object* const from = object_in(&whole);
    if (!from)
        refuse("it is no JSON object");
    json::object* const found = object_in(from, "properties");
    const json::object& properties = members_of(found);
    envelope made;
    made.content.body = read_body(*from, properties);
    made.content.content_type = text_or(*from, "content-type");
    made.content.content_encoding = text_or(*from, "content-encoding");
    made.content.correlation_id = text_or(properties, "correlation_id");
    made.content.reply_to = text_or(properties, "reply_to");
    made.content.expiration = text_or(properties, "expiration");
    made.content.durable = number_in(properties, "delivery_mode").value_or(2) == 2;
    if (const auto priority = number_in(properties, "priority"))
        made.content.priority = static_cast<int>(std::clamp<std::int64_t>(*priority, 0, 255));
    if (json::object* const headers = object_in(from, "headers")) {
        made.redelivered = is_true(*headers, "redelivered");
        headers->erase("redelivered"); // they are about this delivery, and the others about what is delivered
        headers->erase(reason_of_death);
        made.content.headers = std::move(*headers);
    }
    made.redelivered = made.redelivered || is_true(members_of(object_in(found, "delivery_info")), "redelivered");
    return made;
}

std::string entry_tail(std::string_view queue)
{
    return ", \"\", " + json::dump(queue) + ']';
}

entry read_entry(std::string_view text)
{
    json::value whole = json::parse(text, tolerant);
    if (whole.kind() != json::kind::array || whole.size() != 3)
        refuse("it is no list of a message, an exchange and a routing key");
    json::array& parts = whole.elements();
    return {std::move(parts[0]), {parts[1].as<std::string>(), parts[2].as<std::string>()}};
}

int entry::priority() const noexcept
{
    const json::value* const properties = envelope.find("properties");
    const auto found = properties ? number_in(*properties, "priority") : std::nullopt;
    return static_cast<int>(std::clamp<std::int64_t>(found.value_or(0), 0, 9));
}

std::string begun_before(json::value envelope)
{
    json::object* const from = object_in(&envelope);
    if (json::object* const headers = object_in(from, "headers"))
        (*headers)["redelivered"] = true;
    if (json::object* const info = object_in(object_in(from, "properties"), "delivery_info"))
        (*info)["redelivered"] = true;
    return json::dump(envelope);
}

std::string sent_again(std::string_view envelope)
{
    return begun_before(json::parse(envelope, tolerant));
}

std::string buried(json::value envelope, std::string_view reason)
{
    if (json::object* const headers = object_in(object_in(&envelope), "headers"))
        (*headers)[reason_of_death] = reason;
    return json::dump(envelope);
}

} // namespace simul::cluster::redis
