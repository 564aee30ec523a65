#pragma once

#include "gradus/tensor/ops.h"

/// Operations of two float operands of one dtype, by vector loops for the running processor.
namespace gradus::kernel {

/// out = op(a, b). Operands broadcast to out, which may be one of them.
void float_binary(const Tensor& out, Binary op, const Tensor& a, const Tensor& b);
/// The same where all three are contiguous and of one shape.
void float_binary_alike(const Tensor& out, Binary op, const Tensor& a, const Tensor& b);

/// out = a + alpha b, likewise.
void float_add_scaled(const Tensor& out, const Tensor& a, const Tensor& b, double alpha);

}  // namespace gradus::kernel
