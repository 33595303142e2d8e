// SPDX-License-Identifier: MIT
// expect: refers to memory of this one
#include <simul/base/codec.hpp>

struct line {
#ifdef SIMUL_CONTROL
    int text;
#else
    const char* text;
#endif
};

void encodes()
{
    simul::to_bytes(std::vector<line>());
}
