// Elementary functions on Highway vectors, float and double, for functors of simd-inl.h:
// Exp, Expm1, Log, Log1p, Tanh, Sigmoid, Softplus, Erf; Sin and Cos are in simd_trig-inl.h. All are
// within 4 ulp of the true value (tests/simd_math_test.cpp holds them to it), return NaN for NaN,
// keep the sign of zero, and take denormals and infinities to what the C functions of the same name
// give.
//
// Polynomials are Taylor's unless a comment says otherwise: a term or two longer than a minimax
// fit, and their coefficients need no trust.

#if defined(GRADUS_TENSOR_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_SIMD_MATH_INL_H_
#undef GRADUS_TENSOR_SIMD_MATH_INL_H_
#else
#define GRADUS_TENSOR_SIMD_MATH_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>

#include "gradus/tensor/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

template <class D>
inline constexpr bool is_single = sizeof(hn::TFromD<D>) == sizeof(float);

/// c + c1 x + c2 x^2 + ...
template <class D, class V>
HWY_INLINE V polynomial(D d, V, double c) {
  return constant(d, c);
}
template <class D, class V, class... C>
HWY_INLINE V polynomial(D d, V x, double c, C... higher) {
  return hn::MulAdd(polynomial(d, x, higher...), x, constant(d, c));
}

/// Adding it rounds a number below 2^22 (float) or 2^51 (double) to an integer, which then stands
/// in the low bits of the sum.
template <class D>
HWY_INLINE hn::Vec<D> rounder(D d) {
  return constant(d, is_single<D> ? 0x1.8p23 : 0x1.8p52);
}

/// 2^n for integers n in the range of normal numbers.
template <class D, class VI>
HWY_INLINE hn::Vec<D> power_of_two(D d, VI n) {
  const hn::RebindToSigned<D> di;
  using TI = hn::TFromD<decltype(di)>;
  return hn::BitCast(d, hn::ShiftLeft < is_single<D>
                            ? 23
                            : 52 > (hn::Add(n, hn::Set(di, TI{is_single<D> ? 127 : 1023}))));
}

/// x = n ln 2 + r with |r| <= ln 2 / 2. ln 2 is split in two, the first with zeros enough in its
/// low bits for its product with n to be exact.
template <class D, class V>
HWY_INLINE V reduce_exp(D d, V x, hn::Vec<hn::RebindToSigned<D>>& n) {
  const hn::RebindToSigned<D> di;
  const V shifted = hn::MulAdd(x, constant(d, 1.44269504088896341), rounder(d));
  n = hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, rounder(d)));
  const V whole = hn::Sub(shifted, rounder(d));
  const V high = constant(d, is_single<D> ? 0x1.63p-1 : 0x1.62e42feep-1);
  const V low = constant(d, is_single<D> ? -0x1.bd0105c610ca8p-13 : 0x1.a39ef35793c76p-33);
  return hn::NegMulAdd(whole, low, hn::NegMulAdd(whole, high, x));
}

/// e^r - 1 for |r| <= ln 2 / 2.
template <class D, class V>
HWY_INLINE V expm1_reduced(D d, V r) {
  V p;
  if constexpr (is_single<D>) {
    p = polynomial(d, r, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040);
  } else {
    p = polynomial(d, r, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320,
                   1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800);
  }
  return hn::MulAdd(hn::Mul(r, r), p, r);
}

/// Exp of any argument; out of line, since few vectors need it.
template <class D, class V>
HWY_NOINLINE V exp_anywhere(D d, V x) {
  // Beyond these the result is infinite or zero, and n would leave its range.
  const V low = constant(d, is_single<D> ? -104.5 : -746.0);
  const V high = constant(d, is_single<D> ? 89.0 : 710.0);
  hn::Vec<hn::RebindToSigned<D>> n;
  const V r = reduce_exp(d, hn::Min(hn::Max(x, low), high), n);
  const V y = hn::Add(constant(d, 1), expm1_reduced(d, r));
  const auto half = hn::ShiftRight<1>(n);  // in two steps, for denormal results
  const V scaled = hn::Mul(hn::Mul(y, power_of_two(d, half)), power_of_two(d, hn::Sub(n, half)));
  return hn::IfThenElse(hn::IsNaN(x), x, scaled);
}

