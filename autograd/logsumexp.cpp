#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/spread.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("logsumexp", at)
      .record(kernel::logsumexp(x, dims, keepdim),
              wrt(x, [x = saved(x), dims, keepdim](const Tensor& g, const Tensor& y) {
                const Tensor& input = x;
                return keep_dims(g, input.shape(), dims, keepdim) *
                       exp(input - keep_dims(y, input.shape(), dims, keepdim));
              }));
}

}  // namespace gradus
