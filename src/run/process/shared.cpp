// SPDX-License-Identifier: MIT
#include "run/process/shared.hpp"

#include <simul/base/error.hpp>

#include <cerrno>
#include <linux/futex.h>
#include <new>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simul::detail {

ring_end ring_bytes::pad(ring_end from, std::uint64_t to) noexcept
{
    if (from.position() == to)
        return from;
    frame* const filler = ::new (bytes + from.position() % ring_size) frame;
    filler->kind = frame_kind::pad;
    filler->size = to - from.position() - sizeof(frame);
    return from.after_frame(to);
}

void wake_worker(worker_area& area) noexcept
{
    if (area.asleep.load(std::memory_order_seq_cst) != 0 && area.asleep.exchange(0, std::memory_order_relaxed) != 0)
        futex_wake(area.asleep);
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t while_it_is) noexcept
{
    ::syscall(SYS_futex, &word, FUTEX_WAIT, while_it_is, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) noexcept
{
    ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

mapping::mapping(int file, std::size_t offset, std::size_t size, access wanted) : size_(size)
{
    const int protection = wanted == access::write ? PROT_READ | PROT_WRITE : PROT_READ;
    const int flags = wanted == access::read_at_once ? MAP_SHARED | MAP_POPULATE : MAP_SHARED;
    void* const mapped = ::mmap(nullptr, size, protection, flags, file, static_cast<off_t>(offset));
    if (mapped == MAP_FAILED)
        throw error::from_errno(errno, "mapping shared memory");
    address_ = static_cast<std::byte*>(mapped);
}

mapping::~mapping()
{
    if (address_)
        ::munmap(address_, size_);
}

} // namespace simul::detail
