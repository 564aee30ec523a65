#pragma once

#include "gradus/autograd/ops.h"

namespace gradus {

/// (..., n) as a matrix (rows, n).
inline Tensor fold(const Tensor& x) {
  if (x.dim() == 2) return x;
  std::int64_t rows = 1;
  for (int d = 0; d < x.dim() - 1; ++d) rows *= x.shape()[d];
  return reshape(x, {rows, x.shape().back()});
}

}  // namespace gradus
