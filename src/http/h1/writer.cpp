// SPDX-License-Identifier: MIT
#include "writer.hpp"

#include "http/field_syntax.hpp"
#include "http/scan.hpp"

#include <simul/base/error.hpp>
#include <simul/http/status.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace simul::http::h1 {

using namespace http::detail;

namespace {

[[noreturn]] void refuse(const char* what)
{
    throw error(std::errc::invalid_argument, what);
}

/// `before`, the number, and the line's end: in one piece, for it is in almost every head.
void append_number_line(bytes& to, std::string_view before, std::uint64_t number, int base)
{
    char line[40];
    char* const digits = std::ranges::copy(before, line).out;
    char* const end = std::to_chars(digits, line + sizeof line, number, base).ptr;
    to.append(line, std::ranges::copy(std::string_view("\r\n"), end).out);
}

bool has_one_host(const headers& fields) noexcept
{
    int hosts = 0;
    bool good = false;
    for (const auto& [name, value] : fields) {
        if (same_ignoring_case(name, "Host")) {
            ++hosts;
            good = is_authority(value);
        }
    }
    return hosts == 1 && good;
}

void append_status_line(bytes& to, int status, std::string_view reason)
{
    const auto digit = [&](int unit) { return static_cast<char>('0' + status / unit % 10); };
    const char begin[] = {'H', 'T', 'T', 'P', '/', '1', '.', '1', ' ', digit(100), digit(10), digit(1), ' '};
    to.append(begin, sizeof begin).append(reason.empty() ? reason_of(status) : reason).append("\r\n");
}

} // namespace

void writer::check_begin(role as, const headers& fields) const
{
    if (role_ != as)
        throw invalid_state("HTTP: servers send responses, clients send requests");
    if (within_)
        throw invalid_state("HTTP: the message before isn't over");
    if (!keep_alive_)
        throw invalid_state("HTTP: the message before was the connection's last");
    if (fields.contains("Content-Length") || fields.contains("Transfer-Encoding"))
        refuse("HTTP: Content-Length and Transfer-Encoding follow from the body, and can't be given");
}

void writer::append_framing(bytes& to)
{
    if (body_ == framing::sized) {
        append_number_line(to, "Content-Length: ", left_, 10);
    } else if (body_ == framing::chunked) {
        to += "Transfer-Encoding: chunked\r\n";
    }
}

void writer::request(bytes& to, std::string_view method, std::string_view target, const headers& fields, body_plan body)
{
    check_begin(role::client, fields);
    if (!is_method_name(method))
        refuse("HTTP: a method that is no word");
    if (target.empty() || find_target_end(target) < target.size())
        refuse("HTTP: a target that is empty, or has a space, a control character, \"#\" or what isn't ASCII");
    if (!has_one_host(fields))
        refuse("HTTP: a request needs one Host");
    if (body.as == framing::until_close)
        refuse("HTTP: a request's body can't end with the connection");
    const http::method known = method_of(method);
    if (body.as != framing::none && (known == http::method::connect || known == http::method::trace))
        refuse("HTTP: CONNECT and TRACE have no body");

    to.append(method).append(" ").append(target).append(" HTTP/1.1\r\n").append(fields.lines());
    within_ = true;
    body_ = body.as;
    left_ = body.as == framing::sized ? body.length : 0;
    append_framing(to);
    to += "\r\n";
    keep_alive_ = !fields.contains_member("Connection", "close");
}

void writer::response(bytes& to, int status, std::string_view reason, const headers& fields, body_plan body,
                      const answered_request& request, const headers& more)
{
    check_begin(role::server, fields);
    if (status < 100 || status > 999 || (is_informational(status) && status != status::switching_protocols))
        refuse("HTTP: a response's status is between 200 and 999, or 101");
    if (find_control(reason) < reason.size())
        refuse("HTTP: a reason with a control character");

    const bool other_protocol =
        status == status::switching_protocols || (request.method == method::connect && is_success(status));
    const bool unframed = other_protocol || status == status::no_content;
    const bool bodiless = unframed || status == status::not_modified || request.method == method::head;
    const bool old = request.version == version::http_1_0;
    const bool closes = !request.keep_alive || fields.contains_member("Connection", "close");

    within_ = true;
    left_out_ = bodiless;
    left_ = body.as == framing::sized ? body.length : 0;
    if (unframed || (status == status::not_modified && body.as == framing::none))
        body_ = framing::none;
    else if (body.as == framing::none)
        body_ = request.method == method::head ? framing::none : framing::sized;
    else
        body_ = body.as == framing::chunked && old ? framing::until_close : body.as;
    keep_alive_ = !closes && !other_protocol && (bodiless || body_ != framing::until_close);

    append_status_line(to, status, reason);
    to.append(fields.lines()).append(more.lines());
    append_framing(to);
    if (!keep_alive_ && !other_protocol && !fields.contains_member("Connection", "close"))
        to += "Connection: close\r\n";
    else if (keep_alive_ && old && !fields.contains_member("Connection", "keep-alive"))
        to += "Connection: keep-alive\r\n";
    to += "\r\n";
}

void writer::interim(bytes& to, int status, const headers& fields)
{
    check_begin(role::server, fields);
    if (!is_informational(status) || status == status::switching_protocols)
        refuse("HTTP: an interim response's status is between 100 and 199, and not 101");
    append_status_line(to, status, {});
    to.append(fields.lines()) += "\r\n";
}

void writer::begin_piece(bytes& to, std::size_t size)
{
    if (!within_ || within_chunk_)
        throw invalid_state(within_ ? "HTTP: the piece before isn't over" : "HTTP: a body without a head");
    if (left_out_ || size == 0)
        return;
    switch (body_) {
    case framing::none:
        throw invalid_state("HTTP: a body where none was announced");
    case framing::sized:
        if (size > left_)
            throw invalid_state("HTTP: a body longer than its Content-Length");
        left_ -= size;
        break;
    case framing::chunked:
        append_number_line(to, {}, size, 16);
        within_chunk_ = true;
        break;
    case framing::until_close:
        break;
    }
}

void writer::end_piece(bytes& to)
{
    if (std::exchange(within_chunk_, false))
        to += "\r\n";
}

void writer::body(bytes& to, bytes_view piece)
{
    begin_piece(to, piece.size());
    if (left_out_ || piece.empty())
        return;
    to += piece;
    end_piece(to);
}

void writer::end(bytes& to, const headers& trailers)
{
    if (!within_ || within_chunk_)
        throw invalid_state(within_ ? "HTTP: the piece before isn't over"
                                    : "HTTP: the end of a message that wasn't begun");
    for (const auto& [name, value] : trailers) {
        if (belongs_into_heads(name))
            refuse("HTTP: a trailer that belongs into the head");
    }
    if (!left_out_ && body_ == framing::sized && left_ > 0)
        throw invalid_state("HTTP: a body shorter than its Content-Length");
    if (!left_out_ && body_ == framing::chunked)
        to.append("0\r\n").append(trailers.lines()) += "\r\n";
    within_ = false;
}

} // namespace simul::http::h1
