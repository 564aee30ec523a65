#include "gradus/autograd/ops.h"
#include "gradus/autograd/pointwise_grad.h"
#include "gradus/autograd/record.h"
#include "gradus/tensor/creation.h"
#include "gradus/tensor/ops.h"

namespace gradus {
namespace {

using kernel::Unary;
using kernel::unary;

Tensor zero(const Tensor& g) { return zeros_like(g); }

}  // namespace

Tensor tanh_backward(const Tensor& g, const Tensor& y, Where at) {
  return Op("tanh_backward", at)
      .record(
          kernel::tanh_backward(g, y),
          wrt(g, [y = saved(y)](const Tensor& h) { return tanh_backward(h, y); }),
          wrt(y, [g = saved(g), y = saved(y)](const Tensor& h) { return h * mul(mul(g, y), -2); }));
}

Tensor sigmoid_backward(const Tensor& g, const Tensor& y, Where at) {
  return Op("sigmoid_backward", at)
      .record(kernel::sigmoid_backward(g, y),
              wrt(g, [y = saved(y)](const Tensor& h) { return sigmoid_backward(h, y); }),
              wrt(y, [g = saved(g), y = saved(y)](const Tensor& h) {
                return h * mul(g, sub(1, mul(y, 2)));
              }));
}

Tensor neg(const Tensor& x, Where at) {
  return Op("neg", at).record(unary(Unary::Neg, x), wrt(x, [](const Tensor& g) { return neg(g); }));
}

Tensor exp(const Tensor& x, Where at) {
  return Op("exp", at).record(unary(Unary::Exp, x),
                              wrt(x, [](const Tensor& g, const Tensor& y) { return g * y; }));
}

Tensor expm1(const Tensor& x, Where at) {
  return Op("expm1", at)
      .record(unary(Unary::Expm1, x),
              wrt(x, [](const Tensor& g, const Tensor& y) { return g * (y + 1); }));
}

Tensor log(const Tensor& x, Where at) {
  return Op("log", at).record(unary(Unary::Log, x),
                              wrt(x, [x = saved(x)](const Tensor& g) { return g / x; }));
}

Tensor log1p(const Tensor& x, Where at) {
  return Op("log1p", at).record(unary(Unary::Log1p, x), wrt(x, [x = saved(x)](const Tensor& g) {
                                  return g / add(x, 1);
                                }));
}

Tensor sqrt(const Tensor& x, Where at) {
  return Op("sqrt", at).record(unary(Unary::Sqrt, x), wrt(x, [](const Tensor& g, const Tensor& y) {
                                 return g / (y * 2);
                               }));
}

Tensor rsqrt(const Tensor& x, Where at) {
  return Op("rsqrt", at)
      .record(unary(Unary::Rsqrt, x),
              wrt(x, [](const Tensor& g, const Tensor& y) { return g * (pow(y, 3) * -0.5); }));
}

Tensor square(const Tensor& x, Where at) {
  return Op("square", at).record(unary(Unary::Square, x), wrt(x, [x = saved(x)](const Tensor& g) {
                                   return g * mul(x, 2);
                                 }));
}

Tensor reciprocal(const Tensor& x, Where at) {
  return Op("reciprocal", at)
      .record(unary(Unary::Reciprocal, x),
              wrt(x, [](const Tensor& g, const Tensor& y) { return neg(g * square(y)); }));
}

Tensor abs(const Tensor& x, Where at) {
  return Op("abs", at).record(unary(Unary::Abs, x),
                              wrt(x, [x = saved(x)](const Tensor& g) { return g * sign(x); }));
}

Tensor sign(const Tensor& x, Where at) {
  return Op("sign", at).record(unary(Unary::Sign, x), wrt(x, zero));
}

Tensor sin(const Tensor& x, Where at) {
  return Op("sin", at).record(unary(Unary::Sin, x),
                              wrt(x, [x = saved(x)](const Tensor& g) { return g * cos(x); }));
}

Tensor cos(const Tensor& x, Where at) {
  return Op("cos", at).record(unary(Unary::Cos, x),
                              wrt(x, [x = saved(x)](const Tensor& g) { return neg(g * sin(x)); }));
}

Tensor tanh(const Tensor& x, Where at) {
  return Op("tanh", at).record(unary(Unary::Tanh, x), wrt(x, [](const Tensor& g, const Tensor& y) {
                                 return tanh_backward(g, y);
                               }));
}

Tensor sigmoid(const Tensor& x, Where at) {
  return Op("sigmoid", at)
      .record(unary(Unary::Sigmoid, x),
              wrt(x, [](const Tensor& g, const Tensor& y) { return sigmoid_backward(g, y); }));
}

Tensor erf(const Tensor& x, Where at) {
  constexpr double two_over_sqrt_pi = 1.1283791670955126;
  return Op("erf", at).record(unary(Unary::Erf, x), wrt(x, [x = saved(x)](const Tensor& g) {
                                return g * (exp(neg(square(x))) * two_over_sqrt_pi);
                              }));
}

Tensor floor(const Tensor& x, Where at) {
  return Op("floor", at).record(unary(Unary::Floor, x), wrt(x, zero));
}

Tensor round(const Tensor& x, Where at) {
  return Op("round", at).record(unary(Unary::Round, x), wrt(x, zero));
}

Tensor clamp(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high, Where at) {
  return Op("clamp", at)
      .record(kernel::clamp(x, low, high), wrt(x, [x = saved(x), low, high](const Tensor& g) {
                Tensor result = g;
                if (low) result = masked_fill(result, logical_not(ge(x, *low)), 0);
                if (high) result = masked_fill(result, logical_not(le(x, *high)), 0);
                return result;
              }));
}

}  // namespace gradus
