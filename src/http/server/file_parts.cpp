// SPDX-License-Identifier: MIT
#include "file_parts.hpp"

#include "http/file_piece.hpp"

#include <simul/base/error.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace simul::http::detail {

namespace {

using simul::detail::found_file;

class file_parts_reader final : public content_reader {
public:
    file_parts_reader(std::shared_ptr<const found_file> file, std::vector<file_part> parts, std::uint64_t size)
        : file_(std::move(file)), parts_(std::move(parts)), size_(size)
    {
    }

    std::optional<std::uint64_t> size() const override { return size_; }

    task<bytes> next() override
    {
        for (; now_ < parts_.size(); ++now_) {
            file_part& part = parts_[now_];
            if (!part.before.empty())
                co_return std::exchange(part.before, {});
            if (part.size > 0)
                co_return co_await read_of(part);
        }
        co_return bytes();
    }

    task<> close() override
    {
        file_.reset();
        co_return;
    }

private:
    task<bytes> read_of(file_part& part)
    {
        const std::uint64_t size = std::min<std::uint64_t>(part.size, file_piece);
        bytes piece = co_await simul::detail::read_at(*file_, part.first, size);
        if (piece.size() < size)
            throw error(std::errc::io_error, "send " + file_->path + ": it was cut short meanwhile");
        part.first += size;
        part.size -= size;
        co_return piece;
    }

    std::shared_ptr<const found_file> file_;
    std::vector<file_part> parts_;
    std::uint64_t size_;
    std::size_t now_ = 0;
};

} // namespace

file_parts::file_parts(found_file file, std::vector<file_part> parts)
    : file_(std::make_shared<const found_file>(std::move(file))), parts_(std::move(parts))
{
}

std::uint64_t file_parts::size() const noexcept
{
    std::uint64_t sum = 0;
    for (const file_part& each : parts_)
        sum += each.before.size() + each.size;
    return sum;
}

task<std::unique_ptr<content_reader>> file_parts::open()
{
    co_return std::make_unique<file_parts_reader>(file_, parts_, size());
}

task<bytes> read_whole(content_source& of)
{
    const auto reader = co_await of.open();
    bytes whole = co_await reader->next();
    for (bytes more = co_await reader->next(); !more.empty(); more = co_await reader->next())
        whole += more;
    co_await reader->close();
    co_return whole;
}

} // namespace simul::http::detail
