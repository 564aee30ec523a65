#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/spread.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// g / y^power, and 0 where y is 0: norm'(0) = 0. Zeros leave before the division, so that higher
/// orders stay finite too.
Tensor over_norm(const Tensor& g, const Tensor& y, double power) {
  Tensor zero = y == 0;
  Tensor safe = masked_fill(y, zero, 1);
  return masked_fill(g / (power == 1 ? safe : pow(safe, power)), zero, 0);
}

/// g and y broadcast against x.
Tensor norm_backward(const Tensor& g, const Tensor& y, const Tensor& x, double p,
                     const Dims& dims) {
  if (p == 0) return zeros_like(x);
  if (p == 1) return g * sign(x);
  if (p == 2) return x * over_norm(g, y, 1);
  if (std::isinf(p)) {  // shared by the elements of extreme size
    Tensor tied = to(logical_or(abs(x) == y, isnan(x)), x.dtype());
    return sign(x) * tied * (g / sum(tied, dims, true));
  }
  // d y / d x = sign(x) |x|^(p - 1) / y^(p - 1)
  Tensor size = abs(x);
  Tensor safe = masked_fill(size, size == 0, 1);
  return sign(x) * pow(safe, p - 1) * over_norm(g, y, p - 1);
}

}  // namespace

Tensor norm(const Tensor& x, double p, const Dims& dims, bool keepdim, Where at) {
  return Op("norm", at)
      .record(kernel::norm(x, p, dims, keepdim),
              wrt(x, [x = saved(x), p, dims, keepdim](const Tensor& g, const Tensor& y) {
                const Tensor& input = x;
                return norm_backward(keep_dims(g, input.shape(), dims, keepdim),
                                     keep_dims(y, input.shape(), dims, keepdim), input, p, dims);
              }));
}

}  // namespace gradus
