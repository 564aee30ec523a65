#pragma once

#include "gradus/tensor/activation.h"
#include "gradus/tensor/tensor.h"

namespace gradus {

/// g * f'(x), the gradient of the fused activations. Differentiable to any order. g and x are of
/// one shape and dtype.
Tensor activation_backward(const Activation& f, const Tensor& g, const Tensor& x,
                           Where at = Where::here());

}  // namespace gradus
