# SPDX-License-Identifier: MIT
#
# LibUring::LibUring. Installed with the package too, because who links a static simul links liburing.

find_path(LibUring_INCLUDE_DIR liburing.h)
find_library(LibUring_LIBRARY uring)
mark_as_advanced(LibUring_INCLUDE_DIR LibUring_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibUring
    REQUIRED_VARS LibUring_LIBRARY LibUring_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "`apt-get install liburing-dev`")

if(LibUring_FOUND AND NOT TARGET LibUring::LibUring)
    add_library(LibUring::LibUring UNKNOWN IMPORTED)
    set_target_properties(LibUring::LibUring PROPERTIES
        IMPORTED_LOCATION "${LibUring_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LibUring_INCLUDE_DIR}")
endif()
