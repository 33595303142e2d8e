// SPDX-License-Identifier: MIT
#include <simul/http/download.hpp>

#include "transfer.hpp"

#include <simul/http/client_error.hpp>
#include <simul/http/status.hpp>
#include <simul/io/fs.hpp>
#include <simul/run/loop.hpp>

#include <exception>
#include <fmt/format.h>
#include <utility>

namespace simul::http {

download::download() noexcept = default;
download::download(std::unique_ptr<detail::transfer> of) noexcept : of_(std::move(of))
{
}
download::download(download&& other) noexcept = default;
download& download::operator=(download&& other) noexcept = default;
download::~download() = default;

detail::transfer& download::open(const char* operation) const
{
    if (!of_)
        throw closed_error(std::string(operation) + ": there is no download here");
    return *of_;
}

int download::status() const noexcept
{
    return of_ ? of_->head().status : 0;
}

std::string_view download::reason() const noexcept
{
    return of_ && !of_->head().reason.empty() ? std::string_view(of_->head().reason) : reason_of(status());
}

const http::headers& download::headers() const noexcept
{
    static const http::headers none;
    return of_ ? of_->head().fields : none;
}

std::string download::url() const
{
    return of_ ? of_->request().at.href() : std::string();
}

const std::vector<hop>& download::history() const noexcept
{
    static const std::vector<hop> none;
    return of_ ? of_->history() : none;
}

std::optional<std::uint64_t> download::size() const noexcept
{
    return of_ ? of_->head().size : std::nullopt;
}

const http::headers& download::trailers() const noexcept
{
    static const http::headers none;
    return of_ ? of_->trailers() : none;
}

download& download::raise_for_status() &
{
    if (ok())
        return *this;
    std::string what = open("raise_for_status").request().says(std::to_string(status()));
    if (!reason().empty())
        what.append(" ").append(reason());
    throw status_error(std::move(what), status());
}

task<bytes> download::read_some(std::size_t most)
{
    detail::transfer& from = open("read_some");
    if (most == 0)
        co_return bytes();
    const bytes_view piece = co_await from.piece();
    from.hold(piece.substr(std::min(most, piece.size())));
    co_return bytes(piece.substr(0, most));
}

task<bytes> download::read_all(std::size_t limit)
{
    co_return co_await open("read_all").rest(limit);
}

task<response> download::whole(std::size_t limit)
{
    detail::transfer& from = open("whole");
    co_return from.with_body(co_await from.rest(limit));
}

async_generator<bytes> download::pieces()
{
    for (bytes piece = co_await read_some(); !piece.empty(); piece = co_await read_some())
        co_yield std::move(piece);
}

task<std::optional<bytes>> download::read_line(std::size_t limit)
{
    co_return co_await open("read_line").line(limit);
}

async_generator<bytes> download::lines(std::size_t limit)
{
    while (auto line = co_await read_line(limit))
        co_yield *std::move(line);
}

/// Beside the file until it is whole.
task<std::uint64_t> download::save_to(std::string path)
{
    detail::transfer& from = open("save_to");
    const std::string partial = fmt::format("{}.{:016x}.part", path, loop::current().random());
    fs::file to = co_await fs::open(partial, "x");
    std::uint64_t size = 0;
    std::exception_ptr failure;
    try {
        for (bytes_view piece = co_await from.piece(); !piece.empty(); piece = co_await from.piece()) {
            co_await to.write(piece);
            size += piece.size();
        }
        co_await to.close();
        co_await fs::rename(partial, path);
        co_return size;
    } catch (...) {
        failure = std::current_exception();
    }
    try {
        co_await fs::remove(partial);
    } catch (const error&) { // what went wrong first says more
    }
    std::rethrow_exception(failure);
}

task<> download::close()
{
    if (of_)
        co_await of_->close();
}

} // namespace simul::http
