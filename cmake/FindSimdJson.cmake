# SPDX-License-Identifier: MIT
#
# SimdJson::SimdJson. Installed with the package too, because who links a static simul links simdjson.

find_path(SimdJson_INCLUDE_DIR simdjson.h)
find_library(SimdJson_LIBRARY simdjson)
mark_as_advanced(SimdJson_INCLUDE_DIR SimdJson_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SimdJson
    REQUIRED_VARS SimdJson_LIBRARY SimdJson_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "`apt-get install libsimdjson-dev`")

if(SimdJson_FOUND AND NOT TARGET SimdJson::SimdJson)
    add_library(SimdJson::SimdJson UNKNOWN IMPORTED)
    set_target_properties(SimdJson::SimdJson PROPERTIES
        IMPORTED_LOCATION "${SimdJson_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${SimdJson_INCLUDE_DIR}")
endif()
