// SPDX-License-Identifier: MIT
//
// How the sanitizers run in our tests, also when a test program is started by hand. ASAN_OPTIONS and friends override.

extern "C" const char* __asan_default_options()
{
    return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1";
}

extern "C" const char* __ubsan_default_options()
{
    return "print_stacktrace=1";
}

extern "C" const char* __tsan_default_options()
{
    return "halt_on_error=1:second_deadlock_stack=1";
}

extern "C" const char* __tsan_default_suppressions()
{
    // libstdc++ is not instrumented, so that it counts the owners of an exception atomically is not seen: the last one to let
    // go of it, in one thread, seems to race with who looked at it in another.
    return "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
