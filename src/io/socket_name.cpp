// SPDX-License-Identifier: MIT
#include "socket_name.hpp"

#include <sys/socket.h>

namespace simul::detail {
namespace {

address asked(backend& io, int fd, int (backend::*ask)(int, sockaddr*, socklen_t*) noexcept)
{
    sockaddr_storage room{};
    socklen_t size = sizeof room;
    auto* const found = reinterpret_cast<sockaddr*>(&room);
    if ((io.*ask)(fd, found, &size) < 0 || size <= sizeof room.ss_family)
        return {};
    return address::from_native(found, size);
}

} // namespace

address socket_name(backend& io, int fd)
{
    return asked(io, fd, &backend::socket_name);
}

address peer_name(backend& io, int fd)
{
    return asked(io, fd, &backend::peer_name);
}

} // namespace simul::detail
