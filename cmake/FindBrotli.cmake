# SPDX-License-Identifier: MIT
#
# Brotli::Brotli: decoder and encoder. Installed with the package too, because who links a static simul links brotli.

find_path(Brotli_INCLUDE_DIR brotli/decode.h)
find_library(Brotli_DECODER brotlidec)
find_library(Brotli_ENCODER brotlienc)
mark_as_advanced(Brotli_INCLUDE_DIR Brotli_DECODER Brotli_ENCODER)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Brotli
    REQUIRED_VARS Brotli_DECODER Brotli_ENCODER Brotli_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "`apt-get install libbrotli-dev`")

if(Brotli_FOUND AND NOT TARGET Brotli::Brotli)
    add_library(Brotli::Brotli UNKNOWN IMPORTED)
    set_target_properties(Brotli::Brotli PROPERTIES
        IMPORTED_LOCATION "${Brotli_DECODER}"
        INTERFACE_LINK_LIBRARIES "${Brotli_ENCODER}"
        INTERFACE_INCLUDE_DIRECTORIES "${Brotli_INCLUDE_DIR}")
endif()
