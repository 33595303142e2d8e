// SPDX-License-Identifier: MIT
#include <simul/io/file.hpp>

#include "open_file.hpp"

namespace simul::fs {

namespace {

task<> nothing()
{
    co_return;
}

} // namespace

file::file() noexcept = default;
file::file(std::unique_ptr<detail::open_file> core) noexcept : core_(std::move(core))
{
}
file::file(file&& other) noexcept = default;
file& file::operator=(file&& other) noexcept = default;
file::~file() = default;

detail::open_file& file::core(const char* operation) const
{
    if (!core_)
        throw closed_error(std::string(operation) + " of a file that was never opened, or that was moved from");
    return *core_;
}

task<bytes> file::read(std::size_t most)
{
    return core("read").read(most);
}

task<std::size_t> file::read(std::span<char> room)
{
    return core("read").read(room);
}

task<bytes> file::read_exactly(std::size_t size)
{
    return core("read_exactly").read_exactly(size);
}

task<bytes> file::read_all()
{
    return core("read_all").read(bytes().max_size());
}

task<std::optional<bytes>> file::read_line(std::size_t limit)
{
    return core("read_line").read_line(limit);
}

async_generator<bytes> file::lines(std::size_t limit)
{
    return core("lines").lines(limit);
}

task<> file::write(bytes_view data)
{
    return core("write").write(data);
}

task<std::uint64_t> file::seek(std::int64_t offset, from whence)
{
    return core("seek").seek(offset, whence);
}

task<std::uint64_t> file::tell()
{
    return core("tell").tell();
}

task<bytes> file::read_at(std::uint64_t offset, std::size_t most)
{
    return core("read_at").read_at(offset, most);
}

task<std::size_t> file::read_at(std::uint64_t offset, std::span<char> room)
{
    return core("read_at").read_at(offset, room);
}

task<> file::write_at(std::uint64_t offset, bytes_view data)
{
    return core("write_at").write_at(offset, data);
}

task<std::uint64_t> file::size()
{
    return core("size").size();
}

task<std::uint64_t> file::truncate()
{
    return core("truncate").truncate(std::nullopt);
}

task<std::uint64_t> file::truncate(std::uint64_t size)
{
    return core("truncate").truncate(size);
}

task<> file::sync()
{
    return core("sync").sync(0);
}

task<> file::sync_data()
{
    return core("sync_data").sync(detail::sync_data);
}

task<> file::close()
{
    return core_ ? core_->close() : nothing();
}

bool file::closed() const noexcept
{
    return !core_ || core_->closed();
}

const std::string& file::path() const noexcept
{
    static const std::string none;
    return core_ ? core_->path() : none;
}

int file::native_handle() const noexcept
{
    return core_ ? core_->fd() : -1;
}

task<file> open(std::string path, std::string_view mode, open_options options)
{
    return detail::open_file::open(std::move(path), std::string(mode), options.permissions);
}

task<file> temp_file(std::string directory)
{
    return detail::open_file::open_nameless(std::move(directory));
}

} // namespace simul::fs
