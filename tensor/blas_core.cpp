#include <cblas.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "gradus/tensor/blas.h"

// Part of OpenBLAS builds that choose a processor at run time (DYNAMIC_ARCH); absent from others.
extern "C" {
void gotoblas_dynamic_init() __attribute__((weak));
void gotoblas_dynamic_quit() __attribute__((weak));
}

// Note [OpenBLAS core]
// OpenBLAS picks its kernels by a table of processor models. A release older than the processor
// does not find it there: 0.3.21 (Debian 12, Ubuntu 22.04) takes Sapphire Rapids and its
// successors for a Prescott of 2004 and multiplies matrices with SSE3, five times slower. The
// table is consulted once, when the library is loaded, and OPENBLAS_CORETYPE overrides it. So where
// the choice is older than what the processor's feature bits promise, we set that variable for a
// moment and have OpenBLAS choose again. This happens while the program is being loaded, before
// another thread can read the environment, or, where OpenBLAS is linked statically and starts
// later than we do, at the first product.
namespace gradus::blas {
namespace detail {
namespace {

/// Cores without AVX2 kernels that OpenBLAS may take an unknown processor for.
constexpr std::array<std::string_view, 11> stale_cores = {
    "Katmai", "Coppermine", "Northwood",  "Prescott", "Banias",     "Atom",
    "Core2",  "Penryn",     "Dunnington", "Nehalem",  "Sandybridge"};

const bool corrected_at_load = [] {
  correct_core();
  return true;
}();

}  // namespace

CpuFeatures cpu_features() {
  CpuFeatures cpu;
#if defined(__x86_64__)
  __builtin_cpu_init();
  cpu.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  cpu.avx512 = cpu.avx2 && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl");
  cpu.amd = __builtin_cpu_is("amd");
#endif
  return cpu;
}

const char* better_core(const std::string& core, CpuFeatures cpu) {
  if (!cpu.avx2) return nullptr;
  if (std::find(stale_cores.begin(), stale_cores.end(), core) == stale_cores.end()) return nullptr;
  return cpu.avx512 ? "SKYLAKEX" : cpu.amd ? "ZEN" : "HASWELL";
}

void switch_core(const char* coretype) {
  if (gotoblas_dynamic_init == nullptr || gotoblas_dynamic_quit == nullptr) return;
  const char* current = std::getenv("OPENBLAS_CORETYPE");
  std::optional<std::string> before;
  if (current != nullptr) before = current;

  setenv("OPENBLAS_CORETYPE", coretype, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  if (before) {
    setenv("OPENBLAS_CORETYPE", before->c_str(), 1);
  } else {
    unsetenv("OPENBLAS_CORETYPE");
  }
}

void correct_core() {
  if (const char* chosen = std::getenv("OPENBLAS_CORETYPE"); chosen != nullptr && *chosen != '\0') {
    return;
  }
  if (const char* better = better_core(core(), cpu_features())) switch_core(better);
}

}  // namespace detail

std::string core() { return openblas_get_corename(); }

std::string config() { return openblas_get_config(); }

}  // namespace gradus::blas
