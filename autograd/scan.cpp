#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {

Tensor cumsum(const Tensor& x, std::int64_t dim, Where at) {
  return Op("cumsum", at).record(kernel::cumsum(x, dim), wrt(x, [dim](const Tensor& g) {
                                   return g.dim() == 0 ? g : flip(cumsum(flip(g, dim), dim), dim);
                                 }));
}

}  // namespace gradus
