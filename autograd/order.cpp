#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// Values that were taken from x at `indices` along dim send their gradients back there.
ValuesIndices record_taken(const Op& op, const Tensor& x, std::int64_t dim,
                           const std::array<Tensor, 2>& taken) {
  const auto& [values, indices] = taken;
  return {op.record(values, wrt(x,
                                [shape = x.shape(), dim, where = saved(indices)](const Tensor& g) {
                                  return scatter_add(zeros(shape, g.dtype()), dim, where, g);
                                })),
          indices};
}

}  // namespace

ValuesIndices sort(const Tensor& x, std::int64_t dim, bool descending, Where at) {
  Op op("sort", at);
  return record_taken(op, x, dim, kernel::sort(x, dim, descending));
}

ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim, bool largest, Where at) {
  Op op("topk", at);
  return record_taken(op, x, dim, kernel::topk(x, k, dim, largest));
}

Tensor triu(const Tensor& x, std::int64_t diagonal, Where at) {
  return Op("triu", at).record(kernel::triu(x, diagonal), wrt(x, [diagonal](const Tensor& g) {
                                 return triu(g, diagonal);
                               }));
}

Tensor tril(const Tensor& x, std::int64_t diagonal, Where at) {
  return Op("tril", at).record(kernel::tril(x, diagonal), wrt(x, [diagonal](const Tensor& g) {
                                 return tril(g, diagonal);
                               }));
}

}  // namespace gradus
