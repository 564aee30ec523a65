#pragma once

// The instruction sets that kernels are compiled for: on x86 the baseline, SSE4, AVX2 and AVX-512
// (AVX3); NEON on ARM. More would cost compile time for little speed. Highway numbers better sets
// lower: the first term is all beyond AVX3, of which versions of Highway name different ones.
// Include this before any header of Highway.
#define HWY_DISABLED_TARGETS \
  ((HWY_AVX3 - 1) | HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
