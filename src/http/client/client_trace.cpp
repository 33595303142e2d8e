// SPDX-License-Identifier: MIT
#include <simul/http/client_trace.hpp>

#include <array>
#include <cstddef>

namespace simul::http {

std::string_view to_string(trace_event::kind of) noexcept
{
    constexpr std::array<std::string_view, 11> names = {"start", "queued",   "connect", "connected", "reused", "sent",
                                                        "head",  "redirect", "retry",   "done",      "failed"};
    return names[static_cast<std::size_t>(of)];
}

} // namespace simul::http
