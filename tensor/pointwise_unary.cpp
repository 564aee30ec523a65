// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/pointwise_unary.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
#include "gradus/tensor/simd_math-inl.h"
#include "gradus/tensor/simd_trig-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/map.h"
#include "gradus/tensor/ops.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {
namespace {

/// The functions that cost a few operations.
template <Unary op>
struct Cheap {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if constexpr (op == Unary::Neg) return hn::Neg(x);
    if constexpr (op == Unary::Sqrt) return hn::Sqrt(x);
    if constexpr (op == Unary::Rsqrt) return hn::Div(constant(d, 1), hn::Sqrt(x));
    if constexpr (op == Unary::Square) return hn::Mul(x, x);
    if constexpr (op == Unary::Reciprocal) return hn::Div(constant(d, 1), x);
    if constexpr (op == Unary::Abs) return hn::Abs(x);
    if constexpr (op == Unary::Floor) return hn::Floor(x);
    if constexpr (op == Unary::Round) return hn::CopySign(hn::Round(x), x);  // -0.5 to -0
    if constexpr (op == Unary::Sign) {
      const V one = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), constant(d, -1), constant(d, 1));
      const auto is_number = hn::Ne(x, hn::Zero(d));
      return hn::IfThenElse(hn::IsNaN(x), x, hn::IfThenElseZero(is_number, one));
    }
  }
};

template <Unary op>
struct Math {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    if constexpr (op == Unary::Exp) return Exp(d, x);
    if constexpr (op == Unary::Expm1) return Expm1(d, x);
    if constexpr (op == Unary::Log) return Log(d, x);
    if constexpr (op == Unary::Log1p) return Log1p(d, x);
    if constexpr (op == Unary::Sin) return Sin(d, x);
    if constexpr (op == Unary::Cos) return Cos(d, x);
    if constexpr (op == Unary::Tanh) return Tanh(d, x);
    if constexpr (op == Unary::Sigmoid) return Sigmoid(d, x);
    if constexpr (op == Unary::Erf) return Erf(d, x);
  }
};

struct Clamp {
  static constexpr bool is_cheap = true;
  double low;
  double high;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const V bottom = constant(d, low);
    const V top = constant(d, high);
    const V y = hn::IfThenElse(hn::Lt(x, bottom), bottom, x);
    return hn::IfThenElse(hn::Gt(y, top), top, y);
  }
};

struct TanhBackward {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V y) const {
    return hn::Mul(g, hn::NegMulAdd(y, y, constant(d, 1)));
  }
};

struct SigmoidBackward {
  static constexpr bool is_cheap = true;
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V y) const {
    return hn::Mul(g, hn::Mul(y, hn::Sub(constant(d, 1), y)));
  }
};

}  // namespace

void unary_loop(const Tensor& out, Unary op, const Tensor& x) {
  switch (op) {
    case Unary::Neg:
      return map(out, Cheap<Unary::Neg>{}, x);
    case Unary::Sqrt:
      return map(out, Cheap<Unary::Sqrt>{}, x);
    case Unary::Rsqrt:
      return map(out, Cheap<Unary::Rsqrt>{}, x);
    case Unary::Square:
      return map(out, Cheap<Unary::Square>{}, x);
    case Unary::Reciprocal:
      return map(out, Cheap<Unary::Reciprocal>{}, x);
    case Unary::Abs:
      return map(out, Cheap<Unary::Abs>{}, x);
    case Unary::Sign:
      return map(out, Cheap<Unary::Sign>{}, x);
    case Unary::Floor:
      return map(out, Cheap<Unary::Floor>{}, x);
    case Unary::Round:
      return map(out, Cheap<Unary::Round>{}, x);
    case Unary::Exp:
      return map(out, Math<Unary::Exp>{}, x);
    case Unary::Expm1:
      return map(out, Math<Unary::Expm1>{}, x);
    case Unary::Log:
      return map(out, Math<Unary::Log>{}, x);
    case Unary::Log1p:
      return map(out, Math<Unary::Log1p>{}, x);
    case Unary::Sin:
      return map(out, Math<Unary::Sin>{}, x);
    case Unary::Cos:
      return map(out, Math<Unary::Cos>{}, x);
    case Unary::Tanh:
      return map(out, Math<Unary::Tanh>{}, x);
    case Unary::Sigmoid:
      return map(out, Math<Unary::Sigmoid>{}, x);
    case Unary::Erf:
      return map(out, Math<Unary::Erf>{}, x);
  }
}

void clamp_loop(const Tensor& out, const Tensor& x, double low, double high) {
  map(out, Clamp{low, high}, x);
}

