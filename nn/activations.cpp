#include "gradus/nn/activations.h"

#include <cmath>

#include "gradus/tensor/context.h"
#include "gradus/tensor/creation.h"

namespace gradus::nn {

Tensor Hardtanh::forward(const Tensor& x) {
  return hardtanh(x, options_.low, options_.high, caller());
}
std::string Hardtanh::extra_repr() const {
  return fmt::format("low={}, high={}", options_.low, options_.high);
}

Tensor Softplus::forward(const Tensor& x) {
  return softplus(x, options_.beta, options_.threshold, caller());
}
std::string Softplus::extra_repr() const {
  return fmt::format("beta={}, threshold={}", options_.beta, options_.threshold);
}

Tensor LeakyReLU::forward(const Tensor& x) { return leaky_relu(x, options_.slope, caller()); }
std::string LeakyReLU::extra_repr() const { return fmt::format("slope={}", options_.slope); }

PReLU::PReLU(PReLUOptions options, Where at) {
  ContextScope scope(entering("PReLU", at));
  check(options.channels > 0, "needs at least one channel, got {}", options.channels);
  check(std::isfinite(options.init), "the slopes must be finite, got {}", options.init);
  weight = parameter("weight", full(options.channels, options.init, float32));
}
Tensor PReLU::forward(const Tensor& x) { return prelu(x, weight, caller()); }
std::string PReLU::extra_repr() const { return fmt::format("channels={}", weight.numel()); }

Tensor RReLU::forward(const Tensor& x) {
  return rrelu(x, options_.lower, options_.upper, is_training(), options_.generator, caller());
}
std::string RReLU::extra_repr() const {
  return fmt::format("lower={:.4g}, upper={:.4g}", options_.lower, options_.upper);
}

Tensor ELU::forward(const Tensor& x) { return elu(x, options_.alpha, caller()); }
std::string ELU::extra_repr() const { return fmt::format("alpha={}", options_.alpha); }

Tensor CELU::forward(const Tensor& x) { return celu(x, options_.alpha, caller()); }
std::string CELU::extra_repr() const { return fmt::format("alpha={}", options_.alpha); }

Tensor GELU::forward(const Tensor& x) { return gelu(x, options_.form, caller()); }
std::string GELU::extra_repr() const {
  return options_.form == Gelu::Exact ? "form=exact" : "form=tanh";
}

Tensor GLU::forward(const Tensor& x) { return glu(x, options_.dim, caller()); }
std::string GLU::extra_repr() const { return fmt::format("dim={}", options_.dim); }

Tensor Softmax::forward(const Tensor& x) { return softmax(x, options_.dim, caller()); }
std::string Softmax::extra_repr() const { return fmt::format("dim={}", options_.dim); }

Tensor LogSoftmax::forward(const Tensor& x) { return log_softmax(x, options_.dim, caller()); }
std::string LogSoftmax::extra_repr() const { return fmt::format("dim={}", options_.dim); }

}  // namespace gradus::nn
