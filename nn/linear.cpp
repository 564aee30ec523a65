#include "gradus/nn/linear.h"

#include <array>
#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/nn/init.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::nn {
namespace {

double default_bound(std::int64_t fan_in) {
  return fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
}

void check_dtype(DType dtype) {
  check(is_floating(dtype), "parameters are floating to be trained, got {}", dtype);
}

}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options,
               Where at) {
  ContextScope scope(entering("Linear", at));
  check(in_features >= 0 && out_features >= 0, "sizes must not be negative, got Linear({}, {})",
        in_features, out_features);
  check_dtype(options.dtype);
  weight = empty({out_features, in_features}, options.dtype);
  // sqrt(5) turns He's bound into 1/sqrt(fan_in); PyTorch computes it so, to the last bit.
  init::he_uniform_(weight, {.slope = std::sqrt(5.0), .generator = options.generator});
  parameter("weight", weight);
  if (options.bias) {
    bias = empty({out_features}, options.dtype);
    double bound = default_bound(in_features);
    init::uniform_(bias, -bound, bound, options.generator);
    parameter("bias", bias);
  }
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias, caller()); }

std::string Linear::extra_repr() const {
  return fmt::format("in_features={}, out_features={}, bias={}", weight.size(1), weight.size(0),
                     bias.defined());
}

Bilinear::Bilinear(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
                   BilinearOptions options, Where at) {
  ContextScope scope(entering("Bilinear", at));
  check(in1_features > 0 && in2_features > 0 && out_features > 0,
        "sizes must be positive, got Bilinear({}, {}, {})", in1_features, in2_features,
        out_features);
  check_dtype(options.dtype);
  double bound = default_bound(in1_features);
  weight = empty({out_features, in1_features, in2_features}, options.dtype);
  init::uniform_(weight, -bound, bound, options.generator);
  parameter("weight", weight);
  if (options.bias) {
    bias = empty({out_features}, options.dtype);
    init::uniform_(bias, -bound, bound, options.generator);
    parameter("bias", bias);
  }
}

Tensor Bilinear::forward(const Tensor& x1, const Tensor& x2) {
  Where at = caller();
  std::int64_t out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2);
  {
    ContextScope scope(entering("bilinear", at));
    auto leading = [](const Tensor& x) {
      Shape shape = x.shape();
      if (!shape.empty()) shape.erase(shape.size() - 1);
      return shape;
    };
    check(x1.dim() > 0 && x2.dim() > 0 && x1.size(-1) == in1 && x2.size(-1) == in2 &&
              leading(x1) == leading(x2),
          "inputs {} and {} do not fit weight {}: they must be (..., {}) and (..., {}), equal in "
          "all other sizes",
          x1.shape(), x2.shape(), weight.shape(), in1, in2);
  }
  Shape shape = x1.shape();
  shape[shape.size() - 1] = out;
  shape.push_back(in2);
  Tensor by_first = permute(weight, {1, 0, 2}, at).reshape({in1, out * in2}, at);
  Tensor half = matmul(x1, by_first, at).reshape(shape, at);          // (..., out, in2)
  Tensor y = matmul(half, x2.unsqueeze(-1, at), at).squeeze(-1, at);  // (..., out)
  return bias.defined() ? add(y, bias, at) : y;
}

Tensor Bilinear::operator()(const Tensor& x1, const Tensor& x2, Where at) {
  return call(std::array{x1, x2}, at,
              [this](std::span<const Tensor> x) { return forward(x[0], x[1]); });
}

std::string Bilinear::extra_repr() const {
  return fmt::format("in1_features={}, in2_features={}, out_features={}, bias={}", weight.size(1),
                     weight.size(2), weight.size(0), bias.defined());
}

}  // namespace gradus::nn
