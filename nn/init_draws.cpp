#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/nn/init.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/ops.h"

// Initialisers that take more than one pass of uniform or normal numbers.
namespace gradus::nn::init {
namespace {

// The inverse of erf: Winitzki's approximation (2008), good to 2e-3, and Halley's steps, each of
// which triples the digits.
double erfinv(double y) {
  if (y <= -1 || y >= 1) return std::copysign(std::numeric_limits<double>::infinity(), y);
  constexpr double a = 0.147;
  double target = std::abs(y);
  double log_term = std::log1p(-y * y);
  double half = 2 / (std::numbers::pi * a) + log_term / 2;
  double x = std::sqrt(std::sqrt(half * half - log_term / a) - half);
  for (int step = 0; step < 3; ++step) {
    // erf(x) - target; by erfc near 1, where that difference loses its digits.
    double error = target < 0.5 ? std::erf(x) - target : (1 - target) - std::erfc(x);
    double newton = error / (2 * std::numbers::inv_sqrtpi * std::exp(-x * x));
    x -= newton / (1 + x * newton);
  }
  return std::copysign(x, y);
}

double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

// f(old value) for each element of a floating tensor.
template <class F>
void transform(const Tensor& x, F f) {
  Tensor values = contiguous(x.detach());
  if (values.storage().get() == x.storage().get()) values = values.clone();
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (T& v : values.span<T>()) v = static_cast<T>(f(static_cast<double>(v)));
  });
  copy_(x, values);
}

}  // namespace

const Tensor& trunc_normal_(const Tensor& x, TruncNormalOptions options, Where at) {
  ContextScope scope(entering("trunc_normal_", at));
  check(x.is_floating(), "needs a floating tensor, got {} {}", x.dtype(), x.shape());
  check(options.std > 0 && options.a < options.b, "needs std > 0 and a < b, got {}, {} and {}",
        options.std, options.a, options.b);
  check(std::isfinite(options.mean) && std::isfinite(options.std),
        "needs a finite mean and std, got {} and {}", options.mean, options.std);
  NoGrad guard;
  double low = normal_cdf((options.a - options.mean) / options.std);
  double high = normal_cdf((options.b - options.mean) / options.std);
  init::uniform_(x, 2 * low - 1, 2 * high - 1, options.generator, at);
  double scale = options.std * std::numbers::sqrt2;
  transform(x, [&](double y) {
    return std::clamp(options.mean + scale * erfinv(y), options.a, options.b);
  });
  return x;
}

const Tensor& variance_scaling_(const Tensor& weight, VarianceScalingOptions options, Where at) {
  ContextScope scope(entering("variance_scaling_", at));
  check(options.scale > 0, "scale must be positive, got {}", options.scale);
  auto in = static_cast<double>(fan_in(weight, at));
  auto out = static_cast<double>(fan_out(weight, at));
  double fan = options.mode == Fan::In ? in : options.mode == Fan::Out ? out : (in + out) / 2;
  double variance = options.scale / std::max(1.0, fan);
  NoGrad guard;
  switch (options.distribution) {
    case Distribution::Uniform: {
      double bound = std::sqrt(3 * variance);
      return init::uniform_(weight, -bound, bound, options.generator, at);
    }
    case Distribution::UntruncatedNormal:
      return init::normal_(weight, 0, std::sqrt(variance), options.generator, at);
    case Distribution::TruncatedNormal:
      break;
  }
  // The standard deviation of a standard normal cut at +-2.
  double std = std::sqrt(variance) / .87962566103423978;
  Draws draws(options.generator);
  transform(weight, [&](double) {
    double z = draws.normal();
    while (std::abs(z) > 2) z = draws.normal();
    return std * z;
  });
  return weight;
}

const Tensor& orthogonal_(const Tensor& weight, OrthogonalOptions options, Where at) {
  ContextScope scope(entering("orthogonal_", at));
  check(weight.is_floating(), "needs a floating tensor, got {} {}", weight.dtype(), weight.shape());
  check(weight.dim() >= 2, "needs a weight (out, in, ...) of 2 or more dimensions, got shape {}",
        weight.shape());
  check(std::isfinite(options.gain), "the gain must be finite, got {}", options.gain);
  if (weight.numel() == 0) return weight;
  NoGrad guard;
  std::int64_t rows = weight.size(0), columns = weight.numel() / rows;
  Tensor random = empty({rows, columns}, weight.dtype());
  init::normal_(random, 0, 1, options.generator, at);
  // Q is unique, hence uniform over the orthogonal matrices, once R's diagonal is positive.
  auto [q, r] = kernel::qr(rows < columns ? random.t().contiguous() : random);
  Tensor signed_q = mul(q, sign(diagonal(r)));
  Tensor result = rows < columns ? signed_q.t() : signed_q;
  return copy_(weight, mul(result.reshape(weight.shape()), options.gain), at);
}

}  // namespace gradus::nn::init
