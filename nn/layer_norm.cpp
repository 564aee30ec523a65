#include "gradus/nn/layer_norm.h"

#include <algorithm>

#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::nn {
namespace {

void check_options(const Shape& normalized_shape, double eps) {
  bool positive = std::ranges::all_of(normalized_shape, [](std::int64_t size) { return size > 0; });
  check(!normalized_shape.empty() && positive,
        "normalized_shape holds the sizes of the last dimensions, got {}", normalized_shape);
  check(eps >= 0, "eps must not be negative, got {}", eps);
}

}  // namespace

LayerNorm::LayerNorm(const Shape& normalized_shape, LayerNormOptions options, Where at)
    : normalized_shape_(normalized_shape), options_(options) {
  ContextScope scope(entering("LayerNorm", at));
  check_options(normalized_shape, options.eps);
  if (!options.elementwise_affine) return;
  weight = parameter("weight", ones(normalized_shape, options.dtype));
  if (options.bias) bias = parameter("bias", zeros(normalized_shape, options.dtype));
}

Tensor LayerNorm::forward(const Tensor& x) {
  return layer_norm(x, normalized_shape_, weight, bias, options_.eps, caller());
}

std::string LayerNorm::extra_repr() const {
  return fmt::format("{}, eps={}, elementwise_affine={}", normalized_shape_, options_.eps,
                     options_.elementwise_affine);
}

RMSNorm::RMSNorm(const Shape& normalized_shape, RMSNormOptions options, Where at)
    : normalized_shape_(normalized_shape), options_(options) {
  ContextScope scope(entering("RMSNorm", at));
  check_options(normalized_shape, options.eps);
  if (options.elementwise_affine) {
    weight = parameter("weight", ones(normalized_shape, options.dtype));
  }
}

Tensor RMSNorm::forward(const Tensor& x) {
  return rms_norm(x, normalized_shape_, weight, options_.eps, caller());
}

std::string RMSNorm::extra_repr() const {
  return fmt::format("{}, eps={}, elementwise_affine={}", normalized_shape_, options_.eps,
                     options_.elementwise_affine);
}

}  // namespace gradus::nn
