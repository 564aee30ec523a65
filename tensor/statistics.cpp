#include "gradus/tensor/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gradus/tensor/context.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/statistics.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "hwy/highway.h"

#ifndef GRADUS_TENSOR_STATISTICS_SUMS
#define GRADUS_TENSOR_STATISTICS_SUMS
namespace gradus::kernel {

/// What is added up over the elements.
struct Sums {
  double sum = 0;
  double squares = 0;
  double abs_max = 0;
  std::int64_t zeros = 0;
  std::int64_t finite = 0;
};

}  // namespace gradus::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Wide = hn::ScalableTag<double>;

struct Moments {
  hn::Vec<Wide> sum, squares;
};

HWY_INLINE void add(hn::Vec<Wide> v, Moments& to) {
  to.sum = hn::Add(to.sum, v);
  to.squares = hn::MulAdd(v, v, to.squares);
}

/// Adds a vector of either type, a float one as two halves.
HWY_INLINE void add(hn::ScalableTag<double>, hn::Vec<Wide> v, Moments& low, Moments&) {
  add(v, low);
}
template <class V>
HWY_INLINE void add(hn::ScalableTag<float> d, V v, Moments& low, Moments& high) {
#if HWY_TARGET == HWY_SCALAR
  add(hn::PromoteTo(Wide(), v), low);
  static_cast<void>(d);
  static_cast<void>(high);
#else
  const hn::Half<decltype(d)> half;
  add(hn::PromoteTo(Wide(), hn::LowerHalf(half, v)), low);
  add(hn::PromoteTo(Wide(), hn::UpperHalf(half, v)), high);
#endif
}

HWY_INLINE double total(hn::Vec<Wide> a, hn::Vec<Wide> b) {
  return hn::GetLane(hn::SumOfLanes(Wide(), hn::Add(a, b)));
}

/// What has been added up so far, by lanes. With `all_finite` no element is looked at for being NaN
/// or infinite, and one that is spoils the sums.
template <bool all_finite, class T>
struct Totals {
  using D = hn::ScalableTag<T>;

  HWY_INLINE void take(hn::Vec<D> v) {
    const D d;
    zeros += hn::CountTrue(d, hn::Eq(v, hn::Zero(d)));
    if constexpr (!all_finite) {
      const auto largest = hn::Set(d, std::numeric_limits<T>::max());
      const auto is_finite = hn::Le(hn::Abs(v), largest);  // false for NaN
      finite += hn::CountTrue(d, is_finite);
      v = hn::IfThenElseZero(is_finite, v);
    }
    abs_max = hn::Max(abs_max, hn::Abs(v));
    add(d, v, low, high);
  }

  Moments low, high;
  hn::Vec<D> abs_max;
  std::size_t zeros = 0;
  std::size_t finite = 0;
};

template <bool all_finite, class T>
HWY_INLINE Sums added_up(const T* x, std::int64_t n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto zero = hn::Zero(Wide());
  Totals<all_finite, T> totals{{zero, zero}, {zero, zero}, hn::Zero(d)};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) totals.take(hn::LoadU(d, x + i));
  std::int64_t padding = 0;  // zeros that are not x's
  if (i < n) {
    totals.take(hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n - i)), d, x + i));
    padding = i + lanes - n;
  }
  Sums sums;
  sums.sum = total(totals.low.sum, totals.high.sum);
  sums.squares = total(totals.low.squares, totals.high.squares);
  sums.abs_max = hn::GetLane(hn::MaxOfLanes(d, totals.abs_max));
  sums.zeros = static_cast<std::int64_t>(totals.zeros) - padding;
  sums.finite = all_finite ? n : static_cast<std::int64_t>(totals.finite) - padding;
  return sums;
}

// Nearly always all are finite, and then so is the sum of squares.
template <class T>
HWY_INLINE Sums sums_of(const T* x, std::int64_t n) {
  const Sums sums = added_up<true>(x, n);
  return std::isfinite(sums.squares) ? sums : added_up<false>(x, n);
}

Sums sums_float(const float* x, std::int64_t n) { return sums_of(x, n); }
Sums sums_double(const double* x, std::int64_t n) { return sums_of(x, n); }

}  // namespace
}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus {
namespace kernel {
namespace {

HWY_EXPORT(sums_float);
HWY_EXPORT(sums_double);

Sums sums(const float* x, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(sums_float)(x, n); }
Sums sums(const double* x, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(sums_double)(x, n); }

// Blocks of one size, added in their order, whatever the number of threads.
template <class T>
Sums sums_in_blocks(const T* x, std::int64_t n) {
  constexpr std::int64_t block = 1 << 16;
  if (n <= block) return sums(x, n);
  std::vector<Sums> parts(static_cast<std::size_t>((n + block - 1) / block));
  parallel_for(
      0, static_cast<std::int64_t>(parts.size()), 2, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          parts[static_cast<std::size_t>(i)] = sums(x + i * block, std::min(block, n - i * block));
        }
      });
  Sums all;
  for (const Sums& part : parts) {
    all.sum += part.sum;
    all.squares += part.squares;
    all.abs_max = std::max(all.abs_max, part.abs_max);
    all.zeros += part.zeros;
    all.finite += part.finite;
  }
  return all;
}

}  // namespace
}  // namespace kernel

Statistics statistics(const Tensor& x, Where at) {
  ContextScope scope(entering("statistics", at));
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  Tensor dense = kernel::contiguous(x);
  kernel::Sums sums;
  visit_floating(x.dtype(), [&](auto zero) {
    sums = kernel::sums_in_blocks(dense.data<decltype(zero)>(), x.numel());
  });

  Statistics s;
  s.count = x.numel();
  s.zeros = sums.zeros;
  s.nonfinite = s.count - sums.finite;
  s.norm = std::sqrt(sums.squares);
  s.abs_max = sums.abs_max;
  if (sums.finite > 0) {
    auto n = static_cast<double>(sums.finite);
    s.mean = sums.sum / n;
    s.rms = std::sqrt(sums.squares / n);
    double deviations = std::max(sums.squares - sums.sum * s.mean, 0.0);
    if (sums.finite > 1) s.std = std::sqrt(deviations / (n - 1));
  }
  return s;
}

}  // namespace gradus
#endif
