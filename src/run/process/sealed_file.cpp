// SPDX-License-Identifier: MIT
#include "run/process/sealed_file.hpp"

#include <simul/base/error.hpp>
#include <simul/detail/process_job.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace simul::detail {
namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

void write_all(int file, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t done = ::write(file, bytes.data(), bytes.size());
        if (done < 0 && errno != EINTR)
            throw error::from_errno(errno, "writing to a file in memory");
        bytes = bytes.subspan(done < 0 ? 0 : static_cast<std::size_t>(done));
    }
}

} // namespace

unique_fd make_sealed_file(const encoder& content)
{
    unique_fd file(::memfd_create("simul-value", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (file.get() < 0)
        throw error::from_errno(errno, "making a file in memory");
    content.for_each_piece([&](std::span<const std::byte> piece) { write_all(file.get(), piece); });
    if (::fcntl(file.get(), F_ADD_SEALS, seals) < 0)
        throw error::from_errno(errno, "sealing a file in memory");
    return file;
}

mapping open_sealed_file(int file, std::uint64_t size)
{
    struct stat found;
    if (::fcntl(file, F_GET_SEALS) != seals || ::fstat(file, &found) < 0 || size == 0 ||
        static_cast<std::uint64_t>(found.st_size) != size)
        throw error(std::errc::bad_message, "what came from the other process is not the file that was announced");
    return mapping(file, 0, size, mapping::access::read_at_once);
}

parcel::~parcel()
{
    if (file_ >= 0)
        ::close(file_);
}

void parcel::keep(const encoder& from)
{
    size_ = from.size();
    if (from.fits())
        return;
    if (size_ > largest_in_ring) {
        file_ = make_sealed_file(from).release();
        return;
    }
    large_ = std::make_unique_for_overwrite<std::byte[]>(size_);
    std::byte* at = large_.get();
    from.for_each_piece([&](std::span<const std::byte> piece) {
        if (!piece.empty())
            std::memcpy(at, piece.data(), piece.size());
        at += piece.size();
    });
}

} // namespace simul::detail
