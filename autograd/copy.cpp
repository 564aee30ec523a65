#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

// The engine converts a gradient to its input's dtype, so all of these hand it through.

Tensor to(const Tensor& x, DType dtype, Where at) {
  Op op("to", at);
  if (x.dtype() == dtype) return x;
  return op.record(kernel::to(x, dtype), wrt(x, [](const Tensor& g) { return g; }));
}

Tensor clone(const Tensor& x, Where at) {
  return Op("clone", at).record(kernel::clone(x), wrt(x, [](const Tensor& g) { return g; }));
}

Tensor contiguous(const Tensor& x, Where at) {
  Op op("contiguous", at);
  if (x.is_contiguous()) return x;
  return op.record(kernel::clone(x), wrt(x, [](const Tensor& g) { return g; }));
}

}  // namespace gradus
