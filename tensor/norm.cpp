#include <cmath>

#include "gradus/tensor/columns.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/reduce-inl.h"

namespace gradus::kernel {
namespace {

/// (sum |x|^p)^(1/p), added up in double.
template <class T>
struct PowerSum {
  using In = T;
  using Acc = double;
  static constexpr bool ordered = false;

  T* out;
  double p;

  double init(std::int64_t) const { return 0; }
  double fold(double acc, T value, std::int64_t) const {
    const auto v = static_cast<double>(value);
    if (p == 2) return acc + v * v;
    if (p == 1) return acc + std::abs(v);
    if (p == 0) return acc + (v != 0 ? 1 : 0);
    return acc + std::pow(std::abs(v), p);
  }
  double fold_dense(std::int64_t, std::int64_t n, const T* x) const {
    if (p == 2) return line::squares_minus(n, x, 0);
    if (p == 1) return line::sums<T>().magnitudes(n, x);
    if (p == 0) return line::sums<T>().nonzeros(n, x);
    double total = 0;
    for (std::int64_t i = 0; i < n; ++i) total = fold(total, x[i], 0);
    return total;
  }
  void fold_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                    double* acc) const {
    if (p == 2) return columns::loops<T>().squares(rows, n, x, stride, acc);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t j = 0; j < n; ++j) acc[j] = fold(acc[j], x[r * stride + j], 0);
    }
  }
  double merge(double a, double b) const { return a + b; }
  void store(std::int64_t k, double acc) const {
    double root = p == 2 ? std::sqrt(acc) : p == 0 || p == 1 ? acc : std::pow(acc, 1 / p);
    out[k] = static_cast<T>(root);
  }
};

}  // namespace

Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  check(!std::isnan(p), "the order p is NaN");
  if (std::isinf(p)) {
    Tensor size = unary(Unary::Abs, x);
    return p > 0 ? amax(size, dims, keepdim) : amin(size, dims, keepdim);
  }
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), x.dtype());
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    reduce(x, wrapped, PowerSum<T>{out.data<T>(), p});
  });
  return out;
}

}  // namespace gradus::kernel
