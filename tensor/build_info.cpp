#include "gradus/tensor/build_info.h"

#include "gradus/tensor/simd_targets.h"
// Highway's headers follow the choice of targets.
#include <hwy/targets.h>

#include "gradus/tensor/blas.h"
#include "gradus/tensor/parallel.h"

namespace gradus {
namespace {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("Clang {}", __clang_version__);
#else
  return fmt::format("GCC {}", __VERSION__);
#endif
}

std::string simd() {
  std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);  // the lowest bit is the best target
}

}  // namespace

BuildInfo build_info() {
  return {.version = GRADUS_VERSION,
          .compiler = compiler(),
          .simd = simd(),
          .blas_core = blas::core(),
          .blas_config = blas::config(),
          .threads = num_threads()};
}

std::string to_string(const BuildInfo& info) {
  return fmt::format("gradus {}\ncompiler: {}\nSIMD: {}\nBLAS core: {}\nBLAS: {}\nthreads: {}",
                     info.version, info.compiler, info.simd, info.blas_core, info.blas_config,
                     info.threads);
}

}  // namespace gradus
