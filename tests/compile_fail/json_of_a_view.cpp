// SPDX-License-Identifier: MIT
// expect: JSON can't be read into this type
#include <simul/text/json.hpp>

struct line {
#ifdef SIMUL_CONTROL
    std::string text;
#else
    std::string_view text;
#endif
};

void reads()
{
    simul::json::parse<line>("{}");
}
