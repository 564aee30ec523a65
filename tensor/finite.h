#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

/// Whether no element is NaN or infinite. True for undefined, integer and bool tensors.
bool all_finite(const Tensor& x);

/// Whether an element is NaN. False for undefined, integer and bool tensors.
bool has_nan(const Tensor& x);

}  // namespace gradus::kernel
