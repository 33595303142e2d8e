// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include "http/field_syntax.hpp"

#include <simul/task/timeout.hpp>

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace simul::http::detail {

namespace {

constexpr std::size_t worth_draining = 64 * 1024;
constexpr duration drain_patience = std::chrono::seconds(1);
constexpr std::size_t most_reserved = std::size_t{1} << 20; // of what is only promised

std::string in_mib(std::size_t limit)
{
    const auto mib = static_cast<double>(limit) / (1 << 20);
    return mib >= 1 ? fmt::format("{:.4g} MiB", mib) : fmt::format("{} bytes", limit);
}

} // namespace

void transfer::begin_body()
{
    phase_ = "reading the body";
    if (!decodes_ || !head_.fields.contains("Content-Encoding"))
        return;
    const std::string codings = joined(head_.fields.get_all("Content-Encoding"));
    if (codings.empty() || !is_decodable(codings))
        return;
    // How much is too much is for who reads; a bomb is found by its ratio.
    decoder_.emplace(codings, decoding_limits{.total = std::numeric_limits<std::uint64_t>::max()});
    if (decoder_->is_identity())
        decoder_.reset();
}

std::optional<bytes_view> transfer::decode_more()
{
    try {
        return decoder_->next();
    } catch (const limit_exceeded& much) {
        throw limit_exceeded(request_.says(much.what()));
    } catch (const error& broken) {
        throw answer_error(request_.says(fmt::format("the body can't be decoded: {}", broken.what())));
    }
}

/// What a piece of the body comes to; nothing, if that is less than a byte. Empty: the end.
std::optional<bytes_view> transfer::digest(bytes_view raw)
{
    if (!raw.empty()) {
        if (!decoder_)
            return raw;
        decoder_->give(raw);
        return decode_more();
    }
    if (decoder_) {
        try {
            decoder_->end();
        } catch (const error& broken) {
            throw answer_error(request_.says(fmt::format("the body can't be decoded: {}", broken.what())));
        }
    }
    finish_body();
    return bytes_view();
}

void transfer::finish_body()
{
    at_end_ = true;
    trailers_ = std::move(lease_->trailers());
    lease_.give_back();
    note(trace_event::kind::done);
}

std::optional<bytes_view> transfer::try_piece()
{
    if (closed_)
        throw closed_error(request_.says("the download is closed"));
    touched_ = true;
    if (!held_.empty())
        return std::exchange(held_, {});
    if (at_end_)
        return bytes_view();
    if (decoder_)
        if (const auto more = decode_more())
            return more;
    while (const auto raw = lease_->try_next())
        if (const auto piece = digest(*raw))
            return piece;
    return std::nullopt;
}

task<bytes_view> transfer::piece()
{
    for (;;) {
        if (const auto arrived = try_piece())
            co_return *arrived;
        co_await lease_->more();
    }
}

/// False: more is to come.
bool transfer::take_arrived(bytes& into, std::size_t limit)
{
    const auto check = [&](std::uint64_t size) {
        if (size > limit)
            throw limit_exceeded(request_.says(fmt::format("the body is larger than {}", in_mib(limit))));
    };
    if (!decoder_ && head_.size && !touched_) {
        check(*head_.size);
        into.reserve(std::min<std::size_t>(*head_.size, most_reserved));
    }
    while (const auto piece = try_piece()) {
        if (piece->empty())
            return true;
        check(std::uint64_t{into.size()} + piece->size());
        into.append(*piece);
    }
    return false;
}

task<bytes> transfer::rest(std::size_t limit, bytes begun)
{
    while (!take_arrived(begun, limit))
        hold(co_await piece());
    co_return begun;
}

/// Before what is held.
void transfer::put_back(bytes front)
{
    front += held_;
    put_back_ = std::move(front);
    held_ = put_back_;
}

task<std::optional<bytes>> transfer::line(std::size_t limit)
{
    bytes begun;
    std::exception_ptr failure;
    try {
        for (bool whole = false; !whole;) {
            const bytes_view come = co_await piece();
            if (come.empty() && begun.empty())
                co_return std::nullopt;
            const std::size_t end = std::min(come.find('\n'), come.size());
            hold(come); // until it is sure that it is taken
            if (begun.size() + end > limit)
                throw limit_exceeded(request_.says(fmt::format("a line of more than {}", in_mib(limit))));
            begun += come.substr(0, end);
            hold(come.substr(std::min(end + 1, come.size())));
            whole = come.empty() || end < come.size();
        }
        if (begun.ends_with('\r'))
            begun.pop_back();
        co_return begun;
    } catch (...) {
        failure = std::current_exception();
    }
    put_back(std::move(begun));
    std::rethrow_exception(failure);
}

response transfer::with_body(bytes body)
{
    content whole(std::move(body), head_.fields.get("Content-Type").value_or(""));
    response made(head_.status, std::move(whole), std::move(head_.fields));
    if (!head_.reason.empty())
        made.set_reason(head_.reason);
    if (!trailers_.empty())
        made.trailers() = std::move(trailers_);
    made.set_origin(std::move(request_.method_name), std::move(request_.at).href(), std::move(history_));
    return made;
}

// ---- the end before the end

/// True: that was all.
bool transfer::drain_arrived()
{
    try {
        std::size_t size = 0;
        while (const auto raw = lease_->try_next()) {
            if (raw->empty()) {
                lease_.give_back();
                return true;
            }
            if (size += raw->size(); size > worth_draining)
                break;
        }
    } catch (const error&) {
    }
    return false;
}

task<> transfer::drain_slowly()
{
    std::size_t size = 0;
    for (;;) {
        const auto raw = lease_->try_next();
        if (!raw)
            co_await lease_->more();
        else if (raw->empty())
            co_return lease_.give_back();
        else if (size += raw->size(); size > worth_draining)
            co_return;
    }
}

/// Reads what is left, if that is little and comes soon; so that the lane can be used again.
task<> transfer::drain()
{
    if (!lease_ || drain_arrived())
        co_return;
    if (!head_.size || *head_.size <= worth_draining) {
        try {
            co_await move_on_after(drain_patience, drain_slowly());
        } catch (const error&) { // then it is over, too
        }
    }
    lease_ = {};
}

task<> transfer::close()
{
    held_ = {};
    if (!at_end_ && !closed_)
        co_await drain();
    closed_ = true;
}

} // namespace simul::http::detail
