// SPDX-License-Identifier: MIT
//
// An echo server of Python's, `asyncio_echo.py` beside this file, under the same load. Arguments before the figures go to it.
#include "../echo_load.hpp"

#include <string>
#include <string_view>

int main(int argc, char** argv)
{
    const bool uvloop = argc > 1 && std::string_view(argv[1]) == "--uvloop";
    if (uvloop) {
        argv[1] = argv[0];
        --argc;
        ++argv;
    }
    std::string script = __FILE__;
    script.replace(script.rfind("asyncio.cpp"), std::string::npos, "asyncio_echo.py");
    return bench::echo_program(argc, argv, [&](int listening) {
        const std::string fd = std::to_string(listening);
        ::execlp("/usr/bin/python3", "/usr/bin/python3", script.c_str(), fd.c_str(), uvloop ? "--uvloop" : nullptr, nullptr);
    });
}
