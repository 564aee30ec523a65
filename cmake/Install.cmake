include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/gradus)
set(include_dir ${CMAKE_INSTALL_INCLUDEDIR}/gradus)

install(TARGETS gradus EXPORT gradusTargets)
install(FILES ${PROJECT_SOURCE_DIR}/gradus.h DESTINATION ${include_dir})
install(DIRECTORY ${gradus_layers} DESTINATION ${include_dir}
  FILES_MATCHING PATTERN "*.h" PATTERN "*-inl.h" EXCLUDE PATTERN "page" EXCLUDE)
install(EXPORT gradusTargets NAMESPACE gradus:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/gradusConfig.cmake.in
  gradusConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(gradusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/gradusConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/gradusConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindOpenBLAS.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindHighway.cmake
  DESTINATION ${package_dir})

# A static library needs its dependencies at every link; a shared one brings them itself.
set(pkgconfig_requires "fmt")
set(pkgconfig_requires_private "libhwy openblas")
if(NOT BUILD_SHARED_LIBS)
  string(APPEND pkgconfig_requires " ${pkgconfig_requires_private}")
  set(pkgconfig_requires_private "")
endif()
set(pkgconfig_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig ${pkgconfig_dir} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig ${prefix_from_pkgconfig})
configure_file(${PROJECT_SOURCE_DIR}/cmake/gradus.pc.in gradus.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/gradus.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