template <class D, class V>
HWY_INLINE V Exp(D d, V x) {
  const auto ordinary = hn::Lt(hn::Abs(x), constant(d, is_single<D> ? 87 : 708));
  if (!hn::AllTrue(d, ordinary)) [[unlikely]]
    return exp_anywhere(d, x);
  // The result is a normal number, so n may be added to its exponent.
  const hn::RebindToSigned<D> di;
  hn::Vec<decltype(di)> n;
  const V r = reduce_exp(d, x, n);
  const V y = hn::Add(constant(d, 1), expm1_reduced(d, r));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, y), hn::ShiftLeft < is_single<D> ? 23 : 52 > (n)));
}

template <class D, class V>
HWY_INLINE V Expm1(D d, V x) {
  const V low = constant(d, is_single<D> ? -40.0 : -80.0);
  const V high = constant(d, is_single<D> ? 89.0 : 710.0);
  hn::Vec<hn::RebindToSigned<D>> n;
  const V r = reduce_exp(d, hn::Min(hn::Max(x, low), high), n);
  // 2^n (e^r - 1) + (2^n - 1), halved so that 2^n does not overflow before the sum does.
  const hn::RebindToSigned<D> di;
  const V scale = power_of_two(d, hn::Sub(n, hn::Set(di, 1)));
  const V y = hn::MulAdd(scale, expm1_reduced(d, r), hn::Sub(scale, constant(d, 0.5)));
  const auto as_is =
      hn::Or(hn::IsNaN(x), hn::Lt(hn::Abs(x), constant(d, is_single<D> ? 0x1p-25 : 0x1p-54)));
  return hn::IfThenElse(as_is, x, hn::Add(y, y));
}

/// u = 2^k (1 + f) for normal u > 0, 1 + f in [sqrt(1/2), sqrt(2)); returns k.
template <class D, class V>
HWY_INLINE V split_log(D d, V u, V& f) {
  const hn::RebindToSigned<D> di;
  constexpr int mantissa = is_single<D> ? 23 : 52;
  // The exponent of u / sqrt(1/2), found in the bits.
  const auto root = hn::BitCast(di, constant(d, 0.70710678118654752));
  const auto k = hn::ShiftRight<mantissa>(hn::Sub(hn::BitCast(di, u), root));
  f = hn::Sub(hn::BitCast(d, hn::Sub(hn::BitCast(di, u), hn::ShiftLeft<mantissa>(k))),
              constant(d, 1));
  return hn::Sub(hn::BitCast(d, hn::Add(k, hn::BitCast(di, rounder(d)))), rounder(d));
}

/// k ln 2 + log(1 + f) + c for a small correction c, by log(1 + f) = 2 atanh(s), s = f / (2 + f),
/// arranged so that f, the largest term where k = 0, enters unrounded:
/// log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)).
template <class D, class V>
HWY_INLINE V log_sum(D d, V k, V f, V c) {
  const V s = hn::Div(f, hn::Add(constant(d, 2), f));
  const V z = hn::Mul(s, s);
  V p;
  if constexpr (is_single<D>) {
    p = polynomial(d, z, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9);
  } else {
    p = polynomial(d, z, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17,
                   2.0 / 19, 2.0 / 21);
  }
  const V half_square = hn::Mul(hn::Mul(constant(d, 0.5), f), f);
  const V high = constant(d, is_single<D> ? 0x1.63p-1 : 0x1.62e42feep-1);
  const V low = constant(d, is_single<D> ? -0x1.bd0105c610ca8p-13 : 0x1.a39ef35793c76p-33);
  const V small = hn::MulAdd(s, hn::MulAdd(z, p, half_square), hn::MulAdd(k, low, c));
  return hn::MulAdd(k, high, hn::Sub(f, hn::Sub(half_square, small)));
}

/// log of x >= 0 or NaN is `y`; below it is NaN, at 0 and infinity what the limit says.
template <class D, class V>
HWY_INLINE V log_limits(D d, V x, V y) {
  const V infinity = constant(d, std::numeric_limits<double>::infinity());
  const V zero = hn::Zero(d);
  y = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  return hn::IfThenElse(hn::Ge(x, zero), y, constant(d, std::numeric_limits<double>::quiet_NaN()));
}

template <class D, class V>
HWY_INLINE V Log(D d, V x) {
  const V smallest = constant(d, is_single<D> ? 0x1p-126 : 0x1p-1022);
  const auto denormal = hn::Lt(x, smallest);
  const V u = hn::IfThenElse(denormal, hn::Mul(x, constant(d, 0x1p54)), x);
  V f;
  V k = split_log(d, u, f);
  k = hn::Sub(k, hn::IfThenElseZero(denormal, constant(d, 54)));
  return log_limits(d, x, log_sum(d, k, f, hn::Zero(d)));
}

