# SPDX-License-Identifier: MIT
#
# The target `coverage` of the preset of that name: runs all tests and prints what they reach, file by file.
#
#     cmake --preset coverage && cmake --build --preset coverage --target coverage

foreach(tool IN ITEMS llvm-profdata llvm-cov) # of the compiler's own version: the format changes with it
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-prog-name=${tool}
        OUTPUT_VARIABLE ${tool} OUTPUT_STRIP_TRAILING_WHITESPACE)
endforeach()
list(TRANSFORM programs REPLACE "(.+)" "-object=$<TARGET_FILE:\\1>" OUTPUT_VARIABLE objects)
set(profiles "${PROJECT_BINARY_DIR}/profiles")

add_custom_target(coverage
    COMMAND ${CMAKE_COMMAND} -E rm -rf "${profiles}"
    COMMAND ${CMAKE_COMMAND} -E env "LLVM_PROFILE_FILE=${profiles}/%4m.profraw"
        ${CMAKE_CTEST_COMMAND} --test-dir "${PROJECT_BINARY_DIR}" --output-on-failure
    COMMAND ${llvm-profdata} merge -o "${profiles}/all.profdata" "${profiles}"
    COMMAND ${llvm-cov} report -instr-profile=${profiles}/all.profdata ${objects} -sources
        "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src"
    DEPENDS ${programs}
    USES_TERMINAL VERBATIM)
