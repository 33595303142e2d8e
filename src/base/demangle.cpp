// SPDX-License-Identifier: MIT
#include "demangle.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace simul::detail {

std::string demangle(const char* name)
{
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> readable(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                               &std::free);
    return status == 0 ? readable.get() : name;
}

} // namespace simul::detail
