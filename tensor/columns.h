#pragma once

#include <cstdint>

/// Vectorised loops down the columns of `rows` rows of n contiguous numbers, the rows `stride`
/// apart. A column is taken in from top to bottom: its result does not depend on its neighbours.
namespace gradus::kernel::columns {

template <class T>
struct Loops {
  /// acc += x
  void (*sum)(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride, double* acc);
  /// acc += x^2
  void (*squares)(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride, double* acc);
  /// sum += x - shift, squares += (x - shift)^2
  void (*moments)(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                  const double* shift, double* sum, double* squares);
  /// sum += g, dot += g (x - shift)
  void (*dots)(std::int64_t rows, std::int64_t n, const T* g, const T* x, std::int64_t stride,
               const double* shift, double* sum, double* dot);
  /// acc = max(acc, x) or min(acc, x), NaN where either is
  void (*max)(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride, T* acc);
  void (*min)(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride, T* acc);
};

/// Those for the running processor, T float or double.
template <class T>
const Loops<T>& loops();
template <>
const Loops<float>& loops();
template <>
const Loops<double>& loops();

}  // namespace gradus::kernel::columns
