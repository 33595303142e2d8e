// SPDX-License-Identifier: MIT
//
// The one file that sees libpsl.
#include "public_suffix.hpp"

#include <libpsl.h>

namespace simul::http::detail {

namespace {

/// The list of the package publicsuffix, or the one in the library, whichever is newer.
const psl_ctx_t* list()
{
    static const psl_ctx_t* const newest = psl_latest(nullptr);
    return newest;
}

} // namespace

bool is_public_suffix(const std::string& name)
{
    return psl_is_public_suffix(list(), name.c_str()) != 0;
}

std::string site_of(const std::string& name)
{
    const char* const site = psl_registrable_domain(list(), name.c_str());
    return site ? site : name;
}

} // namespace simul::http::detail