template <class D, class V>
HWY_INLINE V Log1p(D d, V x) {
  const V one = constant(d, 1);
  const V u = hn::Add(one, x);
  V f;
  const V k = split_log(d, u, f);
  // What u lost in rounding, in proportion: log(1 + x) = log(u) + lost / u.
  const auto above = hn::Gt(x, one);
  const V lost = hn::Sub(hn::IfThenElse(above, one, x), hn::Sub(u, hn::IfThenElse(above, x, one)));
  const V y = log_limits(d, u, log_sum(d, k, f, hn::Div(lost, u)));
  return hn::IfThenElse(hn::Lt(hn::Abs(x), constant(d, is_single<D> ? 0x1p-25 : 0x1p-54)), x, y);
}

template <class D, class V>
HWY_INLINE V Tanh(D d, V x) {
  // With t = e^2|x| - 1: tanh |x| = t / (t + 2) = 1 - 2 / (t + 2).
  const V a = hn::Min(hn::Abs(x), constant(d, 20));
  const V t = Expm1(d, hn::Add(a, a));
  const V two = constant(d, 2);
  const auto large = hn::Ge(a, constant(d, 0.55));
  const V q = hn::Div(hn::IfThenElse(large, two, t), hn::Add(t, two));
  const V y = hn::IfThenElse(large, hn::Sub(constant(d, 1), q), q);
  return hn::IfThenElse(hn::IsNaN(x), x, hn::CopySign(y, x));
}

/// 1 / (1 + e^-x), with full precision in both tails.
template <class D, class V>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = constant(d, 1);
  const V e = Exp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

/// log(1 + e^x), without overflow.
template <class D, class V>
HWY_INLINE V Softplus(D d, V x) {
  const V y = hn::Add(hn::Max(x, hn::Zero(d)), Log1p(d, Exp(d, hn::Neg(hn::Abs(x)))));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

template <class D, class V>
HWY_INLINE V Erf(D d, V x) {
  const V a = hn::Abs(x);
  const V z = hn::Mul(x, x);
  constexpr double c = 1.12837916709551257;  // 2 / sqrt(pi)
  // |x| < 1: 2/sqrt(pi) x sum (-z)^k / (k! (2k + 1)), less its x, which is added unrounded.
  // |x| >= 1: 1 - e^-z erfcx|x|, with erfcx as a polynomial in u = (|x| - m) / (|x| + m) whose
  // coefficients are a Chebyshev fit: absolute error of erf 7e-17 to |x| = 6 (float: 8e-9, to 4).
  // Beyond, the second term has vanished.
  V p;
  V q;
  const V m = constant(d, is_single<D> ? 2 : 3);
  const V u = hn::Div(hn::Sub(a, m), hn::Add(a, m));
  if constexpr (is_single<D>) {
    p = polynomial(d, z, c - 1, -c / 3, c / 10, -c / 42, c / 216, -c / 1320, c / 9360, -c / 75600,
                   c / 685440, -c / 6894720, c / 76204800);
    q = polynomial(d, u, 0.25539564, -0.427185888, 0.241664025, -0.0789719523, 0.0035926707,
                   0.00683736679);
  } else {
    p = polynomial(d, z, c - 1, -c / 3, c / 10, -c / 42, c / 216, -c / 1320, c / 9360, -c / 75600,
                   c / 685440, -c / 6894720, c / 76204800, -c / 918086400, c / 11975040000,
                   -c / 168129561600, c / 2528170444800, -c / 40537905408000, c / 690452066304000,
                   -c / 12449059983360000);
    q = polynomial(d, u, 0.17900115118138906, -0.32623356004299005, 0.24560380171289325,
                   -0.15011593650783849, 0.07166583713850745, -0.02439249905225781,
                   0.0042691386433189062, 0.00070774362057914005, -0.00059710192994407547,
                   4.5236706286632361e-5, 6.4360743967602976e-5, -1.2383892608514313e-5,
                   -8.6685361501536469e-6);
  }
  const V one = constant(d, 1);
  const V inner = hn::MulAdd(x, p, x);
  const V outer = hn::CopySign(hn::NegMulAdd(Exp(d, hn::Neg(z)), q, one), x);
  V y = hn::IfThenElse(hn::Lt(a, one), inner, outer);
  y = hn::IfThenElse(hn::Gt(a, constant(d, is_single<D> ? 4 : 6)), hn::CopySign(one, x), y);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
