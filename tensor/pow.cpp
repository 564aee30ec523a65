#include <cmath>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

/// By repeated squaring, modulo 2^64. A negative exponent gives the truncated fraction: 0 unless
/// the base is 1 or -1.
std::int64_t whole_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  std::uint64_t result = 1;
  auto square = static_cast<std::uint64_t>(base);
  for (; exponent > 0; exponent >>= 1, square *= square) {
    if (exponent & 1) result *= square;
  }
  return static_cast<std::int64_t>(result);
}

/// base^exponent by multiplication and roots, for the exponents where that is quicker; undefined
/// for others.
Tensor simple_power(const Tensor& base, double exponent) {
  if (exponent == 2) return unary(Unary::Square, base);
  if (exponent == 1) return clone(base);
  if (exponent == 0.5) return unary(Unary::Sqrt, base);
  if (exponent == -0.5) return unary(Unary::Rsqrt, base);
  if (exponent == -1) return unary(Unary::Reciprocal, base);
  if (exponent == 3) return mul(unary(Unary::Square, base), base);
  if (exponent == -2) return unary(Unary::Reciprocal, unary(Unary::Square, base));
  return {};
}

}  // namespace

Tensor pow(const Tensor& base, const Tensor& exponent) {
  const DType dtype = result_type(base, exponent);
  check(dtype != boolean, "bool tensors have no powers; convert them with to(int64)");
  const Tensor x = to(base, dtype);
  const Tensor y = to(exponent, dtype);
  if (is_floating(dtype) && y.dim() == 0) {
    const Tensor result = simple_power(x, y.item<double>());
    if (result.defined()) return result;
  }
  Tensor out = empty(broadcast(x.shape(), y.shape()), dtype);
  if (dtype == int64) {
    map_elements<std::int64_t, std::int64_t, std::int64_t>(out, whole_power, x, y);
  } else {
    visit_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      map_elements<T, T, T>(
          out, [](T a, T b) { return std::pow(a, b); }, x, y);
    });
  }
  return out;
}

}  // namespace gradus::kernel
