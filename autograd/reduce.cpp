#include <algorithm>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/spread.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// g times the derivative of the variance of x: 2 / (n - correction) (x - mean).
Tensor var_backward(const Tensor& g, const Tensor& x, const Dims& dims, bool keepdim,
                    double correction) {
  double divisor = std::max(count_reduced(x.shape(), dims) - correction, 0.0);
  return keep_dims(g * (2 / divisor), x.shape(), dims, keepdim) * (x - mean(x, dims, true));
}

/// The product of all other elements of the last dimension, as a tree of products: right and
/// differentiable to any order with zeros among them, where dividing by an element is not.
Tensor products_of_others(const Tensor& x) {
  std::int64_t n = x.size(-1);
  if (n <= 1) return ones_like(x);
  if (n % 2 == 1) return narrow(products_of_others(pad(x, {0, 1}, 1)), -1, 0, n);
  Shape pairs = x.shape();
  pairs[pairs.size() - 1] = n / 2;
  pairs.push_back(2);
  Tensor paired = reshape(x, pairs);
  Tensor left = select(paired, -1, 0);
  Tensor right = select(paired, -1, 1);
  Tensor others = products_of_others(left * right);
  return reshape(stack({others * right, others * left}, -1), x.shape());
}

Tensor prod_backward(const Tensor& g, const Tensor& x, const Dims& dims, bool keepdim) {
  if (x.dim() == 0) return g;
  Dims wrapped = wrap_dims(dims, x.dim());
  Dims order;  // the kept dimensions, then the reduced ones
  for (int d = 0; d < x.dim(); ++d) {
    if (!wrapped.contains(d)) order.push_back(d);
  }
  std::int64_t results = 1;
  for (std::int64_t d : order) results *= x.size(d);
  std::int64_t n = 1;
  for (std::int64_t d : wrapped) {
    order.push_back(d);
    n *= x.size(d);
  }
  Dims back = Dims::filled(x.dim(), 0);
  for (int i = 0; i < x.dim(); ++i) back[order[i]] = i;

  Tensor moved = permute(x, order);
  Tensor others = products_of_others(reshape(moved, {results, n}));
  return keep_dims(g, x.shape(), dims, keepdim) * permute(reshape(others, moved.shape()), back);
}

}  // namespace

Tensor sum(const Tensor& x, Where at) {
  return Op("sum", at).record(kernel::sum(x), wrt(x, [shape = x.shape()](const Tensor& g) {
                                return broadcast_to(g, shape);
                              }));
}

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("sum", at).record(kernel::sum(x, dims, keepdim),
                              wrt(x, [shape = x.shape(), dims, keepdim](const Tensor& g) {
                                return spread(g, shape, dims, keepdim);
                              }));
}

Tensor sum_to(const Tensor& x, const Shape& shape, Where at) {
  if (x.shape() == shape) return x;
  return Op("sum_to", at)
      .record(kernel::sum_to(x, shape),
              wrt(x, [full = x.shape()](const Tensor& g) { return broadcast_to(g, full); }));
}

Tensor mean(const Tensor& x, Where at) { return mean(x, {}, false, at); }

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("mean", at)
      .record(kernel::mean(x, dims, keepdim),
              wrt(x, [shape = x.shape(), dims, keepdim](const Tensor& g) {
                return spread(g / count_reduced(shape, dims), shape, dims, keepdim);
              }));
}

Tensor var(const Tensor& x, const Dims& dims, bool keepdim, double correction, Where at) {
  return Op("var", at).record(kernel::var(x, dims, keepdim, correction),
                              wrt(x, [x = saved(x), dims, keepdim, correction](const Tensor& g) {
                                return var_backward(g, x, dims, keepdim, correction);
                              }));
}

Tensor std(const Tensor& x, const Dims& dims, bool keepdim, double correction, Where at) {
  return Op("std", at).record(
      kernel::std(x, dims, keepdim, correction),
      wrt(x, [x = saved(x), dims, keepdim, correction](const Tensor& g, const Tensor& y) {
        // No gradient where all elements are equal. Zeros leave before the division, so that
        // higher orders stay finite too.
        Tensor flat = y == 0;
        Tensor half = masked_fill(g / (2 * masked_fill(y, flat, 1)), flat, 0);
        return var_backward(half, x, dims, keepdim, correction);
      }));
}

Tensor prod(const Tensor& x, Where at) { return prod(x, {}, false, at); }

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("prod", at)
      .record(kernel::prod(x, dims, keepdim),
              wrt(x, [x = saved(x), dims, keepdim](const Tensor& g) {
                return prod_backward(g, x, dims, keepdim);
              }));
}

Tensor all(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("all", at).record(kernel::all(x, dims, keepdim));
}

Tensor any(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("any", at).record(kernel::any(x, dims, keepdim));
}

}  // namespace gradus
