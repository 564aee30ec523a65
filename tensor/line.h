#pragma once

#include <array>
#include <cstdint>

/// Vectorised loops over n contiguous numbers, the bricks of reductions, softmax and its relatives.
namespace gradus::kernel::line {

/// The greatest or the smallest, NaN if any is NaN, -+infinity for n = 0.
float max(std::int64_t n, const float* x);
double max(std::int64_t n, const double* x);
float min(std::int64_t n, const float* x);
double min(std::int64_t n, const double* x);

/// y = exp(x - shift), and returns the sum of y. y may be x.
double exp_minus(std::int64_t n, const float* x, float shift, float* y);
double exp_minus(std::int64_t n, const double* x, double shift, double* y);

/// The sum of exp(x - shift).
double sum_exp_minus(std::int64_t n, const float* x, float shift);
double sum_exp_minus(std::int64_t n, const double* x, double shift);

/// The sum of x * y.
double dot(std::int64_t n, const float* x, const float* y);
double dot(std::int64_t n, const double* x, const double* y);

/// Sums that are added up in double.
template <class T>
struct Sums {
  /// x
  double (*values)(std::int64_t n, const T* x);
  /// |x|
  double (*magnitudes)(std::int64_t n, const T* x);
  /// 1 where x != 0
  double (*nonzeros)(std::int64_t n, const T* x);
  /// (x - shift)^2
  double (*squares_minus)(std::int64_t n, const T* x, double shift);
  /// g (x - shift)
  double (*dot_minus)(std::int64_t n, const T* g, const T* x, double shift);
  /// x - shift and (x - shift)^2
  std::array<double, 2> (*moments)(std::int64_t n, const T* x, double shift);
};
/// Those for the running processor, T float or double.
template <class T>
const Sums<T>& sums();
template <>
const Sums<float>& sums();
template <>
const Sums<double>& sums();

template <class T>
double sum(std::int64_t n, const T* x) {
  return sums<T>().values(n, x);
}
template <class T>
double squares_minus(std::int64_t n, const T* x, double shift) {
  return sums<T>().squares_minus(n, x, shift);
}
template <class T>
double dot_minus(std::int64_t n, const T* g, const T* x, double shift) {
  return sums<T>().dot_minus(n, g, x, shift);
}

/// What softmax and its relatives do with a line once its sum is known. out may be an operand.
template <class T>
struct Maps {
  /// out = x factor
  void (*scale)(std::int64_t n, const T* x, T factor, T* out);
  /// out = (x - first) - second
  void (*minus_both)(std::int64_t n, const T* x, T first, T second, T* out);
  /// out = y (g - shift)
  void (*scaled_minus)(std::int64_t n, const T* y, const T* g, T shift, T* out);
  /// out = g - y factor
  void (*minus_scaled)(std::int64_t n, const T* g, const T* y, T factor, T* out);
};
template <class T>
const Maps<T>& maps();
template <>
const Maps<float>& maps();
template <>
const Maps<double>& maps();

}  // namespace gradus::kernel::line
