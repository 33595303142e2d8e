# SPDX-License-Identifier: MIT
#
# Passes when CASE does not compile with the command COMPILE, and says why, in the words of every line `// expect: REGEX` at its head. With
# -DSIMUL_CONTROL the same file must compile: then it is the one wrong line that is refused, not a typing error beside it.
# Warnings count as errors, so what is only discouraged ([[nodiscard]]) can be a case too.

execute_process(COMMAND ${COMPILE} -DSIMUL_CONTROL ${CASE} RESULT_VARIABLE status ERROR_VARIABLE output)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${CASE}: does not compile even with -DSIMUL_CONTROL:\n${output}")
endif()

execute_process(COMMAND ${COMPILE} ${CASE} RESULT_VARIABLE status ERROR_VARIABLE output)
if(status EQUAL 0)
    message(FATAL_ERROR "${CASE}: compiles, and should not")
endif()

file(STRINGS ${CASE} expectations REGEX "^// expect: ")
if(NOT expectations)
    message(FATAL_ERROR "${CASE}: has no line `// expect: REGEX`")
endif()
foreach(expectation IN LISTS expectations)
    string(REGEX REPLACE "^// expect: " "" wanted "${expectation}")
    if(NOT output MATCHES "${wanted}")
        message(FATAL_ERROR "${CASE}: the compiler's words don't match `${wanted}`:\n${output}")
    endif()
endforeach()
