#include "gradus/autograd/cross_entropy_grad.h"

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/autograd/softmax_grad.h"
#include "gradus/tensor/creation.h"

namespace gradus {
namespace {

/// -sum_c weight_c p_c log_softmax(logits)_c, where p are the smoothed probabilities.
Tensor with_probabilities(const Tensor& logits, const Tensor& target,
                          const CrossEntropyOptions& options, Where at) {
  double smoothing = options.label_smoothing;
  Tensor p = target;
  if (smoothing > 0) {
    p = add(mul(p, 1 - smoothing, at), smoothing / static_cast<double>(logits.size(1)), at);
  }
  if (options.weight.defined()) p = mul(p, options.weight, at);
  Tensor loss = neg(sum(mul(p, log_softmax(logits, 1, at), at), 1, false, at), at);
  switch (options.reduction) {
    case Reduction::None:
      return loss;
    case Reduction::Sum:
      return sum(loss, at);
    case Reduction::Mean:
      break;
  }
  return mean(loss, at);
}

Tensor with_classes(const Op& op, const Tensor& logits, const Tensor& target,
                    const CrossEntropyOptions& options) {
  kernel::ClassTarget classes{target, options.weight, options.label_smoothing,
                              options.ignore_index};
  auto [loss, log_z, weight_sum] = kernel::cross_entropy(logits, classes);
  double divisor = options.reduction == Reduction::Mean ? weight_sum : 1;
  bool each = options.reduction == Reduction::None;
  return op.record(each ? loss : kernel::div(kernel::sum(loss), full({}, divisor, loss.dtype())),
                   wrt(logits, [logits = saved(logits), normalizer = log_z, target = saved(target),
                                weight = saved(options.weight), smoothing = options.label_smoothing,
                                ignore = options.ignore_index, divisor, each](const Tensor& g) {
                     Tensor of_rows = each ? g : broadcast_to(g / divisor, normalizer.shape());
                     return gradus::cross_entropy_backward(of_rows, logits, normalizer,
                                                           {target, weight, smoothing, ignore});
                   }));
}

void check_arguments(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options,
                     bool probabilities) {
  check(logits.dim() == 1 || logits.dim() == 2, "logits must be (N, C) or (C), got shape {}",
        logits.shape());
  check(logits.is_floating(), "logits must be floating-point numbers, got {}", logits.dtype());
  std::int64_t classes = logits.size(-1);
  check(classes > 0, "logits of shape {} have no classes", logits.shape());
  if (probabilities) {
    check(target.dtype() == logits.dtype(), "probabilities are {} where logits are {}",
          target.dtype(), logits.dtype());
    check(options.ignore_index < 0,
          "ignore_index needs targets that are classes, not probabilities");
  } else {
    Shape wanted = logits.dim() == 2 ? Shape(logits.size(0)) : Shape();
    check(target.dtype() == int64 && target.shape() == wanted,
          "target must be int64 classes of shape {} or probabilities of shape {}, got {} {}",
          wanted, logits.shape(), target.dtype(), target.shape());
  }
  const Tensor& weight = options.weight;
  if (weight.defined()) {
    check(weight.shape() == Shape(classes) && weight.dtype() == logits.dtype(),
          "weight must be {} of shape ({},), got {} {}", logits.dtype(), classes, weight.dtype(),
          weight.shape());
  }
  double smoothing = options.label_smoothing;
  check(smoothing >= 0 && smoothing <= 1, "label_smoothing must be in [0, 1], got {}", smoothing);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options,
                     Where at) {
  Op op("cross_entropy", at);
  bool probabilities = target.is_floating() && target.shape() == logits.shape();
  check_arguments(logits, target, options, probabilities);
  if (logits.dim() == 1) {  // a batch of one
    Tensor one = unsqueeze(logits, 0, at);
    Tensor loss = probabilities ? with_probabilities(one, unsqueeze(target, 0, at), options, at)
                                : with_classes(op, one, reshape(target, 1, at), options);
    return loss.dim() == 0 ? loss : reshape(loss, {}, at);
  }
  return probabilities ? with_probabilities(logits, target, options, at)
                       : with_classes(op, logits, target, options);
}

Tensor cross_entropy_backward(const Tensor& g, const Tensor& logits, const Tensor& log_z,
                              const kernel::ClassTarget& classes, Where at) {
  return Op("cross_entropy_backward", at)
      .record(kernel::cross_entropy_backward(g, logits, log_z, classes),
              wrt(g,
                  [logits = saved(logits), log_z, classes](const Tensor& v) {
                    Tensor one = ones(log_z.shape(), v.dtype());
                    return sum(v * gradus::cross_entropy_backward(one, logits, log_z, classes), 1);
                  }),
              wrt(logits, [g = saved(g), logits = saved(logits), classes](const Tensor& v) {
                Tensor total = kernel::class_totals(classes, v.size(1), v.dtype());
                return softmax_backward(v * unsqueeze(total * g, 1), softmax(logits, 1), 1);
              }));
}

}  // namespace gradus
