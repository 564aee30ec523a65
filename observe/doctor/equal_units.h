#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus::observe {

/// How many units of a layer are the same, as the size of the largest group; 1 if all differ.
/// weight: (units, inputs); bias: (units), or undefined. A unit of zeros is in no group. Numbers
/// count as equal within 1e-6, relatively.
std::int64_t equal_units(const Tensor& weight, const Tensor& bias);

}  // namespace gradus::observe
