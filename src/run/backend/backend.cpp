// SPDX-License-Identifier: MIT
#include "run/backend/backend.hpp"

#include "run/backend/make.hpp"
#include "run/backend/sim.hpp"

#include <simul/base/error.hpp>

#include <cstdlib>
#include <string>

namespace simul::detail {
namespace {

backend_kind kind_from_environment()
{
    const char* wanted = std::getenv("SIMUL_BACKEND");
    const std::string_view name = wanted ? wanted : "";
    if (name.empty() || name == "auto")
        return backend_kind::automatic;
    if (name == "uring")
        return backend_kind::uring;
    if (name == "epoll")
        return backend_kind::epoll;
    if (name == "sim")
        return backend_kind::sim;
    throw error(std::errc::invalid_argument,
                "SIMUL_BACKEND=" + std::string(name) + " names no backend: use uring, epoll, sim or auto");
}

} // namespace

std::unique_ptr<backend> make_backend(backend_kind kind, std::uint64_t seed)
{
    if (kind == backend_kind::automatic)
        kind = kind_from_environment();
    switch (kind) {
    case backend_kind::uring:
        return make_uring_backend();
    case backend_kind::epoll:
        return make_epoll_backend();
    case backend_kind::sim:
        return std::make_unique<sim_backend>(seed);
    case backend_kind::automatic:
        break;
    }
    try {
        return make_uring_backend();
    } catch (const error&) {
        return make_epoll_backend(); // forbidden (containers), too old, or over a limit
    }
}

} // namespace simul::detail
