#pragma once

#include "gradus/autograd/ops.h"

namespace gradus {

/// What a reduction of `shape` over `dims` (as the user gave them) left, with the reduced
/// dimensions back as 1, so that it broadcasts against `shape`.
inline Tensor keep_dims(const Tensor& left, const Shape& shape, const Dims& dims, bool keepdim) {
  if (keepdim || left.dim() == shape.size() || left.dim() == 0) return left;
  return reshape(left, reduced(shape, wrap_dims(dims, shape.size()), true));
}

/// The gradient of a sum over `dims`: g repeated to `shape`.
inline Tensor spread(const Tensor& g, const Shape& shape, const Dims& dims, bool keepdim) {
  return broadcast_to(keep_dims(g, shape, dims, keepdim), shape);
}

/// The elements of `shape` that each result of a reduction over `dims` takes in.
inline double count_reduced(const Shape& shape, const Dims& dims) {
  double count = 1;
  for (std::int64_t d : wrap_dims(dims, shape.size())) {
    if (d < shape.size()) count *= static_cast<double>(shape[d]);
  }
  return count;
}

}  // namespace gradus
