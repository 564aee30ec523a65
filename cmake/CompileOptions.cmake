if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 11)
    OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16))
  message(FATAL_ERROR "gradus needs g++ 11 or clang 16, or newer; "
    "this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()

# Options of every target of ours. None of them reaches a user's code.
function(gradus_compile_options target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    # Nobody reads errno or the floating-point exception flags here; keeping them up to date would
    # stop the compiler from vectorising sqrt and selects. NaN and infinity keep their meaning.
    -fno-math-errno -fno-trapping-math
    # No fused multiply-add behind our back: the same numbers, random streams included, on every
    # processor. Kernels ask for fused operations by name.
    -ffp-contract=off)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion
      # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
      $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
  endif()
endfunction()
