#pragma once

#include "gradus/tensor/ops.h"

namespace gradus {

/// The gradient of the losses of each row; log_z is logsumexp(logits, 1). Differentiable to any
/// order in g and logits.
Tensor cross_entropy_backward(const Tensor& g, const Tensor& logits, const Tensor& log_z,
                              const kernel::ClassTarget& classes, Where at = Where::here());

}  // namespace gradus
