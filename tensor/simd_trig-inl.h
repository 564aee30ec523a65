// Sin and Cos on Highway vectors, under the rules of simd_math-inl.h.

#if defined(GRADUS_TENSOR_SIMD_TRIG_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_SIMD_TRIG_INL_H_
#undef GRADUS_TENSOR_SIMD_TRIG_INL_H_
#else
#define GRADUS_TENSOR_SIMD_TRIG_INL_H_
#endif

#include <cmath>

#include "gradus/tensor/simd_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

/// x - n pi/2 for the nearest integer n, by three-part constants whose products with n < 2^20 are
/// exact but for the last (Cody and Waite 1980, Software Manual for the Elementary Functions).
template <class D, class V>
HWY_INLINE V reduce_quarter_turns(D d, V x, V& n) {
  n = hn::Sub(hn::MulAdd(x, constant(d, 0.63661977236758134), rounder(d)), rounder(d));
  V r = hn::NegMulAdd(n, constant(d, 0x1.921fb544p+0), x);
  r = hn::NegMulAdd(n, constant(d, 0x1.0b4611a6p-34), r);
  return hn::NegMulAdd(n, constant(d, 0x1.3198a2e037073p-69), r);
}

/// The same for float. Reduced in double: near a multiple of pi all of a float's bits cancel.
template <class D, class V>
HWY_INLINE V reduce_quarter_turns_single(D d, V x, V& n) {
#if HWY_TARGET == HWY_SCALAR
  const hn::Rebind<double, D> dd;
  hn::Vec<decltype(dd)> whole;
  const auto r = reduce_quarter_turns(dd, hn::PromoteTo(dd, x), whole);
  n = hn::DemoteTo(d, whole);
  return hn::DemoteTo(d, r);
#else
  const hn::Half<D> dh;
  const hn::Rebind<double, decltype(dh)> dd;
  hn::Vec<decltype(dd)> low;
  hn::Vec<decltype(dd)> high;
  const auto r0 = reduce_quarter_turns(dd, hn::PromoteTo(dd, hn::LowerHalf(dh, x)), low);
  const auto r1 = reduce_quarter_turns(dd, hn::PromoteTo(dd, hn::UpperHalf(dh, x)), high);
  n = hn::Combine(d, hn::DemoteTo(dh, high), hn::DemoteTo(dh, low));
  return hn::Combine(d, hn::DemoteTo(dh, r1), hn::DemoteTo(dh, r0));
#endif
}

/// sin(x + quarter pi/2).
template <class D, class V>
HWY_INLINE V sine(D d, V x, int quarter) {
  using T = hn::TFromD<D>;
  const hn::RebindToSigned<D> di;
  using TI = hn::TFromD<decltype(di)>;
  V whole;
  V r;
  if constexpr (is_single<D>) {
    r = reduce_quarter_turns_single(d, x, whole);
  } else {
    r = reduce_quarter_turns(d, x, whole);
  }
  const auto n =
      hn::Add(hn::BitCast(di, hn::Add(whole, rounder(d))), hn::Set(di, static_cast<TI>(quarter)));
  const V z = hn::Mul(r, r);
  V p;
  V q;
  if constexpr (is_single<D>) {
    p = polynomial(d, z, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880);
    q = polynomial(d, z, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800);
  } else {
    p = polynomial(d, z, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800,
                   1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000);
    q = polynomial(d, z, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600,
                   -1.0 / 87178291200, 1.0 / 20922789888000);
  }
  const V sin_r = hn::MulAdd(hn::Mul(r, z), p, r);
  const V half = hn::Mul(z, constant(d, 0.5));
  const V cos_r = hn::Sub(constant(d, 1), hn::NegMulAdd(hn::Mul(z, z), q, half));
  const auto bit = [&](TI mask) HWY_ATTR {
    return hn::RebindMask(d, hn::Ne(hn::And(n, hn::Set(di, mask)), hn::Zero(di)));
  };
  V y = hn::IfThenElse(bit(1), cos_r, sin_r);
  y = hn::IfThenElse(bit(2), hn::Neg(y), y);
  if (quarter == 0) {
    y = hn::IfThenElse(hn::Lt(hn::Abs(x), constant(d, is_single<D> ? 0x1p-13 : 0x1p-27)), x, y);
  }

  const auto ordinary = hn::Lt(hn::Abs(x), constant(d, is_single<D> ? 1e6 : 1e5));
  if (hn::AllTrue(d, ordinary)) [[likely]]
    return y;
  // Large arguments need more of pi than three constants hold.
  HWY_ALIGN T lane[hn::MaxLanes(d)];
  hn::Store(x, d, lane);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    lane[i] = quarter == 0 ? std::sin(lane[i]) : std::cos(lane[i]);
  }
  return hn::IfThenElse(ordinary, y, hn::Load(d, lane));
}

template <class D, class V>
HWY_INLINE V Sin(D d, V x) {
  return sine(d, x, 0);
}

template <class D, class V>
HWY_INLINE V Cos(D d, V x) {
  return sine(d, x, 1);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
