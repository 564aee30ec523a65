#include "gradus/autograd/activation_grad.h"

#include <cmath>
#include <numbers>

#include "gradus/autograd/ops.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

/// x where the gates of gelu, silu and mish still move in float64. Beyond, all their derivatives
/// are 0 to the last bit, but products in them could overflow.
Tensor in_gate_range(const Tensor& x) { return clamp(x, -1000, 1000); }

Tensor elu_second(const Activation& f, const Tensor& x) {
  const Tensor curved = exp(clamp(x * f.c, {}, 0)) * (f.a * f.b * f.c * f.c);
  return masked_fill(curved, x > 0, 0);
}

// With the normal density p: gelu' = P + x p and p' = -x p.
Tensor gelu_second(const Tensor& z) {
  const Tensor square = z * z;
  const double height = ::std::numbers::inv_sqrtpi / ::std::numbers::sqrt2;
  return exp(square * -0.5) * (2 - square) * height;
}

// gelu = x s with s = sigmoid(2u), u = k (x + c x^3).
Tensor gelu_tanh_second(const Tensor& z) {
  const double k = 2 * ::std::numbers::sqrt2 * ::std::numbers::inv_sqrtpi;
  const double c = 0.044715;
  const Tensor square = z * z;
  const Tensor s = sigmoid(z * (square * c + 1) * k);
  const Tensor first = (square * (3 * c) + 1) * k;  // of 2u
  const Tensor second = z * (6 * c * k);
  return s * (1 - s) * (2 * first + z * (second + first * first * (1 - 2 * s)));
}

Tensor silu_second(const Tensor& z) {
  const Tensor s = sigmoid(z);
  return s * (1 - s) * (2 + z * (1 - 2 * s));
}

// mish = x w with w = tanh(softplus x), so w' = (1 - w^2) s.
Tensor mish_second(const Tensor& z) {
  const Tensor s = sigmoid(z);
  const Tensor w = tanh(softplus(z));
  return (1 - w * w) * s * (2 + z * (1 - s - 2 * w * s));
}

Tensor softplus_second(const Activation& f, const Tensor& x) {
  const Tensor z = x * f.a;
  const Tensor s = sigmoid(z);
  return masked_fill(s * (1 - s) * f.a, z > f.b, 0);
}

Tensor softsign_second(const Tensor& x) {
  const Tensor r = reciprocal(1 + abs(x));
  return sign(x) * r * r * r * -2;
}

Tensor scaled_tanh_second(const Activation& f, const Tensor& x) {
  const Tensor t = tanh(x * f.b);
  return t * (1 - t * t) * (-2 * f.a * f.b * f.b);
}

/// f''(x) by differentiable functions; undefined where f is piecewise linear.
Tensor second_derivative(const Activation& f, const Tensor& x) {
  using Kind = Activation::Kind;
  switch (f.kind) {
    case Kind::Relu:
    case Kind::LeakyRelu:
    case Kind::Hardtanh:
    case Kind::Hardsigmoid:
      break;
    case Kind::Hardswish:
      return to(abs(x) < 3, x.dtype()) * (1.0 / 3);
    case Kind::Elu:
      return elu_second(f, x);
    case Kind::Gelu:
      return gelu_second(in_gate_range(x));
    case Kind::GeluTanh:
      return gelu_tanh_second(in_gate_range(x));
    case Kind::Silu:
      return silu_second(in_gate_range(x));
    case Kind::Mish:
      return mish_second(in_gate_range(x));
    case Kind::Logsigmoid:
      return sigmoid(x) * (sigmoid(x) - 1);
    case Kind::Softplus:
      return softplus_second(f, x);
    case Kind::Softsign:
      return softsign_second(x);
    case Kind::ScaledTanh:
      return scaled_tanh_second(f, x);
  }
  return {};
}

}  // namespace

Tensor activation_backward(const Activation& f, const Tensor& g, const Tensor& x, Where at) {
  return Op("activation_backward", at)
      .record(kernel::activation_backward(f, g, x),
              wrt(g, [f, x = saved(x)](const Tensor& gg) { return activation_backward(f, gg, x); }),
              wrt(x, [f, g = saved(g), x = saved(x)](const Tensor& gg) {
                const Tensor second = second_derivative(f, x);
                return second.defined() ? gg * g * second
                                        : expand(zeros({}, gg.dtype()), gg.shape());
              }));
}

}  // namespace gradus
