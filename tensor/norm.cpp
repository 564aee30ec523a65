#include <cmath>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/reduce-inl.h"

namespace gradus::kernel {
namespace {

/// (sum term(x))^(1/p), added up in double.
template <class T, class Term>
struct PowerSum {
  using In = T;
  using Acc = double;
  static constexpr bool ordered = false;

  T* out;
  double p;
  Term term;

  double init(std::int64_t) const { return 0; }
  double fold(double acc, T value, std::int64_t) const {
    return acc + term(static_cast<double>(value));
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
    auto run = [&](auto term) {
      reduce(x, wrapped, PowerSum<T, decltype(term)>{out.data<T>(), p, term});
    };
    if (p == 2) {
      run([](double v) { return v * v; });
    } else if (p == 1) {
      run([](double v) { return std::abs(v); });
    } else if (p == 0) {
      run([](double v) { return v != 0 ? 1.0 : 0.0; });
    } else {
      run([p](double v) { return std::pow(std::abs(v), p); });
    }
  });
  return out;
}

}  // namespace gradus::kernel
