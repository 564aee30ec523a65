#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor eq(const Tensor& a, const Tensor& b, Where at) {
  return Op("eq", at).record(kernel::eq(a, b));
}

Tensor ne(const Tensor& a, const Tensor& b, Where at) {
  return Op("ne", at).record(kernel::ne(a, b));
}

Tensor lt(const Tensor& a, const Tensor& b, Where at) {
  return Op("lt", at).record(kernel::lt(a, b));
}

Tensor le(const Tensor& a, const Tensor& b, Where at) {
  return Op("le", at).record(kernel::le(a, b));
}

Tensor gt(const Tensor& a, const Tensor& b, Where at) {
  return Op("gt", at).record(kernel::gt(a, b));
}

Tensor ge(const Tensor& a, const Tensor& b, Where at) {
  return Op("ge", at).record(kernel::ge(a, b));
}

Tensor eq(const Tensor& a, Scalar b, Where at) {
  return Op("eq", at).record(kernel::eq(a, kernel::scalar(b, a)));
}

Tensor ne(const Tensor& a, Scalar b, Where at) {
  return Op("ne", at).record(kernel::ne(a, kernel::scalar(b, a)));
}

Tensor lt(const Tensor& a, Scalar b, Where at) {
  return Op("lt", at).record(kernel::lt(a, kernel::scalar(b, a)));
}

Tensor le(const Tensor& a, Scalar b, Where at) {
  return Op("le", at).record(kernel::le(a, kernel::scalar(b, a)));
}

Tensor gt(const Tensor& a, Scalar b, Where at) {
  return Op("gt", at).record(kernel::gt(a, kernel::scalar(b, a)));
}

Tensor ge(const Tensor& a, Scalar b, Where at) {
  return Op("ge", at).record(kernel::ge(a, kernel::scalar(b, a)));
}

Tensor logical_and(const Tensor& a, const Tensor& b, Where at) {
  return Op("logical_and", at).record(kernel::logical_and(a, b));
}

Tensor logical_or(const Tensor& a, const Tensor& b, Where at) {
  return Op("logical_or", at).record(kernel::logical_or(a, b));
}

Tensor logical_xor(const Tensor& a, const Tensor& b, Where at) {
  return Op("logical_xor", at).record(kernel::logical_xor(a, b));
}

Tensor logical_not(const Tensor& x, Where at) {
  return Op("logical_not", at).record(kernel::logical_not(x));
}

Tensor isnan(const Tensor& x, Where at) { return Op("isnan", at).record(kernel::isnan(x)); }

Tensor isfinite(const Tensor& x, Where at) {
  return Op("isfinite", at).record(kernel::isfinite(x));
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol) {
  Op op("allclose", {});
  check(rtol >= 0 && atol >= 0, "needs tolerances >= 0, got rtol {} and atol {}", rtol, atol);
  return kernel::allclose(a, b, rtol, atol);
}

bool equal(const Tensor& a, const Tensor& b) {
  Op op("equal", {});
  return kernel::equal(a, b);
}

}  // namespace gradus
