#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b, Where at) {
  return Op("where", at)
      .record(kernel::where(condition, a, b),
              wrt(a, [c = saved(condition)](
                         const Tensor& g) { return masked_fill(g, logical_not(c), 0); }),
              wrt(b, [c = saved(condition)](const Tensor& g) { return masked_fill(g, c, 0); }));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Where at) {
  return Op("masked_fill", at)
      .given(value)
      .record(kernel::masked_fill(x, mask, value),
              wrt(x, [mask = saved(mask)](const Tensor& g) { return masked_fill(g, mask, 0); }));
}

}  // namespace gradus
