#include <cmath>

#include "gradus/autograd/norm_grad.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// All dimensions but the channels.
Dims all_but_channels(int rank) {
  Dims dims(0);
  for (int d = 2; d < rank; ++d) dims.push_back(d);
  return dims;
}

Shape channel_shape(const Shape& shape) {
  Shape result = Shape::filled(shape.size(), 1);
  result[1] = shape[1];
  return result;
}

void check_parameter(const char* name, const Tensor& p, const Tensor& x) {
  if (!p.defined()) return;
  check(p.shape() == Shape(x.size(1)), "{} has shape {} where x {} has {} channels", name,
        p.shape(), x.shape(), x.size(1));
  check(p.dtype() == x.dtype(), "{} is {} where x is {}; convert one of them with to()", name,
        p.dtype(), x.dtype());
}

/// With the running statistics, which are constants.
Tensor evaluate(const Op& op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Tensor& running_mean, const Tensor& running_var, double eps) {
  check(running_mean.defined() && running_var.defined(),
        "evaluation needs running_mean and running_var; without them set training");
  kernel::Moments stats{kernel::to(running_mean, float64), kernel::to(running_var, float64)};
  return op.record(kernel::batch_norm(x, stats, weight, bias, eps),
                   joint({x, weight, bias},
                         [x = saved(x), weight = saved(weight), mean = saved(running_mean),
                          var = saved(running_var), eps](const Tensor& g, const Needs& needs) {
                           const Tensor& input = x;
                           Shape wide = channel_shape(input.shape());
                           Dims over = all_but_channels(input.dim());
                           Tensor rstd = reshape(rsqrt(var.get() + eps), wide);
                           std::array<Tensor, 3> gradients;
                           if (needs[0]) {
                             const Tensor& w = weight;
                             gradients[0] = g * (w.defined() ? rstd * reshape(w, wide) : rstd);
                           }
                           if (needs[1])
                             gradients[1] = sum(g * ((input - reshape(mean, wide)) * rstd), over);
                           if (needs[2]) gradients[2] = sum(g, over);
                           return gradients;
                         }));
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormOptions& options, Where at) {
  Op op("batch_norm", at);
  check(x.dim() >= 2, "x must be (N, C, ...), got shape {}", x.shape());
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  check(options.eps >= 0, "eps must not be negative, got {}", options.eps);
  check_parameter("weight", weight, x);
  check_parameter("bias", bias, x);
  check_parameter("running_mean", running_mean, x);
  check_parameter("running_var", running_var, x);
  check(running_mean.defined() == running_var.defined(),
        "has one of running_mean and running_var; give both or neither");
  check(std::isfinite(options.momentum), "momentum must be finite, got {}", options.momentum);
  double eps = options.eps;
  if (!options.training) {
    return evaluate(op, x, weight, bias, running_mean, running_var, eps);
  }

  Dims over = all_but_channels(x.dim());
  auto count = static_cast<double>(kernel::reduced_count(x, over));
  check(
      count != 1,
      "training needs more than one value per channel, got shape {}; use a larger batch, or eval()",
      x.shape());
  kernel::Moments stats = kernel::moments(x, over);
  if (count > 1) {
    if (running_mean.defined()) {
      kernel::update_running(running_mean, stats.mean, options.momentum, 1);
      kernel::update_running(running_var, stats.var, options.momentum, count / (count - 1));
    }
  }
  return op.record(kernel::batch_norm(x, stats, weight, bias, eps),
                   joint({x, weight, bias}, [x = saved(x), weight = saved(weight), stats, eps](
                                                const Tensor& g, const Needs&) {
                     return batch_norm_backward(g, x, weight, stats, eps);
                   }));
}

std::array<Tensor, 3> batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor& weight,
                                          const kernel::Moments& stats, double eps, Where at) {
  return Op("batch_norm_backward", at)
      .record_all(kernel::batch_norm_backward(g, x, stats, weight, eps),
                  joint({g, x, weight}, [g = saved(g), x = saved(x), weight = saved(weight), eps](
                                            std::span<const Tensor> outer, const Needs&) {
                    const Shape& shape = x.get().shape();
                    return normalize_double_backward(outer, g, x, weight,
                                                     all_but_channels(shape.size()),
                                                     channel_shape(shape), eps);
                  }));
}

}  // namespace gradus
