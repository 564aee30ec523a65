#include "gradus/nn/init.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/ops.h"
#include "gradus/tensor/context.h"

namespace gradus::nn::init {
namespace {

struct Fans {
  std::int64_t in;
  std::int64_t out;
};

Fans fans(const Tensor& weight) {
  check(weight.dim() >= 2,
        "fans are those of a weight (out, in, ...) of 2 or more dimensions, got shape {}",
        weight.shape());
  std::int64_t field = 1;
  for (int d = 2; d < weight.dim(); ++d) field *= weight.size(d);
  return {weight.size(1) * field, weight.size(0) * field};
}

double fan(const Tensor& weight, Fan mode) {
  Fans both = fans(weight);
  switch (mode) {
    case Fan::In:
      return static_cast<double>(both.in);
    case Fan::Out:
      return static_cast<double>(both.out);
    case Fan::Average:
      break;
  }
  return static_cast<double>(both.in + both.out) / 2;
}

void check_fill(const Tensor& x, double std) {
  check(x.is_floating(), "needs a floating weight, got {} {}", x.dtype(), x.shape());
  check(x.numel() == 0 || (std::isfinite(std) && std >= 0),
        "gives a standard deviation of {}: the gain must be finite and not negative", std);
}

// An empty weight has nothing to fill, and may have a fan of zero.
const Tensor& fill_normal(const Tensor& x, double std, Generator* generator, Where at) {
  check_fill(x, std);
  return x.numel() == 0 ? x : init::normal_(x, 0, std, generator, at);
}
const Tensor& fill_uniform(const Tensor& x, double std, Generator* generator, Where at) {
  check_fill(x, std);
  double bound = std::sqrt(3.0) * std;
  return x.numel() == 0 ? x : init::uniform_(x, -bound, bound, generator, at);
}

double glorot_std(const Tensor& weight, double gain) {
  Fans both = fans(weight);
  return gain * std::sqrt(2.0 / static_cast<double>(both.in + both.out));
}

double he_std(const Tensor& weight, const HeOptions& options, Where at) {
  return calculate_gain(options.nonlinearity, options.slope, at) /
         std::sqrt(fan(weight, options.mode));
}

}  // namespace

std::int64_t fan_in(const Tensor& weight, Where at) {
  ContextScope scope(entering("fan_in", at));
  return fans(weight).in;
}

std::int64_t fan_out(const Tensor& weight, Where at) {
  ContextScope scope(entering("fan_out", at));
  return fans(weight).out;
}

const char* to_string(Nonlinearity nonlinearity) {
  switch (nonlinearity) {
    case Nonlinearity::Linear:
      return "linear";
    case Nonlinearity::Sigmoid:
      return "sigmoid";
    case Nonlinearity::Tanh:
      return "tanh";
    case Nonlinearity::Softmax:
      return "softmax";
    case Nonlinearity::ReLU:
      return "relu";
    case Nonlinearity::LeakyReLU:
      return "leaky_relu";
    case Nonlinearity::ELU:
      return "elu";
    case Nonlinearity::GELU:
      return "gelu";
    case Nonlinearity::SiLU:
      return "silu";
    case Nonlinearity::Mish:
      return "mish";
    case Nonlinearity::SELU:
      return "selu";
  }
  return "?";
}

double calculate_gain(Nonlinearity nonlinearity, double slope, Where at) {
  ContextScope scope(entering("calculate_gain", at));
  check(std::isfinite(slope), "the slope must be finite, got {}", slope);
  switch (nonlinearity) {
    case Nonlinearity::Linear:
    case Nonlinearity::Sigmoid:
      return 1;
    case Nonlinearity::Tanh:
      return 5.0 / 3;
    case Nonlinearity::ReLU:
      return std::sqrt(2.0);
    case Nonlinearity::LeakyReLU:
      return std::sqrt(2.0 / (1 + slope * slope));
    case Nonlinearity::SELU:
      return 3.0 / 4;
    default:
      break;
  }
  fail(fmt::format("no gain is defined for {}; recommended_for({}) names its initialiser",
                   to_string(nonlinearity), to_string(nonlinearity)));
}

const Tensor& constant_(const Tensor& x, Scalar value, Where at) {
  NoGrad guard;
  return fill_(x, value, at);
}

const Tensor& zeros_(const Tensor& x, Where at) { return constant_(x, 0, at); }

const Tensor& ones_(const Tensor& x, Where at) { return constant_(x, 1, at); }

const Tensor& eye_(const Tensor& x, Where at) {
  ContextScope scope(entering("eye_", at));
  check(x.dim() == 2, "an identity has 2 dimensions, got shape {}", x.shape());
  constant_(x, 0, at);
  NoGrad guard;
  constant_(diagonal(x, 0, 0, 1, at), 1, at);
  return x;
}

const Tensor& uniform_(const Tensor& x, double low, double high, Generator* generator, Where at) {
  NoGrad guard;
  return gradus::uniform_(x, low, high, generator, at);
}

const Tensor& normal_(const Tensor& x, double mean, double std, Generator* generator, Where at) {
  NoGrad guard;
  return gradus::normal_(x, mean, std, generator, at);
}

const Tensor& glorot_uniform_(const Tensor& weight, GlorotOptions options, Where at) {
  ContextScope scope(entering("glorot_uniform_", at));
  return fill_uniform(weight, glorot_std(weight, options.gain), options.generator, at);
}

const Tensor& glorot_normal_(const Tensor& weight, GlorotOptions options, Where at) {
  ContextScope scope(entering("glorot_normal_", at));
  return fill_normal(weight, glorot_std(weight, options.gain), options.generator, at);
}

const Tensor& he_uniform_(const Tensor& weight, HeOptions options, Where at) {
  ContextScope scope(entering("he_uniform_", at));
  return fill_uniform(weight, he_std(weight, options, at), options.generator, at);
}

const Tensor& he_normal_(const Tensor& weight, HeOptions options, Where at) {
  ContextScope scope(entering("he_normal_", at));
  return fill_normal(weight, he_std(weight, options, at), options.generator, at);
}

const Tensor& lecun_uniform_(const Tensor& weight, Generator* generator, Where at) {
  ContextScope scope(entering("lecun_uniform_", at));
  return fill_uniform(weight, std::sqrt(1 / fan(weight, Fan::In)), generator, at);
}

const Tensor& lecun_normal_(const Tensor& weight, Generator* generator, Where at) {
  ContextScope scope(entering("lecun_normal_", at));
  return fill_normal(weight, std::sqrt(1 / fan(weight, Fan::In)), generator, at);
}

Recommendation recommended_for(Nonlinearity nonlinearity, Generator* generator) {
  switch (nonlinearity) {
    case Nonlinearity::Linear:
    case Nonlinearity::Sigmoid:
    case Nonlinearity::Tanh:
    case Nonlinearity::Softmax:
      return {"glorot_normal_",
              [generator](const Tensor& w) { glorot_normal_(w, {.generator = generator}); }};
    case Nonlinearity::SELU:
      return {"lecun_normal_", [generator](const Tensor& w) { lecun_normal_(w, generator); }};
    default:
      break;
  }
  return {"he_normal_", [generator](const Tensor& w) { he_normal_(w, {.generator = generator}); }};
}

}  // namespace gradus::nn::init
