// SPDX-License-Identifier: MIT
// expect: give it a simul_describe
#include <simul/base/codec.hpp>

#include <string>

class secret {
#ifdef SIMUL_CONTROL
    friend void simul_describe(secret& s, auto&& field) { field("text", s.text_); }
#endif
    std::string text_;
};

void encodes()
{
    simul::to_bytes(secret());
}
