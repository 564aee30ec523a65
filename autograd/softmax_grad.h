#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus {

/// y (g - sum g y) along dim: the gradient of y = softmax(x, dim). Differentiable to any order.
Tensor softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim,
                        Where at = Where::here());

/// g - exp(y) sum g along dim: the gradient of y = log_softmax(x, dim). Differentiable to any
/// order.
Tensor log_softmax_backward(const Tensor& g, const Tensor& y, std::int64_t dim,
                            Where at = Where::here());

}  // namespace gradus
