// SPDX-License-Identifier: MIT
#include <simul/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace simul::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept
{
    std::fprintf(stderr, "simul: broken invariant at %s:%d: %s\nThis is a bug in simul; please report it.\n", file, line,
                 condition);
    std::abort();
}

} // namespace simul::detail
