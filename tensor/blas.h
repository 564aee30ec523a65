#pragma once

#include <cstdint>
#include <string>

/// Products of matrices, and the only door to OpenBLAS. It is always called single-threaded: the
/// library's own threads share a product, so two pools never fight for the processors.
namespace gradus::blas {

/// A row-major matrix, or the transpose of one, in memory.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t leading;     ///< elements from one row in memory to the next
  bool transposed = false;  ///< the operand is the transpose of what lies in memory
};

/// A matrix to which a product is added: none; c itself; or, with rows 0 apart, one row for all.
template <class T>
struct Addend {
  const T* data = nullptr;
  std::int64_t leading = 0;
};

/// c = a b + addend; a: (m, k), b: (k, n), c: (m, n) with rows `leading_c` apart. The value of an
/// element does not depend on the number of threads. T: float or double.
template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c,
          std::int64_t leading_c, Addend<T> addend = {});

/// Sum of x[i] y[i].
double dot(std::int64_t n, const double* x, const double* y);

/// y[i] += a x[i].
void axpy(std::int64_t n, double a, const double* x, double* y);

/// The processor whose kernels OpenBLAS runs, such as "SkylakeX".
std::string core();
/// OpenBLAS's version and build options.
std::string config();

namespace detail {

struct CpuFeatures {
  bool avx2 = false;
  bool avx512 = false;
  bool amd = false;
};
CpuFeatures cpu_features();

/// The OPENBLAS_CORETYPE to use instead of `core` on a processor with `cpu`; null where `core` is
/// a sensible choice.
const char* better_core(const std::string& core, CpuFeatures cpu);
/// Has OpenBLAS run the kernels for `coretype`, where its build can choose at run time.
void switch_core(const char* coretype);
/// See Note [OpenBLAS core]. Leaves a good choice, or one made by the user, alone.
void correct_core();

}  // namespace detail
}  // namespace gradus::blas
