#include <atomic>
#include <cmath>
#include <functional>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// compare(a, b) of the promoted operands, as bool.
template <class Compare>
Tensor compare(const Tensor& a, const Tensor& b, const Compare& f) {
  Tensor out = empty(broadcast(a.shape(), b.shape()), boolean);
  const DType dtype = result_type(a, b);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    map_elements<bool, T, T>(out, f, to(a, dtype), to(b, dtype));
  });
  return out;
}

/// f of the operands' truth values.
template <class F>
Tensor logical(const Tensor& a, const Tensor& b, const F& f) {
  Tensor out = empty(broadcast(a.shape(), b.shape()), boolean);
  map_elements<bool, bool, bool>(out, f, to(a, boolean), to(b, boolean));
  return out;
}

/// f of each element as its own type, as bool.
template <class F>
Tensor test(const Tensor& x, const F& f) {
  Tensor out = empty(x.shape(), boolean);
  visit(x.dtype(), [&](auto zero) { map_elements<bool, decltype(zero)>(out, f, x); });
  return out;
}

/// Whether f(a_i, b_i) for all i of two tensors of one shape and dtype T.
template <class T, class F>
bool all_pairs(const Tensor& a, const Tensor& b, const F& f) {
  const Nest nest = Nest::any_order(a.shape(), {a.layout(), b.layout()});
  const T* x = a.data<T>() - a.layout().offset;
  const T* y = b.data<T>() - b.layout().offset;
  std::atomic<bool> result{true};
  nest.parallel_walk(
      map_grain, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
        for (std::int64_t i = 0; i < n && result.load(std::memory_order_relaxed); ++i) {
          if (!f(x[at[0] + i * by[0]], y[at[1] + i * by[1]])) result = false;
        }
      });
  return result;
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return compare(a, b, std::equal_to<>()); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare(a, b, std::not_equal_to<>()); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare(a, b, std::less<>()); }
Tensor le(const Tensor& a, const Tensor& b) { return compare(a, b, std::less_equal<>()); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare(a, b, std::greater<>()); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare(a, b, std::greater_equal<>()); }

Tensor logical_and(const Tensor& a, const Tensor& b) { return logical(a, b, std::logical_and<>()); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return logical(a, b, std::logical_or<>()); }
Tensor logical_xor(const Tensor& a, const Tensor& b) {
  return logical(a, b, std::not_equal_to<>());
}
Tensor logical_not(const Tensor& x) {
  return test(x, [](auto value) { return value == decltype(value){}; });
}

Tensor isnan(const Tensor& x) {
  return test(x, [](auto value) { return value != value; });
}

Tensor isfinite(const Tensor& x) {
  return test(x, [](auto value) { return std::isfinite(static_cast<double>(value)); });
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  if (a.shape() != b.shape()) return false;
  return all_pairs<double>(to(a, float64), to(b, float64), [rtol, atol](double x, double y) {
    return x == y || (std::isfinite(y) && std::abs(x - y) <= atol + rtol * std::abs(y));
  });
}

bool equal(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return visit(a.dtype(),
               [&](auto zero) { return all_pairs<decltype(zero)>(a, b, std::equal_to<>()); });
}

}  // namespace gradus::kernel
