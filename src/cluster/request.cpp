// SPDX-License-Identifier: MIT
#include "request.hpp"

#include "io/this_machine.hpp"
#include "json_fields.hpp"
#include "shown.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>

namespace simul::cluster::detail {
namespace {

constexpr std::string_view once_header = "x-simul-once"; // the protocol has none

[[noreturn]] void refuse(std::string why)
{
    throw error(std::errc::bad_message, "no job: " + std::move(why));
}

/// The headers of a message, which are taken one by one; what is left means nothing here.
class header_reader {
public:
    explicit header_reader(json::object headers) : rest_(std::move(headers)) {}

    json::value take(std::string_view name)
    {
        json::value* const found = rest_.find(name);
        if (!found)
            return {};
        json::value taken = std::move(*found);
        rest_.erase(name);
        return taken;
    }
    template <class T> std::optional<T> take_as(std::string_view name)
    {
        try {
            return take(name).as<std::optional<T>>();
        } catch (const json::error& why) {
            refuse("its header " + std::string(name) + ": " + why.what());
        }
    }
    std::string text(std::string_view name) { return take_as<std::string>(name).value_or(std::string()); }
    std::optional<wall_time> time(std::string_view name)
    {
        const std::string text = this->text(name);
        return text.empty() ? std::nullopt : std::optional(read_time(text));
    }
    json::object rest() { return std::move(rest_); }

private:
    json::object rest_;
};

json::value part(json::value& from, std::string_view name)
{
    json::value* const found = from.is_null() ? nullptr : from.members().find(name);
    return found ? std::move(*found) : json::value();
}
json::array list(json::value& from, std::string_view name)
{
    json::value found = part(from, name);
    return found.is_null() ? json::array() : std::move(found.elements());
}

/// The body is [args, kwargs, {callbacks, errbacks, chain, chord}].
void read_body(const message& from, request& to)
{
    if (from.content_type != "application/json")
        refuse("its content type is " + from.content_type +
               ", of which only application/json is read here: let the client use task_serializer = 'json'");
    try {
        json::value body = json::parse(from.body);
        to.args = std::move(body[0].elements());
        to.kwargs = std::move(body[1].members());
        json::value& after = body[2];
        to.callbacks = list(after, "callbacks");
        to.errbacks = list(after, "errbacks");
        to.chain = list(after, "chain");
        to.chord = part(after, "chord");
    } catch (const json::error& why) {
        refuse(std::string("its body: ") + why.what());
    }
}

/// As Celery's clients call themselves.
const std::string& this_process()
{
    static const std::string name =
        "gen" + std::to_string(simul::detail::process_id()) + '@' + simul::detail::host_name();
    return name;
}

std::string milliseconds_until(wall_time time)
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::system_clock::now());
    return std::to_string(std::max<std::int64_t>(0, left.count()));
}

} // namespace

request read_request(const message& from)
{
    header_reader headers(from.headers);
    request made;
    made.task = headers.text("task");
    made.id = headers.text("id");
    if (made.task.empty() || made.id.empty())
        refuse("a message of the Celery protocol, version 2, has the headers \"task\" and \"id\"");
    made.root_id = headers.text("root_id");
    made.parent_id = headers.text("parent_id");
    made.group = headers.text("group");
    made.group_index = headers.take_as<std::int64_t>("group_index");
    made.retries = headers.take_as<unsigned>("retries").value_or(0);
    made.eta = headers.time("eta");
    made.expires = headers.time("expires");
    using limits = std::tuple<std::optional<double>, std::optional<double>>;
    std::tie(made.time_limit, made.soft_time_limit) = headers.take_as<limits>("timelimit").value_or(limits());
    made.ignore_result = headers.take_as<bool>("ignore_result").value_or(false);
    made.once = headers.take_as<bool>(once_header).value_or(false);
    made.shadow = headers.text("shadow");
    made.origin = headers.text("origin");
    made.args_text = headers.text("argsrepr");
    made.kwargs_text = headers.text("kwargsrepr");
    headers.take("lang");
    made.others = headers.rest();
    made.reply_to = from.reply_to;
    made.priority = from.priority;
    read_body(from, made);
    return made;
}

message write_request(const request& from)
{
    message made;
    made.headers = json::object{
        {"lang", "cpp"},
        {"task", from.task},
        {"id", from.id},
        {"shadow", or_null(from.shadow)},
        {"eta", or_null(from.eta)},
        {"expires", or_null(from.expires)},
        {"group", or_null(from.group)},
        {"group_index", or_null(from.group_index)},
        {"retries", from.retries},
        {"timelimit", json::array{or_null(from.time_limit), or_null(from.soft_time_limit)}},
        {"root_id", from.root_id.empty() ? from.id : from.root_id},
        {"parent_id", or_null(from.parent_id)},
        {"argsrepr", from.args_text.empty() ? shown(from.args) : from.args_text},
        {"kwargsrepr", from.kwargs_text.empty() ? shown(from.kwargs) : from.kwargs_text},
        {"origin", from.origin.empty() ? this_process() : from.origin},
        {"ignore_result", from.ignore_result},
    };
    if (from.once)
        made.headers[once_header] = true;
    for (const json::member& each : from.others)
        made.headers[each.name] = each.value;
    made.body = json::dump(json::array{from.args, from.kwargs,
                                       json::object{{"callbacks", or_null(from.callbacks)},
                                                    {"errbacks", or_null(from.errbacks)},
                                                    {"chain", or_null(from.chain)},
                                                    {"chord", from.chord}}});
    made.correlation_id = from.id;
    made.reply_to = from.reply_to;
    made.priority = from.priority;
    if (from.expires)
        made.expiration = milliseconds_until(*from.expires);
    return made;
}

std::string new_id()
{
    // Not the loop's numbers: those of two processes may be the same.
    thread_local std::random_device device;
    std::array<unsigned char, 16> bits;
    for (std::size_t i = 0; i < bits.size(); i += 4) {
        const std::uint32_t word = device();
        for (std::size_t byte = 0; byte < 4; ++byte)
            bits[i + byte] = static_cast<unsigned char>(word >> (8 * byte));
    }
    bits[6] = static_cast<unsigned char>((bits[6] & 0x0f) | 0x40); // version 4
    bits[8] = static_cast<unsigned char>((bits[8] & 0x3f) | 0x80);
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text += '-';
        text += "0123456789abcdef"[bits[i] >> 4];
        text += "0123456789abcdef"[bits[i] & 15];
    }
    return text;
}

} // namespace simul::cluster::detail
