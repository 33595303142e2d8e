// SPDX-License-Identifier: MIT
//
// What the lines of a head mean, and where by them the message ends (RFC 9112, 3, 4, 5 and 6).
#include "parser.hpp"

#include "http/field_syntax.hpp"
#include "http/scan.hpp"

#include <simul/http/status.hpp>

#include <algorithm>
#include <limits>

namespace simul::http::h1 {

using namespace http::detail;

namespace {

constexpr std::size_t longest_method = 32;
constexpr std::size_t most_length_digits = 19; // fit into 64 bits

/// "HTTP/1.1", with any two digits.
bool is_version(std::string_view text) noexcept
{
    return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
}

} // namespace

bool parser::read_version(std::string_view text)
{
    if (text == "HTTP/1.1")
        head_.version = version::http_1_1;
    else if (text == "HTTP/1.0")
        head_.version = version::http_1_0;
    else if (is_version(text))
        return fail(status::version_not_supported, "a version that is neither HTTP/1.0 nor HTTP/1.1");
    else
        return fail(status::bad_request, "the first line has no version where it should");
    return true;
}

bool parser::read_request_line()
{
    std::string_view rest = line_;
    const std::size_t method_size = find_token_end(rest);
    if (method_size == 0 || method_size == rest.size() || rest[method_size] != ' ')
        return fail(status::bad_request, "the first line begins with no method");
    if (method_size > longest_method)
        return fail(status::not_implemented, "a method of more than 32 characters");
    head_.method = method_of(rest.substr(0, method_size));
    if (head_.method == method::other)
        head_.other_method = rest.substr(0, method_size);
    rest.remove_prefix(method_size + 1);

    const std::size_t target_size = find_target_end(rest);
    if (target_size == 0 || target_size == rest.size() || rest[target_size] != ' ')
        return fail(status::bad_request, "the first line has no target, or one with what targets can't have");
    head_.target = rest.substr(0, target_size);
    return read_version(rest.substr(target_size + 1)) && check_target();
}

bool parser::check_target()
{
    const std::string_view target = head_.target;
    if (head_.method == method::connect) {
        head_.form = target_form::authority;
        const std::size_t colon = target.rfind(':');
        if (colon == std::string_view::npos || target.ends_with(']') || !is_authority(target))
            return fail(status::bad_request, "CONNECT to what is no host and port");
    } else if (target.starts_with('/')) {
        head_.form = target_form::origin;
    } else if (target == "*") {
        head_.form = target_form::asterisk;
        if (head_.method != method::options)
            return fail(status::bad_request, "the target * is for OPTIONS");
    } else {
        head_.form = target_form::absolute;
        if (!is_authority(split_absolute(target).authority))
            return fail(status::bad_request, "a target that is neither a path nor a URL");
    }
    return true;
}

bool parser::read_status_line()
{
    const std::string_view line = line_;
    if (line.size() < 12 || line[8] != ' ' || line[9] == '0' || !is_digit(line[9]) || !is_digit(line[10]) ||
        !is_digit(line[11]) || (line.size() > 12 && line[12] != ' '))
        return fail(status::bad_request, "the first line is no status line");
    head_.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    head_.reason = line.substr(std::min<std::size_t>(13, line.size()));
    return read_version(line.substr(0, 8));
}

bool parser::read_field(headers& into)
{
    if (is_blank(line_.front()))
        return fail(status::bad_request, "a line begins with a space");
    const std::size_t name_size = find_token_end(line_);
    if (name_size == line_.size())
        return fail(status::bad_request, "a line without a colon");
    if (name_size == 0 || line_[name_size] != ':')
        return fail(status::bad_request,
                    is_blank(line_[name_size]) ? "a space before a colon" : "a field's name has what names can't have");
    if (name_size > headers::longest_name)
        return fail(status::header_fields_too_large, "a field's name is too long");
    if (into.size() >= limits_.fields)
        return fail(status::header_fields_too_large, "too many fields");

    const std::string_view name = line_.substr(0, name_size);
    const std::string_view value = trimmed(line_.substr(name_size + 1));
    if (state_ == state::trailers && belongs_into_heads(name))
        return fail(status::bad_request, "a trailer that belongs into the head");
    if (!note_field(name, value))
        return false;
    into.add_checked(name, value, {line_.data(), line_.size() + 2});
    return true;
}

/// Looks at those that say where messages and connections end.
bool parser::note_field(std::string_view name, std::string_view value)
{
    const bool request = role_ == role::server;
    const auto is = [&](std::string_view other) { return same_ignoring_case(name, other); };
    switch (name.size()) {
    case 4:
        return !request || !is("Host") || note_host(value);
    case 6:
        if (request && is("Expect") && head_.version == version::http_1_1)
            head_.expects = same_ignoring_case(value, "100-continue") && head_.expects != expectation::unknown
                                ? expectation::go_ahead
                                : expectation::unknown;
        return true;
    case 7:
        seen_.upgrade_field |= is("Upgrade");
        return true;
    case 10:
        if (is("Connection"))
            for_each_member(value, [&](std::string_view each) {
                seen_.close |= same_ignoring_case(each, "close");
                seen_.keep_alive |= same_ignoring_case(each, "keep-alive");
                seen_.upgrade_connection |= same_ignoring_case(each, "upgrade");
            });
        return true;
    case 14:
        return !is("Content-Length") || note_length(value);
    case 17:
        if (is("Transfer-Encoding"))
            note_transfer_encoding(value);
        return true;
    default:
        return true;
    }
}

bool parser::note_host(std::string_view value)
{
    if (seen_.host)
        return fail(status::bad_request, "more than one Host");
    seen_.host = true;
    return is_authority(value) || fail(status::bad_request, "Host is no host");
}

bool parser::note_length(std::string_view value)
{
    if (seen_.length)
        return fail(status::bad_request, "more than one Content-Length");
    seen_.length = true;
    if (value.empty() || value.size() > most_length_digits || !std::ranges::all_of(value, is_digit))
        return fail(status::bad_request, "Content-Length is no number, or too large a one");
    std::uint64_t length = 0;
    for (const char c : value)
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    if (length > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail(status::bad_request, "Content-Length is no number, or too large a one");
    head_.length = length;
    return true;
}

void parser::note_transfer_encoding(std::string_view value)
{
    seen_.transfer = true;
    for (bool more = true; more;) {
        const std::size_t comma = value.find(',');
        const std::string_view member = trimmed(value.substr(0, comma));
        seen_.misplaced |= member.empty() || seen_.chunked;
        seen_.chunked = same_ignoring_case(member, "chunked");
        seen_.other_coding |= !seen_.chunked;
        more = comma != std::string_view::npos;
        value.remove_prefix(more ? comma + 1 : value.size());
    }
}

bool parser::check_target_and_host()
{
    if (!seen_.host)
        return head_.version == version::http_1_0 || fail(status::bad_request, "HTTP/1.1 without a Host");
    if (head_.form == target_form::absolute &&
        !same_ignoring_case(split_absolute(head_.target).authority, *head_.fields.get("Host")))
        return fail(status::bad_request, "Host is another one than the target's");
    return true;
}

/// What holds for both kinds.
bool parser::check_transfer_encoding()
{
    if (!seen_.transfer)
        return true;
    if (head_.version == version::http_1_0)
        return fail(status::bad_request, "Transfer-Encoding in HTTP/1.0");
    if (seen_.length)
        return fail(status::bad_request, "both Content-Length and Transfer-Encoding");
    if (!seen_.chunked || seen_.misplaced)
        return fail(status::bad_request, "Transfer-Encoding doesn't end in the one \"chunked\"");
    if (seen_.other_coding)
        return fail(status::not_implemented, "a Transfer-Encoding other than \"chunked\"");
    return true;
}

void parser::decide_persistence()
{
    head_.upgrade = seen_.upgrade_connection && seen_.upgrade_field;
    head_.keep_alive = !seen_.close && (head_.version == version::http_1_1 || seen_.keep_alive);
}

bool parser::decide_request()
{
    if (!check_target_and_host() || !check_transfer_encoding())
        return false;
    const bool has_body = seen_.transfer || seen_.length;
    if (has_body && (head_.method == method::connect || head_.method == method::trace))
        return fail(status::bad_request, "CONNECT and TRACE have no body");
    head_.body = seen_.transfer ? framing::chunked : seen_.length ? framing::sized : framing::none;
    decide_persistence();
    if (head_.method == method::connect)
        head_.keep_alive = false; // what follows isn't HTTP, also when we refuse
    closes_after_ = !head_.keep_alive;
    return true;
}

bool parser::decide_response()
{
    decide_persistence();
    const int code = head_.status;
    const bool tunnel = awaited_.to == method::connect && is_success(code);
    if (tunnel || code == status::switching_protocols) {
        if (!tunnel && !(awaited_.upgrade_offered && head_.upgrade))
            return fail(status::bad_request, "another protocol that nobody has asked for");
        state_ = state::switched; // whatever the fields say
        return true;
    }
    if (!check_transfer_encoding())
        return false;
    const bool never_a_body = is_informational(code) || code == status::no_content;
    if (never_a_body && (seen_.transfer || head_.length > 0))
        return fail(status::bad_request, "a body where there is none");
    if (is_informational(code)) {
        if (++interim_seen_ > limits_.interim_responses)
            return fail(status::bad_request, "too many interim responses");
        state_ = state::before_message;
        return true;
    }
    if (never_a_body || code == status::not_modified || awaited_.to == method::head)
        head_.body = framing::none;
    else
        head_.body = seen_.transfer ? framing::chunked : seen_.length ? framing::sized : framing::until_close;
    if (head_.body == framing::until_close)
        head_.keep_alive = false;
    closes_after_ = !head_.keep_alive;
    return true;
}

} // namespace simul::http::h1
