#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

/// Whether no element is NaN or infinite. True for undefined, integer and bool tensors.
bool all_finite(const Tensor& x);

}  // namespace gradus::kernel
