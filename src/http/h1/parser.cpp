// SPDX-License-Identifier: MIT
//
// The machine: what comes after what. What a line of a head means is in parser_head.cpp.
#include "parser.hpp"

#include "http/field_syntax.hpp"
#include "http/scan.hpp"

#include <simul/base/assert.hpp>
#include <simul/http/status.hpp>

#include <algorithm>

namespace simul::http::h1 {

using namespace http::detail;

namespace {

constexpr std::size_t most_size_digits = 16; // of a chunk
constexpr const char* too_many_extensions = "chunks with too much behind their sizes";

void skip_blanks(std::string_view& text) noexcept
{
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
}

bool skip_token(std::string_view& text) noexcept
{
    const std::size_t size = find_other(token_set, text);
    text.remove_prefix(size);
    return size > 0;
}

/// What begins with a quote, up to the one that ends it.
bool skip_quoted(std::string_view& text) noexcept
{
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            text.remove_prefix(at + 1);
            return true;
        }
    }
    return false;
}

/// ";name=value;name", with spaces where they are bad but allowed (RFC 9112, 7.1.1).
bool are_chunk_extensions(std::string_view text) noexcept
{
    while (!text.empty()) {
        skip_blanks(text);
        if (!text.starts_with(';'))
            return false;
        text.remove_prefix(1);
        skip_blanks(text);
        if (!skip_token(text))
            return false;
        std::string_view behind = text;
        skip_blanks(behind);
        if (!behind.starts_with('='))
            continue;
        behind.remove_prefix(1);
        skip_blanks(behind);
        text = behind;
        if (!(text.starts_with('"') ? skip_quoted(text) : skip_token(text)))
            return false;
    }
    return true;
}

} // namespace

parser::parser(role reads_as, const limits& within) noexcept
    : role_(reads_as),
      state_(reads_as == role::server ? state::before_message : state::idle),
      body_limit_(within.body),
      limits_(within)
{
    // What is read has to fit into headers, which may hold a byte more than came.
    constexpr std::size_t most = headers::most_bytes / 2;
    for (std::size_t* each : {&limits_.start_line, &limits_.field_line, &limits_.head, &limits_.chunk_extensions})
        *each = std::min(*each, most);
}

void parser::expect(awaited_response response) noexcept
{
    SIMUL_ASSERT(state_ == state::idle || state_ == state::closed || state_ == state::failed);
    if (state_ != state::idle)
        return;
    awaited_ = response;
    interim_seen_ = 0;
    state_ = state::before_message;
}

bool parser::is_between_messages() const noexcept
{
    return state_ == state::idle || (state_ == state::before_message && interim_seen_ == 0);
}

bool parser::fail(int status, const char* why) noexcept
{
    state_ = state::failed;
    failure_ = {status, why};
    return false;
}

found parser::next(bytes_view input)
{
    const found last = advance(input);
    if (last.what != event::starved || !input_ended_)
        return last;
    return finish(last, last.used == input.size());
}

found parser::finish(found last, bool all_used) noexcept
{
    if (all_used && is_between_messages()) {
        state_ = state::closed;
        return {event::closed, last.used};
    }
    if (state_ == state::body_until_close) {
        state_ = state::closed;
        return {event::end, last.used};
    }
    fail(status::bad_request, "the connection ended within a message");
    return {event::failed, last.used};
}

void parser::begin_message() noexcept
{
    head_.clear();
    trailers_.clear();
    seen_ = {};
    head_left_ = limits_.head;
    extensions_left_ = limits_.chunk_extensions;
    left_ = body_size_ = 0;
    body_limit_ = limits_.body;
    stray_line_seen_ = false;
}

bool parser::take_line(bytes_view input, std::size_t most, int status_beyond, const char* why_beyond)
{
    // Not a byte beyond the limit is looked at, so it makes no difference how much has arrived.
    const bytes_view within = input.substr(0, most + 1);
    SIMUL_ASSERT(scanned_ <= within.size()); // the unused input came again
    const std::size_t end = scanned_ + find_control(within.substr(scanned_));
    scanned_ = end;
    if (end == within.size())
        return end > most && fail(status_beyond, why_beyond);
    if (input[end] != '\r')
        return fail(status::bad_request, input[end] == '\n' ? "a line ends in LF without CR" : "a control character");
    if (end + 1 == input.size())
        return false;
    if (input[end + 1] != '\n')
        return fail(status::bad_request, "a CR without LF");
    line_ = input.substr(0, end);
    scanned_ = 0;
    return true;
}

/// False: the body would be too large.
bool parser::count_body(std::uint64_t size) noexcept
{
    if (body_size_ > body_limit_ || size > body_limit_ - body_size_)
        return fail(status::content_too_large, "the body is too large");
    body_size_ += size;
    return true;
}

event parser::finish_head()
{
    if (!(role_ == role::server ? decide_request() : decide_response()))
        return event::failed;
    if (state_ != state::fields) // an interim response, or another protocol
        return state_ == state::before_message ? event::interim : event::head;
    switch (head_.body) {
    case framing::none:
        state_ = state::message_end;
        break;
    case framing::sized:
        left_ = head_.length;
        state_ = state::sized_body;
        break;
    case framing::chunked:
        state_ = state::chunk_size;
        break;
    case framing::until_close:
        state_ = state::body_until_close;
        break;
    }
    return event::head;
}

