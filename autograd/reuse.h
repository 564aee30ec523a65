#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus {

/// Whether nothing but this handle can see the elements, which are contiguous, so that they may be
/// overwritten or kept.
bool is_sole_owner(const Tensor& x);

/// g * b, for a gradient rule that takes g by value: in g's memory, where nothing is recorded and
/// nobody else sees it.
Tensor times(Tensor g, const Tensor& b);

}  // namespace gradus
