#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// x with zeros behind it in every dimension up to `shape`.
Tensor pad_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  std::vector<std::int64_t> padding;
  for (int d = x.dim() - 1; d >= 0; --d) {
    padding.push_back(0);
    padding.push_back(shape[d] - x.shape()[d]);
  }
  return pad(x, padding);
}

Tensor gathered(const Op& op, const Tensor& x, std::int64_t dim, const Tensor& index) {
  return op.record(kernel::gather(x, dim, index),
                   wrt(x, [shape = x.shape(), dim, index = saved(index)](const Tensor& g) {
                     return scatter_add(zeros(shape, g.dtype()), dim, index, g);
                   }));
}

/// Shape that x and index broadcast to, with `size` in dimension d.
Shape along(const Shape& x, const Shape& index, int d, std::int64_t size) {
  Shape a = x;
  Shape b = index;
  a[d] = size;
  b[d] = size;
  return broadcast(a, b);
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index, Where at) {
  return gathered(Op("gather", at), x, dim, index);
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                   Where at) {
  return Op("scatter_add", at)
      .record(kernel::scatter_add(x, dim, index, source), wrt(x, [](const Tensor& g) { return g; }),
              wrt(source, [shape = source.shape(), dim, index = saved(index)](const Tensor& g) {
                return pad_to(gather(g, dim, index), shape);
              }));
}

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index, Where at) {
  return Op("index_select", at)
      .record(kernel::index_select(x, dim, index),
              wrt(x, [shape = x.shape(), dim, index = saved(index)](const Tensor& g) {
                return index_add(zeros(shape, g.dtype()), dim, index, g);
              }));
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                 Where at) {
  return Op("index_add", at)
      .record(kernel::index_add(x, dim, index, source), wrt(x, [](const Tensor& g) { return g; }),
              wrt(source, [dim, index = saved(index)](const Tensor& g) {
                return index_select(g, dim, index);
              }));
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::int64_t dim, Where at) {
  Op op("take_along_dim", at);
  check(x.dim() == index.dim(), "index {} and the input {} differ in rank", index.shape(),
        x.shape());
  if (x.dim() == 0) return gathered(op, x, dim, index);
  int d = wrap_dim(dim, x.dim());
  Shape of_x = along(x.shape(), index.shape(), d, x.shape()[d]);
  Shape of_index = along(x.shape(), index.shape(), d, index.shape()[d]);
  return gathered(op, broadcast_to(x, of_x, at), d, broadcast_to(index, of_index, at));
}

Tensor embedding(const Tensor& weight, const Tensor& index, Where at) {
  return Op("embedding", at)
      .record(kernel::embedding(weight, index),
              wrt(weight, [shape = weight.shape(), index = saved(index)](const Tensor& g) {
                Tensor rows = reshape(index, index.get().numel());
                return index_add(zeros(shape, g.dtype()), 0, rows,
                                 reshape(g, {rows.numel(), shape[1]}));
              }));
}

Tensor one_hot(const Tensor& index, std::int64_t classes, Where at) {
  return Op("one_hot", at).record(kernel::one_hot(index, classes));
}

}  // namespace gradus
