# SPDX-License-Identifier: MIT
#
# LibIdn2::LibIdn2. Installed with the package too, because who links a static simul links libidn2.

find_path(LibIdn2_INCLUDE_DIR idn2.h)
find_library(LibIdn2_LIBRARY idn2)
mark_as_advanced(LibIdn2_INCLUDE_DIR LibIdn2_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibIdn2
    REQUIRED_VARS LibIdn2_LIBRARY LibIdn2_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "`apt-get install libidn2-dev`")

if(LibIdn2_FOUND AND NOT TARGET LibIdn2::LibIdn2)
    add_library(LibIdn2::LibIdn2 UNKNOWN IMPORTED)
    set_target_properties(LibIdn2::LibIdn2 PROPERTIES
        IMPORTED_LOCATION "${LibIdn2_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LibIdn2_INCLUDE_DIR}")
endif()
