#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {

// p x^(p-1) and x^p log x are 0 times infinity, where x = 0, at p = 0 and at p >= 0. The limit is
// zero; the masks replace the infinite factor, so that no derivative meets a NaN.
Tensor pow(const Tensor& base, const Tensor& exponent, Where at) {
  return Op("pow", at).record(
      kernel::pow(base, exponent),
      wrt(base,
          [x = saved(base), p = saved(exponent)](const Tensor& g) {
            const Tensor masked = logical_and(eq(x, 0), eq(p, 0));
            const Tensor less = sub(p.get(), 1);
            const Tensor powers = pow(x, where(masked, ones_like(less), less));
            return g * mul(p, powers);
          }),
      wrt(exponent, [x = saved(base), p = saved(exponent)](const Tensor& g, const Tensor& y) {
        const Tensor masked = logical_and(eq(x, 0), ge(p, 0));
        const Tensor ones = ones_like(masked, x.get().dtype());
        return g * (y * log(where(masked, ones, x)));
      }));
}

Tensor pow(const Tensor& base, Scalar exponent, Where at) {
  Op op("pow", at);
  check(is_floating(base.dtype()) || is_floating(exponent.dtype()) ||
            exponent.to<std::int64_t>() >= 0,
        "an {} tensor to the power {} is not whole; convert it to a float, or write the exponent "
        "as one",
        base.dtype(), exponent.to<std::int64_t>());
  return op.record(kernel::pow(base, kernel::scalar(exponent, base)),
                   wrt(base, [x = saved(base), p = exponent.to<double>()](const Tensor& g) {
                     return p == 0 ? zeros_like(g) : g * mul(pow(x, p - 1), p);
                   }));
}

}  // namespace gradus
