#include <cmath>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/random.h"

namespace gradus {
namespace {

void check_arguments(const Tensor& x, double p) {
  check(p >= 0 && p <= 1, "needs a probability in [0, 1], got {}", p);
  check(x.is_floating(), "needs a floating tensor, got {} {}", x.dtype(), x.shape());
}

/// `value` where bernoulli(1 - p) keeps an element, else 0. Draws nothing where all are dropped.
Tensor kept(const Tensor& x, double p, double value, Generator* generator) {
  if (p == 1) return zeros(x.shape(), x.dtype());
  Tensor mask = empty(x.shape(), x.dtype());
  kernel::bernoulli_into(mask, 1 - p, generator, value);
  return mask;
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator* generator, Where at) {
  Op op("dropout", at);
  check_arguments(x, p);
  if (!training || p == 0) return x;
  // 1 / (1 - p) of numbers of x's dtype, as PyTorch divides its mask.
  double scale = x.dtype() == DType::Float32 ? 1.0 / static_cast<float>(1 - p) : 1 / (1 - p);
  return mul(x, kept(x, p, scale, generator), at);
}

Tensor alpha_dropout(const Tensor& x, double p, bool training, Generator* generator, Where at) {
  Op op("alpha_dropout", at);
  check_arguments(x, p);
  if (!training || p == 0) return x;
  if (p == 1) return mul(x, kept(x, p, 0, generator), at);
  // Klambauer et al. 2017, Self-Normalizing Neural Networks, alpha dropout: dropped elements take
  // SELU's limit -alpha, then a x + b restores mean 0 and variance 1.
  constexpr double alpha = 1.7580993408473766;
  double a = 1 / std::sqrt((alpha * alpha * p + 1) * (1 - p));
  double b = alpha * a * p;
  Tensor mask = kept(x, p, 1, generator);
  return add(mul(x, mask * a, at), (mask - 1) * (alpha * a) + b, at);
}

}  // namespace gradus
