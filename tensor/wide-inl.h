// What the vector loops of reductions share.

#if defined(GRADUS_TENSOR_WIDE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_WIDE_INL_H_
#undef GRADUS_TENSOR_WIDE_INL_H_
#else
#define GRADUS_TENSOR_WIDE_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Numbers as doubles: D is a tag of double.
template <class D>
HWY_INLINE hn::Vec<D> load_wide(D d, const float* x) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), x));
}
template <class D>
HWY_INLINE hn::Vec<D> load_wide(D d, const double* x) {
  return hn::LoadU(d, x);
}

/// The greater or the smaller of each pair, NaN where either is; a of equals.
template <bool greatest, class V>
HWY_INLINE V extreme(V a, V b) {
  const auto stays = greatest ? hn::Le(b, a) : hn::Ge(b, a);
  return hn::IfThenElse(hn::Or(stays, hn::IsNaN(a)), a, b);
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
