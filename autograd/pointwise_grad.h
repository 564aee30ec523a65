#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus {

/// g (1 - y^2), the gradient of y = tanh(x) in one pass. Differentiable to any order.
Tensor tanh_backward(const Tensor& g, const Tensor& y, Where at = Where::here());

/// g y (1 - y), the gradient of y = sigmoid(x) in one pass. Differentiable to any order.
Tensor sigmoid_backward(const Tensor& g, const Tensor& y, Where at = Where::here());

}  // namespace gradus
