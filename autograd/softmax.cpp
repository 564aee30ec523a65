#include "gradus/autograd/softmax_grad.h"

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor softmax(const Tensor& x, std::int64_t dim, Where at) {
  return Op("softmax", at)
      .record(kernel::softmax(x, dim), wrt(x, [dim](const Tensor& g, const Tensor& y) {
                return softmax_backward(g, y, dim);
              }));
}

Tensor log_softmax(const Tensor& x, std::int64_t dim, Where at) {
  return Op("log_softmax", at)
      .record(kernel::log_softmax(x, dim), wrt(x, [dim](const Tensor& g, const Tensor& y) {
                return log_softmax_backward(g, y, dim);
              }));
}

// Rules with v for the gradient that arrives.

Tensor softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim, Where at) {
  return Op("softmax_backward", at)
      .record(kernel::softmax_backward(g, y, dim),
              wrt(g, [y = saved(y), dim](const Tensor& v) { return softmax_backward(v, y, dim); }),
              wrt(y, [g = saved(g), y = saved(y), dim](const Tensor& v) {
                return v * (g.get() - sum(g.get() * y, dim, true)) -
                       g.get() * sum(v * y, dim, true);
              }));
}

Tensor log_softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim, Where at) {
  return Op("log_softmax_backward", at)
      .record(
          kernel::log_softmax_backward(g, y, dim),
          wrt(g, [y = saved(y), dim](const Tensor& v) { return v - sum(v * exp(y), dim, true); }),
          wrt(y, [g = saved(g), y = saved(y), dim](const Tensor& v) {
            return -(v * exp(y) * sum(g, dim, true));
          }));
}

}  // namespace gradus
