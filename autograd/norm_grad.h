#pragma once

#include <array>

#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

/// The gradients of the normalisations, as differentiable ops.
namespace gradus {

/// The gradients of x, weight and bias of a batch_norm with the statistics of x itself.
std::array<Tensor, 3> batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor& weight,
                                          const kernel::Moments& stats, double eps,
                                          Where at = Where::here());

/// The same of a layer_norm; mean and rstd are those of x.
std::array<Tensor, 3> layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& weight,
                                          const Tensor& mean, const Tensor& rstd,
                                          const Shape& normalized, double eps,
                                          Where at = Where::here());

/// The rule that both share: the gradients of g, x and weight, given those of dx, dweight and dbias
/// (`outer`, undefined where there is none). Statistics are taken over the dimensions `over`; as
/// `param_shape` the weight broadcasts against x.
std::array<Tensor, 3> normalize_double_backward(std::span<const Tensor> outer, const Tensor& g,
                                                const Tensor& x, const Tensor& weight,
                                                const Dims& over, const Shape& param_shape,
                                                double eps);

}  // namespace gradus
