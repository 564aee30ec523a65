#include "gradus/autograd/norm_grad.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// The last dimensions, as many as `normalized` has.
Dims last_dims(const Shape& normalized) {
  Dims dims;
  for (int d = normalized.size(); d > 0; --d) dims.push_back(-d);
  return dims;
}

void check_parameter(const char* name, const Tensor& p, const Tensor& x, const Shape& normalized) {
  if (!p.defined()) return;
  check(p.shape() == normalized, "{} has shape {} where {} are normalised", name, p.shape(),
        normalized);
  check(p.dtype() == x.dtype(), "{} is {} where x is {}; convert one of them with to()", name,
        p.dtype(), x.dtype());
}

void check_arguments(const Tensor& x, const Shape& normalized, const Tensor& weight,
                     const Tensor& bias, double eps) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  check(!normalized.empty(), "needs at least one size to normalise over");
  bool matches = normalized.size() <= x.dim();
  for (int d = 1; matches && d <= normalized.size(); ++d) {
    matches = x.size(-d) == normalized[normalized.size() - d];
  }
  check(matches, "the last dimensions of x {} are not {}", x.shape(), normalized);
  check(eps >= 0, "eps must not be negative, got {}", eps);
  check_parameter("weight", weight, x, normalized);
  check_parameter("bias", bias, x, normalized);
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& weight,
                  const Tensor& bias, double eps, Where at) {
  Op op("layer_norm", at);
  check_arguments(x, normalized, weight, bias, eps);
  kernel::LayerNorm result = kernel::layer_norm(x, normalized.product(), weight, bias, eps);
  return op.record(
      result.y, joint({x, weight, bias},
                      [x = saved(x), weight = saved(weight), mean = result.mean, rstd = result.rstd,
                       normalized, eps](const Tensor& g, const Needs&) {
                        return layer_norm_backward(g, x, weight, mean, rstd, normalized, eps);
                      }));
}

std::array<Tensor, 3> layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& weight,
                                          const Tensor& mean, const Tensor& rstd,
                                          const Shape& normalized, double eps, Where at) {
  return Op("layer_norm_backward", at)
      .record_all(
          kernel::layer_norm_backward(g, x, mean, rstd, normalized, weight),
          joint({g, x, weight}, [g = saved(g), x = saved(x), weight = saved(weight), normalized,
                                 eps](std::span<const Tensor> outer, const Needs&) {
            return normalize_double_backward(outer, g, x, weight, last_dims(normalized), normalized,
                                             eps);
          }));
}

Tensor rms_norm(const Tensor& x, const Shape& normalized, const Tensor& weight, double eps,
                Where at) {
  {
    Op op("rms_norm", at);
    check_arguments(x, normalized, weight, {}, eps);
  }
  Tensor mean_square = mean(square(x, at), last_dims(normalized), true, at);
  Tensor y = mul(x, rsqrt(add(mean_square, eps, at), at), at);
  return weight.defined() ? mul(y, weight, at) : y;
}

}  // namespace gradus
