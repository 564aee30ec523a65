#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/spread.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// g in equal parts to the elements of x that are the extremum y, or NaN where y is.
Tensor share_among_ties(const Tensor& g, const Tensor& y, const Tensor& x, const Dims& dims,
                        bool keepdim) {
  // Where a group holds a NaN no element equals y; where it holds none, isnan() adds nothing.
  Tensor equal_to_y = x == keep_dims(y, x.shape(), dims, keepdim);
  Tensor tied = to(logical_or(equal_to_y, isnan(x)), x.dtype());
  return tied * (keep_dims(g, x.shape(), dims, keepdim) / sum(tied, dims, true));
}

/// g to the elements of x at `indices` along `dim`.
Tensor put_back(const Tensor& g, const Tensor& indices, const Shape& shape, std::int64_t dim,
                bool keepdim) {
  if (shape.empty()) return g;
  return scatter_add(zeros(shape, g.dtype()), dim, keepdim ? indices : unsqueeze(indices, dim),
                     keepdim ? g : unsqueeze(g, dim));
}

auto ties_rule(const Tensor& x, const Dims& dims, bool keepdim) {
  return wrt(x, [x = saved(x), dims, keepdim](const Tensor& g, const Tensor& y) {
    return share_among_ties(g, y, x, dims, keepdim);
  });
}

auto index_rule(const Tensor& x, const Tensor& indices, std::int64_t dim, bool keepdim) {
  auto wrapped = wrap_dim(dim, x.dim());
  return wrt(x, [indices = saved(indices), shape = x.shape(), wrapped, keepdim](const Tensor& g) {
    return put_back(g, indices, shape, wrapped, keepdim);
  });
}

}  // namespace

Tensor max(const Tensor& x, Where at) {
  return Op("max", at).record(kernel::amax(x), ties_rule(x, {}, false));
}

Tensor min(const Tensor& x, Where at) {
  return Op("min", at).record(kernel::amin(x), ties_rule(x, {}, false));
}

ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim, Where at) {
  Op op("max", at);
  auto [values, indices] = kernel::max(x, dim, keepdim);
  return {op.record(values, index_rule(x, indices, dim, keepdim)), indices};
}

ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim, Where at) {
  Op op("min", at);
  auto [values, indices] = kernel::min(x, dim, keepdim);
  return {op.record(values, index_rule(x, indices, dim, keepdim)), indices};
}

Tensor amax(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("amax", at).record(kernel::amax(x, dims, keepdim), ties_rule(x, dims, keepdim));
}

Tensor amin(const Tensor& x, const Dims& dims, bool keepdim, Where at) {
  return Op("amin", at).record(kernel::amin(x, dims, keepdim), ties_rule(x, dims, keepdim));
}

Tensor argmax(const Tensor& x, Where at) { return Op("argmax", at).record(kernel::argmax(x)); }

Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim, Where at) {
  return Op("argmax", at).record(kernel::argmax(x, dim, keepdim));
}

Tensor argmin(const Tensor& x, Where at) { return Op("argmin", at).record(kernel::argmin(x)); }

Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim, Where at) {
  return Op("argmin", at).record(kernel::argmin(x, dim, keepdim));
}

}  // namespace gradus
