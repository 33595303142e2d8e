# SPDX-License-Identifier: MIT
#
# Which compilers cmake/check_compiler.cmake refuses, without having them.

function(check id version expectation)
    set(CMAKE_CXX_COMPILER_ID ${id})
    set(CMAKE_CXX_COMPILER_VERSION ${version})
    include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/check_compiler.cmake")
    if(expectation STREQUAL "refused" AND NOT simul_compiler_problem MATCHES "coroutines.*apt-get install clang-19")
        message(SEND_ERROR "${id} ${version} was not refused: '${simul_compiler_problem}'")
    elseif(expectation STREQUAL "taken" AND simul_compiler_problem)
        message(SEND_ERROR "${id} ${version} was refused: ${simul_compiler_problem}")
    endif()
endfunction()

check(GNU 12.2.0 refused)
check(GNU 13.1.0 taken)
check(Clang 15.0.7 refused)
check(Clang 16.0.0 taken)
check(Clang 19.1.7 taken)

set(SIMUL_ALLOW_BROKEN_COROUTINES ON)
check(GNU 12.2.0 taken)
