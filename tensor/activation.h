#pragma once

namespace gradus {

/// A scalar function of a scalar, with its parameters: what kernel::activation() applies.
struct Activation {
  enum class Kind {
    Relu,         ///< max(0, x)
    LeakyRelu,    ///< x > 0 ? x : a x
    Hardtanh,     ///< x between a and b
    Hardsigmoid,  ///< relu6(x + 3) / 6
    Hardswish,    ///< x relu6(x + 3) / 6
    Elu,          ///< b (x > 0 ? x : a (e^(c x) - 1))
    Gelu,         ///< x/2 (1 + erf(x / sqrt 2))
    GeluTanh,     ///< x/2 (1 + tanh(sqrt(2/pi) (x + .044715 x^3)))
    Silu,         ///< x sigmoid(x)
    Mish,         ///< x tanh(log(1 + e^x))
    Logsigmoid,   ///< log sigmoid(x)
    Softplus,     ///< log(1 + e^(a x)) / a, and x where a x > b
    Softsign,     ///< x / (1 + |x|)
    ScaledTanh,   ///< a tanh(b x)
  };

  Kind kind;
  double a = 0;
  double b = 0;
  double c = 0;
};

}  // namespace gradus