bool parser::read_chunk_size()
{
    std::size_t digits = 0;
    std::uint64_t size = 0;
    for (; digits < line_.size() && hex_value(line_[digits]) >= 0; ++digits) {
        if (digits == most_size_digits)
            return fail(status::bad_request, "a chunk's size has too many digits");
        size = size << 4 | static_cast<std::uint64_t>(hex_value(line_[digits]));
    }
    if (digits == 0)
        return fail(status::bad_request, "a chunk's size is no number");
    const std::string_view extensions = line_.substr(digits);
    if (extensions.size() > extensions_left_)
        return fail(status::bad_request, too_many_extensions);
    if (!are_chunk_extensions(extensions))
        return fail(status::bad_request, "something behind a chunk's size");
    extensions_left_ -= extensions.size();
    if (!count_body(size))
        return false;
    left_ = size;
    if (size > 0) {
        state_ = state::chunk;
    } else {
        state_ = state::trailers;
        head_left_ = limits_.head;
    }
    return true;
}

found parser::advance(bytes_view input)
{
    std::size_t used = 0;
    const auto use_line = [&] {
        used += line_.size() + 2;
        head_left_ -= std::min(head_left_, line_.size() + 2);
    };
    for (;;) {
        const bytes_view rest = input.substr(used);
        switch (state_) {
        case state::idle:
            if (rest.empty())
                return {event::starved, used};
            fail(status::bad_request, "a response that nobody has asked for");
            break;

        case state::before_message:
            if (rest.empty())
                return {event::starved, used};
            if (role_ == role::server && rest[0] == '\r' && !stray_line_seen_) {
                if (take_line(rest, 0, 0, "")) {
                    used += 2;
                    stray_line_seen_ = true;
                } else if (state_ != state::failed) {
                    return {event::starved, used};
                }
                break;
            }
            begin_message();
            state_ = state::start_line;
            break;

        case state::start_line:
            if (!take_line(rest, std::min(limits_.start_line, limits_.head), status::uri_too_long,
                           "the first line is too long")) {
                if (state_ != state::failed)
                    return {event::starved, used};
            } else if (role_ == role::server ? read_request_line() : read_status_line()) {
                use_line();
                state_ = state::fields;
            }
            break;

        case state::fields:
        case state::trailers: {
            const bool trailing = state_ == state::trailers;
            const std::size_t most_left = head_left_ - std::min<std::size_t>(head_left_, 2); // without its CRLF
            if (!take_line(rest, std::min(limits_.field_line, most_left), status::header_fields_too_large,
                           most_left < limits_.field_line ? "too many bytes of fields" : "a field is too long")) {
                if (state_ != state::failed)
                    return {event::starved, used};
            } else if (!line_.empty()) {
                if (read_field(trailing ? trailers_ : head_.fields))
                    use_line();
            } else {
                use_line();
                if (trailing)
                    state_ = state::message_end;
                else if (const event found = finish_head(); found != event::failed)
                    return {found, used};
            }
            break;
        }

        case state::sized_body:
        case state::chunk: {
            if (state_ == state::sized_body && body_size_ == 0 && !count_body(left_)) // once
                break;
            if (rest.empty() && left_ > 0)
                return {event::starved, used};
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
            left_ -= size;
            if (left_ == 0)
                state_ = state_ == state::chunk ? state::chunk_end : state::message_end;
            if (size > 0)
                return {event::body, used + size, rest.substr(0, size)};
            break;
        }

        case state::chunk_size:
            if (!take_line(rest, most_size_digits + extensions_left_, status::bad_request, too_many_extensions)) {
                if (state_ != state::failed)
                    return {event::starved, used};
            } else if (read_chunk_size()) {
                used += line_.size() + 2;
            }
            break;

        case state::chunk_end: {
            const bytes_view end = rest.substr(0, 2);
            if (!std::string_view("\r\n").starts_with(end)) {
                fail(status::bad_request, "a chunk doesn't end where its size says");
                break;
            }
            if (end.size() < 2)
                return {event::starved, used};
            used += 2;
            state_ = state::chunk_size;
            break;
        }

        case state::body_until_close: {
            if (rest.empty())
                return {event::starved, used};
            const std::uint64_t room = body_limit_ - std::min(body_limit_, body_size_);
            const bytes_view piece =
                rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, rest.size())));
            if (!count_body(std::max<std::size_t>(piece.size(), 1)))
                break;
            return {event::body, used + piece.size(), piece};
        }

        case state::message_end:
            state_ = closes_after_ ? state::closed : role_ == role::server ? state::before_message : state::idle;
            return {event::end, used};

        case state::closed:
            return {event::closed, used};
        case state::switched:
            return {event::switched, used};
        case state::failed:
            return {event::failed, used};
        }
    }
}

} // namespace simul::http::h1
