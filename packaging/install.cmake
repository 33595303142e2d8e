# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts where, for find_package(simul) and for pkg-config.
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/simul")

install(TARGETS simul EXPORT simulTargets FILE_SET HEADERS)
install(EXPORT simulTargets NAMESPACE simul:: DESTINATION "${package_folder}")
if(TARGET simul_testing)
    install(TARGETS simul_testing EXPORT simulTestingTargets FILE_SET HEADERS)
    install(EXPORT simulTestingTargets NAMESPACE simul:: DESTINATION "${package_folder}")
endif()
if(TARGET simul_command)
    install(TARGETS simul_command)
    add_custom_command(OUTPUT share/man/man1/simul.1
        COMMAND "${PROJECT_SOURCE_DIR}/packaging/describe_command" $<TARGET_FILE:simul_command> "${PROJECT_BINARY_DIR}/share"
        DEPENDS simul_command packaging/describe_command
        COMMENT "Asking simul for its manual pages and completions"
        VERBATIM)
    add_custom_target(simul_command_described ALL DEPENDS share/man/man1/simul.1)
    install(DIRECTORY "${PROJECT_BINARY_DIR}/share/" DESTINATION "${CMAKE_INSTALL_DATADIR}")
endif()

configure_package_config_file(packaging/simulConfig.cmake.in simulConfig.cmake INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file(simulConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
    FILES
        "${PROJECT_BINARY_DIR}/simulConfig.cmake"
        "${PROJECT_BINARY_DIR}/simulConfigVersion.cmake"
        cmake/check_compiler.cmake
        cmake/FindBoostContext.cmake
        cmake/FindBrotli.cmake
        cmake/FindGumbo.cmake
        cmake/FindLibIdn2.cmake
        cmake/FindLibPsl.cmake
        cmake/FindLibUring.cmake
        cmake/FindSimdJson.cmake
        cmake/FindZstd.cmake
    DESTINATION "${package_folder}")

# The .pc file finds its prefix from its own place, so an installed tree can be moved.
file(RELATIVE_PATH pc_prefix "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
set(pc_requires "fmt")
set(pc_libs "-lsimul")
if(NOT BUILD_SHARED_LIBS) # not Requires.private: static is our default, `--static` is nobody's
    string(APPEND pc_requires ", liburing, openssl, libidn2, simdjson, gumbo, zlib, libbrotlidec, libbrotlienc, libzstd, libpsl")
    string(APPEND pc_libs " -lboost_context") # Boost has no .pc files
endif()
configure_file(packaging/simul.pc.in simul.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/simul.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
