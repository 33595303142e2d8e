// SPDX-License-Identifier: MIT
#include <simul/http/request.hpp>

#include "http/content_coding.hpp"
#include "http/field_syntax.hpp"
#include "request_maker.hpp"

#include <simul/http/answer.hpp>
#include <simul/http/cookies.hpp>
#include <simul/http/media_type.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace simul::http {
namespace detail {
namespace {

constexpr std::size_t kept_body = 4096; // of a connection that may be idle for long

template <class T> std::optional<T> number_of(std::string_view text) noexcept
{
    T number{};
    const char* const end = text.data() + text.size();
    const auto [behind, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || behind != end)
        return std::nullopt;
    return number;
}

/// False when it isn't encoded well, or has a NUL.
bool decode(std::string_view path, std::string& to)
{
    for (std::size_t at = 0; at < path.size(); ++at) {
        if (path[at] != '%') {
            to += path[at];
            continue;
        }
        if (path.size() - at < 3)
            return false;
        const int high = hex_value(path[at + 1]);
        const int low = hex_value(path[at + 2]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return false;
        to += static_cast<char>(high << 4 | low);
        at += 2;
    }
    return true;
}

bool is_dots(std::string_view part) noexcept
{
    return part == "." || part == "..";
}

} // namespace

std::optional<std::int64_t> signed_number(std::string_view text) noexcept
{
    return number_of<std::int64_t>(text);
}
std::optional<std::uint64_t> unsigned_number(std::string_view text) noexcept
{
    return number_of<std::uint64_t>(text);
}
std::optional<double> real_number(std::string_view text) noexcept
{
    return number_of<double>(text);
}

void request_maker::clear(request& of) noexcept
{
    of.decoded_.clear();
    of.path_data_ = "";
    of.path_size_ = 0;
    of.query_ = of.route_ = {};
    of.params_.clear();
    of.body_.clear();
    if (of.body_.capacity() > kept_body)
        of.body_ = bytes();
    of.body_begun_ = of.body_whole_ = false;
    of.decodes_ = true;
    if (of.decoder_) {
        of.decoder_.reset();
        of.coded_ = bytes();
    }
    of.query_parameters_.reset();
    of.attachments_.clear();
}

bool request_maker::read_target(request& of, path_parts& parts)
{
    parts.clear();
    const std::string_view target = of.target_;
    const std::size_t path_end = std::min(target.find('?'), target.size());
    const std::string_view raw = target.substr(0, path_end);
    if (path_end < target.size())
        of.query_ = target.substr(path_end + 1);
    const bool encoded = raw.find('%') != std::string_view::npos;
    of.decoded_.reserve(encoded ? raw.size() : 0); // views of it are taken while it grows
    std::string_view rest = raw;
    bool good = rest.starts_with('/');
    while (good && !rest.empty()) {
        rest.remove_prefix(1);
        std::string_view part = rest.substr(0, rest.find('/'));
        rest.remove_prefix(part.size());
        if (encoded) {
            of.decoded_ += '/';
            const std::size_t begin = of.decoded_.size();
            good = decode(part, of.decoded_);
            part = std::string_view(of.decoded_).substr(begin);
        }
        good = good && !is_dots(part);
        parts.push_back(part);
    }
    const std::string_view path = encoded ? std::string_view(of.decoded_) : raw;
    of.path_data_ = path.data();
    of.path_size_ = path.size();
    return good;
}

void request_maker::set_route(request& of, std::string_view pattern, const std::vector<std::string>& names,
                              const path_parts& values)
{
    of.route_ = pattern;
    of.params_.clear();
    for (std::size_t i = 0; i < names.size(); ++i)
        of.params_.push_back({names[i], values[i]});
}

} // namespace detail

namespace {

/// What a client's codings do wrong is the client's fault.
template <class Decode> auto answering_for(Decode decode)
{
    try {
        return decode();
    } catch (const limit_exceeded&) {
        throw answer(status::content_too_large);
    } catch (const error& why) {
        throw answer(status::bad_request, std::string("400 Bad Request: ") + why.what() + '\n');
    }
}

} // namespace

const parameters& request::query_parameters() const
{
    if (!query_parameters_)
        query_parameters_ = form_decode(query_);
    return *query_parameters_;
}

std::optional<std::string_view> request::query(std::string_view name) const
{
    for (const auto& [each, value] : query_parameters())
        if (each == name)
            return value;
    return std::nullopt;
}

std::string_view request::param(std::string_view name) const
{
    for (const parameter& each : params_)
        if (each.name == name)
            return each.value;
    throw invalid_state("HTTP: the route \"" + std::string(route_) + "\" has no {" + std::string(name) + "}");
}

std::optional<std::string> request::cookie(std::string_view name) const
{
    for (const std::string_view field : fields_.get_all("Cookie"))
        for (auto& [each, value] : parse_cookies(field))
            if (each == name)
                return std::move(value);
    return std::nullopt;
}

request::request(detail::request_source& from) noexcept : source_(from)
{
}
request::~request() = default;

void request::begin_body()
{
    body_begun_ = true;
    const std::string codings = decodes_ ? detail::joined(fields_.get_all("Content-Encoding")) : std::string();
    if (codings.empty())
        return;
    if (!detail::is_decodable(codings))
        throw answer(status::unsupported_media_type,
                     "415 Unsupported Media Type: a Content-Encoding that is not known here\n",
                     {{"Accept-Encoding", detail::accepted_codings()}});
    decoder_ = std::make_unique<detail::piece_decoder>(codings, detail::decoding_limits{.total = body_limit_});
}

/// Waits for more of the body, and puts it behind `to`. False: that was all.
task<bool> request::read_more(bytes& to)
{
    if (!body_begun_)
        begin_body();
    return decoder_ ? read_decoded(to) : source_.read_body(to, body_limit_);
}

task<bool> request::read_decoded(bytes& to)
{
    for (;;) {
        if (const auto piece = answering_for([&] { return decoder_->next(); })) {
            to += *piece;
            co_return true;
        }
        coded_.clear();
        if (!co_await source_.read_body(coded_, body_limit_)) {
            answering_for([&] { decoder_->end(); });
            co_return false;
        }
        decoder_->give(coded_);
    }
}

task<bytes&> request::body()
{
    while (!body_whole_)
        body_whole_ = !co_await read_more(body_);
    co_return body_;
}

task<bytes> request::read_some()
{
    bytes piece;
    co_await read_more(piece);
    co_return piece;
}

void request::check_json() const
{
    const auto given = fields_.get("Content-Type");
    const auto type = given ? media_type::try_parse(*given) : std::nullopt;
    if (!type || !type->is_json())
        throw answer(status::unsupported_media_type, "415 Unsupported Media Type: JSON is expected, as application/json\n");
}

task<parameters> request::form()
{
    const auto given = fields_.get("Content-Type");
    const auto type = given ? media_type::try_parse(*given) : std::nullopt;
    if (!type || type->essence != "application/x-www-form-urlencoded")
        throw answer(status::unsupported_media_type,
                     "415 Unsupported Media Type: a form is expected, as application/x-www-form-urlencoded\n");
    co_return form_decode(co_await body());
}

void request::refuse_param() const
{
    throw answer(status::not_found);
}

void request::refuse_query(std::string_view name) const
{
    throw answer(status::bad_request, "400 Bad Request: \"" + std::string(name) + "\" is no such number\n");
}

void request::refuse_json(const simul::json::error& because) const
{
    constexpr std::size_t longest = 300; // what is wrong may be quoted in it
    throw answer(status::bad_request, "400 Bad Request: " + std::string(because.what()).substr(0, longest) + '\n');
}

void request::attach_as(const void* key, std::shared_ptr<void> value)
{
    for (attachment& each : attachments_)
        if (each.key == key)
            return static_cast<void>(each.value = std::move(value));
    attachments_.push_back({key, std::move(value)});
}

void* request::find_attached(const void* key) const noexcept
{
    for (const attachment& each : attachments_)
        if (each.key == key)
            return each.value.get();
    return nullptr;
}

} // namespace simul::http
