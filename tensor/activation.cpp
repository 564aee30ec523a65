#include "gradus/tensor/ops.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/activation.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "gradus/tensor/activation_smooth-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

// A function is a struct of its value and of g times its derivative. Comparisons are written so
// that a NaN stays one.

struct Relu {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x);
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), g);
  }
};

struct LeakyRelu {
  static constexpr bool is_cheap = true;
  double slope;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    return gradient(d, x, x);
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), g, hn::Mul(g, constant(d, slope)));
  }
};

struct Hardtanh {
  static constexpr bool is_cheap = true;
  double low;
  double high;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    return at_most(d, high, at_least(d, low, x));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const auto flat = hn::Or(hn::Le(x, constant(d, low)), hn::Ge(x, constant(d, high)));
    return hn::IfThenZeroElse(flat, g);
  }
};

struct Hardsigmoid {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    const V shifted = at_most(d, 6, at_least(d, 0, hn::Add(x, constant(d, 3))));
    return hn::Mul(shifted, constant(d, 1.0 / 6));
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const auto inside = hn::Lt(hn::Abs(x), constant(d, 3));
    return hn::IfThenElseZero(inside, hn::Mul(g, constant(d, 1.0 / 6)));
  }
};

struct Hardswish {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V value(D d, V x) const {
    const V inner = hn::Mul(hn::Mul(x, hn::Add(x, constant(d, 3))), constant(d, 1.0 / 6));
    const V outer = hn::IfThenElse(hn::Ge(x, constant(d, 3)), x, inner);
    return hn::IfThenZeroElse(hn::Le(x, constant(d, -3)), outer);
  }
  template <class D, class V>
  HWY_INLINE V gradient(D d, V g, V x) const {
    const V slope = hn::MulAdd(x, constant(d, 1.0 / 3), constant(d, 0.5));
    const V outer = hn::IfThenElse(hn::Lt(x, constant(d, 3)), hn::Mul(g, slope), g);
    return hn::IfThenZeroElse(hn::Lt(x, constant(d, -3)), outer);
  }
};

template <class F>
struct Value : F {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return F::value(d, x);
  }
};

template <class F>
struct Gradient : F {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V x) const {
    return F::gradient(d, g, x);
  }
};

/// Calls run with the struct of the function that f names.
template <class Run>
void with_function(const Activation& f, const Run& run) {
  using Kind = Activation::Kind;
  switch (f.kind) {
    case Kind::Relu:
      return run(Relu{});
    case Kind::LeakyRelu:
      return run(LeakyRelu{f.a});
    case Kind::Hardtanh:
      return run(Hardtanh{f.a, f.b});
    case Kind::Hardsigmoid:
      return run(Hardsigmoid{});
    case Kind::Hardswish:
      return run(Hardswish{});
    case Kind::Elu:
      return run(Elu{f.a, f.b, f.c});
    case Kind::Gelu:
      return run(Gelu{});
    case Kind::GeluTanh:
      return run(GeluTanh{});
    case Kind::Silu:
      return run(Silu{});
    case Kind::Mish:
      return run(Mish{});
    case Kind::Logsigmoid:
      return run(Logsigmoid{});
    case Kind::Softplus:
      return run(ThresholdSoftplus{f.a, f.b});
    case Kind::Softsign:
      return run(Softsign{});
    case Kind::ScaledTanh:
      return run(ScaledTanh{f.a, f.b});
  }
}

void forward(const Tensor& out, const Activation& f, const Tensor& x) {
  with_function(f, [&]<class F>(const F& function) { map(out, Value<F>{function}, x); });
}

void backward(const Tensor& out, const Activation& f, const Tensor& g, const Tensor& x) {
  with_function(f, [&]<class F>(const F& function) { map(out, Gradient<F>{function}, g, x); });
}

struct Prelu {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x, V slope) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(x, slope));
  }
};

void prelu(const Tensor& out, const Tensor& x, const Tensor& slope) { map(out, Prelu{}, x, slope); }

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "gradus/tensor/creation.h"

namespace gradus::kernel {

HWY_EXPORT(forward);
HWY_EXPORT(backward);
HWY_EXPORT(prelu);

namespace {

void require_floating(const Tensor& x) {
  check(x.is_floating(), "needs a float32 or float64 tensor, not {}; convert it with to(float32)",
        x.dtype());
}

void require_alike(const char* what, const Tensor& a, const Tensor& x) {
  check(a.dtype() == x.dtype(), "{} is {} but the input is {}; convert one of them", what,
        a.dtype(), x.dtype());
}

}  // namespace

Tensor activation(const Activation& f, const Tensor& x) {
  require_floating(x);
  Tensor out = empty_like(x);
  HWY_DYNAMIC_DISPATCH(forward)(out, f, x);
  return out;
}

Tensor activation_backward(const Activation& f, const Tensor& g, const Tensor& x) {
  require_floating(x);
  require_alike("the gradient", g, x);
  check(g.shape() == x.shape(), "the gradient is {} but the input is {}", g.shape(), x.shape());
  Tensor out = empty_like(x);
  HWY_DYNAMIC_DISPATCH(backward)(out, f, g, x);
  return out;
}

Tensor prelu(const Tensor& x, const Tensor& slope) {
  require_floating(x);
  require_alike("the slope", slope, x);
  Tensor out = empty_like(x);
  HWY_DYNAMIC_DISPATCH(prelu)(out, x, slope);
  return out;
}

}  // namespace gradus::kernel
#endif
