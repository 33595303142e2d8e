# SPDX-License-Identifier: MIT
#
# How our own targets are compiled; nothing of this reaches users.

set(simul_warnings
    -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Wold-style-cast -Wcast-align
    -Wundef -Wextra-semi)
set(simul_library_warnings
    -Wconversion -Wno-sign-conversion) # tests and programs may be careless with literals

# `branch` only: a shadow stack would forbid fibers to switch stacks.
set(simul_hardening -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND simul_hardening -fcf-protection=branch)
endif()

function(simul_set_up target)
    target_compile_options(${target} PRIVATE ${simul_warnings} "$<$<CONFIG:Release,RelWithDebInfo>:${simul_hardening}>")
    target_link_options(${target} PRIVATE "$<$<CONFIG:Release,RelWithDebInfo>:-Wl,-z,relro,-z,now>")
    target_compile_definitions(${target} PRIVATE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
    set_target_properties(${target} PROPERTIES
        COMPILE_WARNING_AS_ERROR ${SIMUL_WERROR}
        POSITION_INDEPENDENT_CODE ON)
endfunction()

# simul_precompile(target PRIVATE header...) or simul_precompile(target REUSE_FROM other): reading the standard library takes
# half of the time of a compile.
function(simul_precompile target)
    if(SIMUL_PRECOMPILE)
        target_precompile_headers(${target} ${ARGN})
        target_compile_options(${target} PRIVATE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>") # for ccache
    endif()
endfunction()

# Every .cpp directly in a subfolder of `folder` is a program of its own: bench/task/spawn.cpp -> build/<preset>/bench/task/spawn.
function(simul_add_programs folder)
    file(GLOB sources RELATIVE "${PROJECT_SOURCE_DIR}/${folder}" CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*/*.cpp")
    foreach(source IN LISTS sources)
        cmake_path(GET source PARENT_PATH area)
        cmake_path(GET source STEM program)
        set(target "${folder}_${area}_${program}")
        add_executable(${target} "${PROJECT_SOURCE_DIR}/${folder}/${source}")
        target_link_libraries(${target} PRIVATE simul::simul)
        simul_set_up(${target})
        set_target_properties(${target} PROPERTIES
            OUTPUT_NAME ${program}
            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/${folder}/${area}")
    endforeach()
endfunction()
