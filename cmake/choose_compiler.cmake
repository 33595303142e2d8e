# SPDX-License-Identifier: MIT
#
# Included before project(): takes the newest clang++ we know, unless the user chose a compiler. What CMake would take
# by itself on Debian 12 is g++ 12, which can't compile coroutines (see check_compiler.cmake).

if(NOT DEFINED CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX} AND NOT DEFINED CMAKE_TOOLCHAIN_FILE)
    find_program(simul_clang NAMES clang++-19 clang++-18 clang++-17 clang++-16 NO_CACHE)
    if(simul_clang)
        set(CMAKE_CXX_COMPILER "${simul_clang}" CACHE FILEPATH "The C++ compiler: clang 16 or later")
    endif()
endif()
