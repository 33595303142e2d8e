# SPDX-License-Identifier: MIT
#
# BoostContext::BoostContext. Installed with the package too, because who links a static simul links Boost.Context. Boost's
# own package would do, but its modules differ between versions, and it comes without a .pc file.

find_path(BoostContext_INCLUDE_DIR boost/context/detail/fcontext.hpp)
find_library(BoostContext_LIBRARY boost_context)
mark_as_advanced(BoostContext_INCLUDE_DIR BoostContext_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoostContext
    REQUIRED_VARS BoostContext_LIBRARY BoostContext_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "`apt-get install libboost-context-dev`")

if(BoostContext_FOUND AND NOT TARGET BoostContext::BoostContext)
    add_library(BoostContext::BoostContext UNKNOWN IMPORTED)
    set_target_properties(BoostContext::BoostContext PROPERTIES
        IMPORTED_LOCATION "${BoostContext_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${BoostContext_INCLUDE_DIR}")
endif()