void tanh_backward_loop(const Tensor& out, const Tensor& g, const Tensor& y) {
  map(out, TanhBackward{}, g, y);
}

void sigmoid_backward_loop(const Tensor& out, const Tensor& g, const Tensor& y) {
  map(out, SigmoidBackward{}, g, y);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {
namespace {

HWY_EXPORT(unary_loop);
HWY_EXPORT(clamp_loop);
HWY_EXPORT(tanh_backward_loop);
HWY_EXPORT(sigmoid_backward_loop);

bool keeps_integers(Unary op) {
  return op == Unary::Neg || op == Unary::Square || op == Unary::Abs || op == Unary::Sign ||
         op == Unary::Floor || op == Unary::Round;
}

Tensor whole(Unary op, const Tensor& x) {
  Tensor out = empty(x.shape(), int64);
  const auto run = [&](auto f) { map_elements<std::int64_t, std::int64_t>(out, f, x); };
  // Unsigned, since the least int64 has no negative: it stays what it is, as in PyTorch.
  const auto negative = [](std::int64_t v) {
    return static_cast<std::int64_t>(-static_cast<std::uint64_t>(v));
  };
  switch (op) {
    case Unary::Neg:
      run(negative);
      break;
    case Unary::Abs:
      run([=](std::int64_t v) { return v < 0 ? negative(v) : v; });
      break;
    case Unary::Square:
      run([](std::int64_t v) {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(v) *
                                         static_cast<std::uint64_t>(v));
      });
      break;
    case Unary::Sign:
      run([](std::int64_t v) { return std::int64_t{v > 0} - (v < 0); });
      break;
    default:
      return clone(x);  // floor, round
  }
  return out;
}

/// What `op` makes of bool: sign is the identity and square counts, the rest has no meaning.
Tensor of_bool(Unary op, const Tensor& x) {
  if (op == Unary::Sign) return clone(x);
  check(op == Unary::Square, "has no meaning for a bool tensor; {}",
        op == Unary::Neg ? "use logical_not" : "convert it with to(int64)");
  return to(x, int64);
}

Tensor backward(decltype(HWY_DYNAMIC_DISPATCH(tanh_backward_loop)) loop, const Tensor& g,
                const Tensor& y) {
  Tensor out = empty(broadcast(g.shape(), y.shape()), result_type(g, y));
  loop(out, to(g, out.dtype()), to(y, out.dtype()));
  return out;
}

}  // namespace

Tensor unary(Unary op, const Tensor& x) {
  if (!x.is_floating() && keeps_integers(op))
    return x.dtype() == int64 ? whole(op, x) : of_bool(op, x);
  const Tensor input = x.is_floating() ? x : to(x, float32);
  Tensor out = empty(input.shape(), input.dtype());
  HWY_DYNAMIC_DISPATCH(unary_loop)(out, op, input);
  return out;
}

Tensor clamp(const Tensor& x, std::optional<Scalar> low, std::optional<Scalar> high) {
  check(low || high, "needs a lower or an upper bound");
  DType dtype = x.dtype();
  for (const std::optional<Scalar>& bound : {low, high}) {
    if (!bound) continue;
    check(!std::isnan(bound->to<double>()), "a bound is NaN");
    dtype = promote(dtype, result_type(x, *bound));
  }
  const Tensor input = to(x, dtype);
  Tensor out = empty(x.shape(), dtype);
  if (is_floating(dtype)) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto loop = HWY_DYNAMIC_DISPATCH(clamp_loop);
    loop(out, input, low ? low->to<double>() : -infinity, high ? high->to<double>() : infinity);
    return out;
  }
  const auto clamp_as = [&]<class T>(T) {
    const T bottom = low ? low->to<T>() : std::numeric_limits<T>::lowest();
    const T top = high ? high->to<T>() : std::numeric_limits<T>::max();
    map_elements<T, T>(
        out, [=](T v) { return std::min(std::max(v, bottom), top); }, input);
  };
  dtype == int64 ? clamp_as(std::int64_t{}) : clamp_as(bool{});
  return out;
}

Tensor tanh_backward(const Tensor& g, const Tensor& y) {
  return backward(HWY_DYNAMIC_DISPATCH(tanh_backward_loop), g, y);
}

Tensor sigmoid_backward(const Tensor& g, const Tensor& y) {
  return backward(HWY_DYNAMIC_DISPATCH(sigmoid_backward_loop), g, y);
}

}  // namespace gradus::kernel
#endif  // HWY_ONCE
