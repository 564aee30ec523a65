#include <cmath>

#include "gradus/autograd/activation_grad.h"
#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

using Kind = Activation::Kind;

/// The op of a fused activation.
Tensor activation(const char* name, const Activation& f, const Tensor& x, Where at) {
  Op op(name, at);
  for (double option : {f.a, f.b, f.c}) check(!::std::isnan(option), "an option is NaN");
  return op.record(kernel::activation(f, x), wrt(x, [f, x = saved(x)](const Tensor& g) {
                     return activation_backward(f, g, x);
                   }));
}

/// The same for an f that moves no output of its own, f(f(x)) = f(x): its slope can be read off the
/// output, which the next layer mostly keeps anyway, and x need not be kept.
Tensor idempotent(const char* name, const Activation& f, const Tensor& x, Where at) {
  return Op(name, at).record(
      kernel::activation(f, x),
      wrt(x, [f](const Tensor& g, const Tensor& y) { return activation_backward(f, g, y); }));
}

}  // namespace

Tensor relu(const Tensor& x, Where at) { return idempotent("relu", {Kind::Relu}, x, at); }

Tensor relu6(const Tensor& x, Where at) {
  return idempotent("relu6", {Kind::Hardtanh, 0, 6}, x, at);
}

Tensor leaky_relu(const Tensor& x, double slope, Where at) {
  return activation("leaky_relu", {Kind::LeakyRelu, slope}, x, at);
}

Tensor elu(const Tensor& x, double alpha, Where at) {
  return activation("elu", {Kind::Elu, alpha, 1, 1}, x, at);
}

Tensor celu(const Tensor& x, double alpha, Where at) {
  const Op op("celu", at);
  check(alpha != 0, "alpha must not be 0");
  return activation("celu", {Kind::Elu, alpha, 1, 1 / alpha}, x, at);
}

Tensor selu(const Tensor& x, Where at) {
  // Klambauer et al. 2017, Self-Normalizing Neural Networks, equation 14.
  const double scale = 1.0507009873554804934193349852946;
  const double alpha = 1.6732632423543772848170429916717;
  return activation("selu", {Kind::Elu, alpha, scale, 1}, x, at);
}

Tensor gelu(const Tensor& x, Gelu form, Where at) {
  return activation("gelu", {form == Gelu::Exact ? Kind::Gelu : Kind::GeluTanh}, x, at);
}

Tensor silu(const Tensor& x, Where at) { return activation("silu", {Kind::Silu}, x, at); }

Tensor mish(const Tensor& x, Where at) { return activation("mish", {Kind::Mish}, x, at); }

Tensor hardswish(const Tensor& x, Where at) {
  return activation("hardswish", {Kind::Hardswish}, x, at);
}

Tensor hardsigmoid(const Tensor& x, Where at) {
  return activation("hardsigmoid", {Kind::Hardsigmoid}, x, at);
}

Tensor hardtanh(const Tensor& x, double low, double high, Where at) {
  const Op op("hardtanh", at);
  check(low <= high, "low must not exceed high, but they are {} and {}", low, high);
  return idempotent("hardtanh", {Kind::Hardtanh, low, high}, x, at);
}

Tensor logsigmoid(const Tensor& x, Where at) {
  return activation("logsigmoid", {Kind::Logsigmoid}, x, at);
}

Tensor softplus(const Tensor& x, double beta, double threshold, Where at) {
  const Op op("softplus", at);
  check(beta > 0, "beta must be positive, but is {}", beta);
  return activation("softplus", {Kind::Softplus, beta, threshold}, x, at);
}

Tensor softsign(const Tensor& x, Where at) {
  return activation("softsign", {Kind::Softsign}, x, at);
}

Tensor lecun_tanh(const Tensor& x, Where at) {
  return activation("lecun_tanh", {Kind::ScaledTanh, 1.7159, 2.0 / 3}, x, at);
}

Tensor prelu(const Tensor& x, const Tensor& weight, Where at) {
  const Op op("prelu", at);
  const ::std::int64_t channels = x.dim() >= 2 ? x.size(1) : 1;
  check(weight.dim() <= 1 && (weight.numel() == 1 || weight.numel() == channels),
        "weight must hold one element or one for each of the {} channels of x {}, but is {}",
        channels, x.shape(), weight.shape());
  Shape shape = Shape::filled(x.dim(), 1);  // lines up with dimension 1 of x
  if (x.dim() >= 2) shape[1] = weight.numel();
  const Tensor slope = reshape(weight, shape, at);
  return op.record(
      kernel::prelu(x, slope),
      wrt(x, [x = saved(x),
              slope = saved(slope)](const Tensor& g) { return where(x.get() > 0, g, g * slope); }),
      wrt(slope, [x = saved(x)](const Tensor& g) { return masked_fill(g * x, x.get() > 0, 0); }));
}

Tensor rrelu(const Tensor& x, double lower, double upper, bool training, Generator* generator,
             Where at) {
  const Op op("rrelu", at);
  check(lower <= upper, "lower must not exceed upper, but they are {} and {}", lower, upper);
  if (!training) return activation("rrelu", {Kind::LeakyRelu, (lower + upper) / 2}, x, at);
  const Tensor slope = kernel::rrelu_slopes(x, lower, upper, generator);
  return op.record(kernel::prelu(x, slope),
                   wrt(x, [slope = saved(slope)](const Tensor& g) { return g * slope; }));
}

Tensor glu(const Tensor& x, ::std::int64_t dim, Where at) {
  const Op op("glu", at);
  check(x.dim() > 0, "needs at least one dimension");
  const ::std::int64_t size = x.size(dim);
  check(size % 2 == 0, "size {} of dimension {} of x {} is odd: it has no halves", size, dim,
        x.shape());
  const Tensor gate = sigmoid(narrow(x, dim, size / 2, size / 2, at), at);
  return mul(narrow(x, dim, 0, size / 2, at), gate, at);
}

}  // namespace gradus
