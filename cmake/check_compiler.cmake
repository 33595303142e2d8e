# SPDX-License-Identifier: MIT
#
# Sets `simul_compiler_problem` when the C++ compiler is known to get coroutines wrong. Used by our own build and, since
# users' code is what it breaks, by the installed package too.
#
# g++ 12 destroys or copies temporaries of a full expression with co_await twice, and corrupts the frame on a plain
# `if (!co_await x) co_return y;`. No library can prevent that, and neither warnings nor sanitizers show it, so there is
# one way past: -DSIMUL_ALLOW_BROKEN_COROUTINES=ON, for those who want to see for themselves.

set(simul_compiler_problem "")
set(simul_compiler_known_bad FALSE)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(simul_compiler_name "g++")
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        set(simul_compiler_known_bad TRUE)
    else()
        message(WARNING "simul is not tested with g++ ${CMAKE_CXX_COMPILER_VERSION}; it is with clang 19.")
    endif()
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    set(simul_compiler_name "clang")
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
        set(simul_compiler_known_bad TRUE)
    endif()
endif()

if(simul_compiler_known_bad AND NOT SIMUL_ALLOW_BROKEN_COROUTINES)
    string(CONCAT simul_compiler_problem
        "simul can't be used with ${simul_compiler_name} ${CMAKE_CXX_COMPILER_VERSION}, which silently miscompiles "
        "coroutines (double frees, corrupted frames): `apt-get install clang-19`, then configure an empty build "
        "directory with `-DCMAKE_CXX_COMPILER=clang++-19`.")
endif()
