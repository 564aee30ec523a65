#include "gradus/nn/losses.h"

#include <limits>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/record.h"

namespace gradus {
namespace {

Tensor reduce(const Tensor& loss, Reduction reduction, Where at) {
  switch (reduction) {
    case Reduction::None:
      return loss;
    case Reduction::Mean:
      return mean(loss, at);
    case Reduction::Sum:
      break;
  }
  return sum(loss, at);
}

void require_floating(const Tensor& input) {
  check(input.is_floating(),
        "input must be float32 or float64, not {}; convert it with to(float32)", input.dtype());
}

void require_same_shape(const Tensor& input, const Tensor& target) {
  require_floating(input);
  check(input.shape() == target.shape(),
        "input is {} but target is {}: a loss needs equal shapes, for broadcasting would compare "
        "every input with every target; reshape, squeeze or unsqueeze one of them",
        input.shape(), target.shape());
}

/// Throws unless all elements of x lie in [low, high]; NaN does not.
void require_range(const char* what, const Tensor& x, double low, double high, const char* hint) {
  if (x.numel() == 0) return;
  const Tensor values = x.detach();
  const double least = amin(values).item<double>();
  const double greatest = amax(values).item<double>();
  check(least >= low && greatest <= high, "{} holds values in [{}, {}], outside [{}, {}]; {}", what,
        least, greatest, low, high, hint);
}

/// `loss` times a factor that may broadcast to it, but not it to the factor.
Tensor weighted(const Tensor& loss, const char* what, const Tensor& factor, Where at) {
  if (!factor.defined()) return loss;
  check(broadcast(loss.shape(), factor.shape()) == loss.shape(),
        "{} of shape {} does not broadcast to the input's {}", what, factor.shape(), loss.shape());
  return mul(loss, factor, at);
}

/// The classic mistake: labels of 0 and 1.
void require_signs(const Tensor& target) {
  check(all(eq(abs(target.detach()), 1)).item<bool>(),
        "target must hold 1 and -1 only; for labels 0 and 1 pass 2 * target - 1");
}

/// Of a distance a >= 0: a^2 / (2 beta) up to beta, a - beta / 2 from there.
Tensor rounded_at(const Tensor& a, double beta, Where at) {
  const Tensor near = clamp(a, ::std::nullopt, beta, at);
  return add(sub(a, near, at), mul(square(near, at), 0.5 / beta, at), at);
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, const LossOptions& options, Where at) {
  const Op op("mse_loss", at);
  require_same_shape(input, target);
  return reduce(square(sub(input, target, at), at), options.reduction, at);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, const LossOptions& options, Where at) {
  const Op op("l1_loss", at);
  require_same_shape(input, target);
  return reduce(abs(sub(input, target, at), at), options.reduction, at);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1Options& options,
                      Where at) {
  const Op op("smooth_l1_loss", at);
  check(options.beta >= 0, "beta must not be negative, but is {}", options.beta);
  require_same_shape(input, target);
  const Tensor distance = abs(sub(input, target, at), at);
  return reduce(options.beta == 0 ? distance : rounded_at(distance, options.beta, at),
                options.reduction, at);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberOptions& options,
                  Where at) {
  const Op op("huber_loss", at);
  check(options.delta > 0, "delta must be positive, but is {}", options.delta);
  require_same_shape(input, target);
  const Tensor distance = abs(sub(input, target, at), at);
  return reduce(mul(rounded_at(distance, options.delta, at), options.delta, at), options.reduction,
                at);
}

Tensor nll_loss(const Tensor& input, const Tensor& target, const NLLOptions& options, Where at) {
  const Op op("nll_loss", at);
  require_floating(input);
  check(input.dim() >= 1, "input must be (N, C, ...) or (C), but is a scalar");
  const int class_dim = input.dim() == 1 ? 0 : 1;
  const std::int64_t classes = input.size(class_dim);
  Shape expected = input.shape();
  expected.erase(class_dim);
  check(target.dtype() == int64, "target must hold int64 class numbers, not {}", target.dtype());
  check(target.shape() == expected, "target must be {} for an input of shape {}, but is {}",
        expected, input.shape(), target.shape());
  check(!options.weight.defined() || options.weight.shape() == Shape{classes},
        "weight must be ({},), one factor a class, but is {}", classes,
        options.weight.defined() ? options.weight.shape() : Shape());

  const Tensor ignored = eq(target, options.ignore_index, at);
  const Tensor index = masked_fill(target, ignored, 0, at);
  if (index.numel() > 0) {
    const auto least = amin(index).item<std::int64_t>();
    const auto greatest = amax(index).item<std::int64_t>();
    check<IndexError>(least >= 0 && greatest < classes,
                      "target {} is not a class in [0, {}) (ignore_index is {})",
                      least < 0 ? least : greatest, classes, options.ignore_index);
  }

  const Tensor picked =
      squeeze(gather(input, class_dim, unsqueeze(index, class_dim, at), at), class_dim, at);
  // Filled, not multiplied by zero: what is ignored may be infinite.
  Tensor loss = masked_fill(neg(picked, at), ignored, 0, at);
  Tensor factor = to(logical_not(ignored, at), input.dtype(), at);
  if (options.weight.defined()) {
    const Tensor weights = index_select(options.weight, 0, flatten(index, 0, -1, at), at);
    factor = mul(factor, reshape(weights, index.shape(), at), at);
    loss = mul(loss, factor, at);
  }
  if (options.reduction != Reduction::Mean) return reduce(loss, options.reduction, at);
  return div(sum(loss, at), sum(factor, at), at);
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const BCEOptions& options,
                            Where at) {
  const Op op("binary_cross_entropy", at);
  require_same_shape(input, target);
  require_range("input", input, 0, 1,
                "it must hold probabilities; for logits use binary_cross_entropy_with_logits");
  require_range("target", target, 0, 1, "it must hold probabilities");

  // Not composed: the derivative of a clamped logarithm at 0 would be 0 * inf.
  const auto clamped_log = [](const Tensor& p) { return clamp(log(p), -100, ::std::nullopt); };
  const Tensor value = [&] {
    const NoGrad no_grad;
    return neg(target * clamped_log(input) + (1 - target) * clamped_log(1 - input));
  }();
  const Tensor loss = op.record(value,
                                wrt(input,
                                    [p = saved(input), t = saved(target)](const Tensor& g) {
                                      return g * (p.get() - t) /
                                             clamp((1 - p.get()) * p.get(), 1e-12, ::std::nullopt);
                                    }),
                                wrt(target, [p = saved(input), clamped_log](const Tensor& g) {
                                  return g * (clamped_log(1 - p.get()) - clamped_log(p));
                                }));
  return reduce(weighted(loss, "weight", options.weight, at), options.reduction, at);
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BCEWithLogitsOptions& options, Where at) {
  const Op op("binary_cross_entropy_with_logits", at);
  require_same_shape(input, target);
  require_range("target", target, 0, 1, "it must hold probabilities");
  // log sigmoid(-x) is log(1 - sigmoid(x)) without its cancellation.
  const Tensor positive =
      weighted(mul(target, logsigmoid(input, at), at), "pos_weight", options.pos_weight, at);
  const Tensor negative = mul(sub(1, target, at), logsigmoid(neg(input, at), at), at);
  const Tensor loss = neg(add(positive, negative, at), at);
  return reduce(weighted(loss, "weight", options.weight, at), options.reduction, at);
}

Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivOptions& options, Where at) {
  const Op op("kl_div", at);
  require_same_shape(input, target);
  if (options.log_target) {
    return reduce(mul(exp(target, at), sub(target, input, at), at), options.reduction, at);
  }
  require_range("target", target, 0, ::std::numeric_limits<double>::infinity(),
                "it must hold probabilities; for their logarithms set log_target");
  // t log t is 0 at 0: the logarithm is taken of 1 there.
  const Tensor log_target = log(masked_fill(target, eq(target, 0, at), 1, at), at);
  return reduce(mul(target, sub(log_target, input, at), at), options.reduction, at);
}

Tensor hinge_loss(const Tensor& input, const Tensor& target, const HingeOptions& options,
                  Where at) {
  const Op op("hinge_loss", at);
  require_same_shape(input, target);
  require_signs(target);
  return reduce(relu(sub(options.margin, mul(target, input, at), at), at), options.reduction, at);
}

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, const HingeOptions& options,
                            Where at) {
  const Op op("hinge_embedding_loss", at);
  require_same_shape(input, target);
  require_signs(target);
  const Tensor apart = relu(sub(options.margin, input, at), at);
  return reduce(where(eq(target, 1, at), input, apart, at), options.reduction, at);
}

}  // namespace gradus

namespace gradus::nn {

Tensor Loss::operator()(const Tensor& input, const Tensor& target, Where at) {
  const Tensor inputs[] = {input, target};
  return call(inputs, at, [this](std::span<const Tensor> in) { return forward(in[0], in[1]); });
}

}  // namespace gradus::nn
