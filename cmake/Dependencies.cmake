# Finds `package`, which must define `target`; says which Debian package brings it if it does not.
function(gradus_require package target debian_package)
  if(TARGET ${target})
    return()
  endif()
  find_package(${package} QUIET)
  if(NOT TARGET ${target})
    message(FATAL_ERROR
      "gradus needs ${package}, which was not found. On Debian or Ubuntu: apt-get install ${debian_package}")
  endif()
  # Without this a project that adds gradus by add_subdirectory would not see the target.
  set_property(TARGET ${target} PROPERTY IMPORTED_GLOBAL TRUE)
endfunction()

gradus_require(Threads Threads::Threads libc6-dev)
gradus_require(fmt fmt::fmt libfmt-dev)
gradus_require(Highway hwy::hwy libhwy-dev)
gradus_require(OpenBLAS OpenBLAS::OpenBLAS libopenblas-dev)
gradus_require(nlohmann_json nlohmann_json::nlohmann_json nlohmann-json3-dev)
