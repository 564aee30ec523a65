// The smooth activations as functors for activation.cpp: a struct of the function's value and of g
// times its derivative.

#if defined(GRADUS_TENSOR_ACTIVATION_SMOOTH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_ACTIVATION_SMOOTH_INL_H_
#undef GRADUS_TENSOR_ACTIVATION_SMOOTH_INL_H_
#else
#define GRADUS_TENSOR_ACTIVATION_SMOOTH_INL_H_
#endif

#include <limits>
#include <numbers>

#include "gradus/tensor/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

// Unlike Highway's Max and Min these keep a NaN.
template <class D, class V>
HWY_INLINE V at_least(D d, double low, V x) {
  return hn::IfThenElse(hn::Lt(x, constant(d, low)), constant(d, low), x);
}
template <class D, class V>
HWY_INLINE V at_most(D d, double high, V x) {
  return hn::IfThenElse(hn::Gt(x, constant(d, high)), constant(d, high), x);
}

template <class D, class V>
HWY_INLINE V one_minus(D d, V x) {
  return hn::Sub(constant(d, 1), x);
}

struct Elu {
  double alpha;
  double scale;
  double input_scale;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    const V curved = hn::Mul(constant(d, scale * alpha), Expm1(d, scaled(d, x)));
    return hn::IfThenElse(hn::Le(x, hn::Zero(d)), curved, hn::Mul(x, constant(d, scale)));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const V curved = hn::Mul(constant(d, scale * alpha * input_scale), Exp(d, scaled(d, x)));
    const V slope = hn::IfThenElse(hn::Le(x, hn::Zero(d)), curved, constant(d, scale));
    return hn::Mul(g, slope);
  }

 private:
  template <class D, class V>
  HWY_INLINE V scaled(D d, V x) const {
    return hn::Mul(x, constant(d, input_scale));
  }
};

/// x times a gate that rises from 0 to 1, and is 0 or 1 to the last bit beyond +-gate_range.
/// Arguments are bounded by it: an infinity times a gate of 0 would be NaN where the limit is 0.
/// A derived struct gives gate(d, x, slope), which also sets the gate's derivative.
inline constexpr double gate_range = 1000;

template <class Gate>
struct Gated {
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    V slope;
    const V z = at_least(d, -gate_range, x);
    return hn::Mul(z, Gate::gate(d, at_most(d, gate_range, z), slope));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    V slope;
    const V z = at_most(d, gate_range, at_least(d, -gate_range, x));
    const V gate = Gate::gate(d, z, slope);
    return hn::Mul(g, hn::MulAdd(z, slope, gate));
  }
};

struct Gelu : Gated<Gelu> {
  template <class D, class V>
  static HWY_INLINE V gate(D d, V x, V& slope) {
    const V half = constant(d, 0.5);
    const V z = hn::Mul(x, constant(d, std::numbers::sqrt2 / 2));
    slope = hn::Mul(Exp(d, hn::Neg(hn::Mul(z, z))),
                    constant(d, std::numbers::inv_sqrtpi * std::numbers::sqrt2 / 2));
    return hn::MulAdd(half, Erf(d, z), half);
  }
};

struct GeluTanh : Gated<GeluTanh> {
  template <class D, class V>
  static HWY_INLINE V gate(D d, V x, V& slope) {
    // (1 + tanh u) / 2 is sigmoid(2u), which does not cancel for u << 0.
    constexpr double twice = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    const V square = hn::Mul(x, x);
    const V one = constant(d, 1);
    const V u = hn::Mul(x, hn::MulAdd(square, constant(d, 0.044715), one));
    const V s = Sigmoid(d, hn::Mul(u, constant(d, twice)));
    const V du = hn::MulAdd(square, constant(d, 3 * 0.044715), one);
    slope = hn::Mul(hn::Mul(s, one_minus(d, s)), hn::Mul(du, constant(d, twice)));
    return s;
  }
};

struct Silu : Gated<Silu> {
  template <class D, class V>
  static HWY_INLINE V gate(D d, V x, V& slope) {
    const V s = Sigmoid(d, x);
    slope = hn::Mul(s, one_minus(d, s));
    return s;
  }
};

struct Mish : Gated<Mish> {
  template <class D, class V>
  static HWY_INLINE V gate(D d, V x, V& slope) {
    // tanh(log(1 + e)) = n / (n + 2) for n = e (e + 2), e = e^x; beyond 30 it is 1.
    const V two = constant(d, 2);
    const V e = Exp(d, at_most(d, 30, x));
    const V n = hn::Mul(e, hn::Add(e, two));
    const V tail = hn::Div(two, hn::Add(n, two));  // 1 - gate
    const V gate = hn::Mul(hn::Mul(n, constant(d, 0.5)), tail);
    const V sigmoid = hn::Div(e, hn::Add(e, constant(d, 1)));
    slope = hn::Mul(hn::Mul(tail, hn::Add(constant(d, 1), gate)), sigmoid);
    return gate;
  }
};

struct Logsigmoid {
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    return hn::Neg(Softplus(d, hn::Neg(x)));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    return hn::Mul(g, Sigmoid(d, hn::Neg(x)));
  }
};

struct ThresholdSoftplus {
  double beta;
  double threshold;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    const V z = hn::Mul(x, constant(d, beta));
    const V curved = hn::Mul(Softplus(d, z), constant(d, 1 / beta));
    return hn::IfThenElse(hn::Gt(z, constant(d, threshold)), x, curved);
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const V z = hn::Mul(x, constant(d, beta));
    return hn::IfThenElse(hn::Gt(z, constant(d, threshold)), g, hn::Mul(g, Sigmoid(d, z)));
  }
};

struct Softsign {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    const V one = constant(d, 1);
    const auto infinite = hn::Eq(hn::Abs(x), constant(d, std::numeric_limits<double>::infinity()));
    const V y = hn::Div(x, hn::Add(one, hn::Abs(x)));
    return hn::IfThenElse(infinite, hn::CopySign(one, x), y);
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const V r = hn::Div(constant(d, 1), hn::Add(constant(d, 1), hn::Abs(x)));
    return hn::Mul(g, hn::Mul(r, r));
  }
};

struct ScaledTanh {
  double height;
  double rate;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    return hn::Mul(constant(d, height), Tanh(d, hn::Mul(x, constant(d, rate))));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const V t = Tanh(d, hn::Mul(x, constant(d, rate)));
    return hn::Mul(hn::Mul(g, constant(d, height * rate)), hn::NegMulAdd(t, t, constant(d, 1)));
  }
};

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
