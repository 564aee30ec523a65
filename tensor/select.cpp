#include "gradus/tensor/creation.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {
namespace {

void check_mask(const Tensor& mask, const Tensor& x) {
  check(mask.dtype() == boolean, "needs a bool mask, got {}; compare, or convert with to(boolean)",
        mask.dtype());
  check(broadcast(mask.shape(), x.shape()) == x.shape(), "a mask of {} does not broadcast to {}",
        mask.shape(), x.shape());
}

void fill_masked(const Tensor& out, const Tensor& x, const Tensor& mask, Scalar value) {
  const Tensor filler = empty({}, x.dtype());
  fill_into(filler, value);
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T v = *filler.data<T>();
    map_elements<T, T, bool>(
        out, [v](T keep, bool masked) { return masked ? v : keep; }, x, mask);
  });
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check(condition.dtype() == boolean,
        "needs a bool condition, got {}; compare, or convert with to(boolean)", condition.dtype());
  const DType dtype = result_type(a, b);
  Tensor out = empty(broadcast(condition.shape(), broadcast(a.shape(), b.shape())), dtype);
  visit(dtype, [&](auto zero) {
    using T = decltype(zero);
    map_elements<T, bool, T, T>(
        out, [](bool c, T x, T y) { return c ? x : y; }, condition, to(a, dtype), to(b, dtype));
  });
  return out;
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  check_mask(mask, x);
  Tensor out = empty(x.shape(), x.dtype());
  fill_masked(out, x, mask, value);
  return out;
}

void masked_fill_in_place(const Tensor& x, const Tensor& mask, Scalar value) {
  check_mask(mask, x);
  fill_masked(x, x, apart(mask, x), value);
}

}  // namespace gradus::kernel
