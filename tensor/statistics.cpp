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

template <class T>
HWY_INLINE Sums sums_of(const T* x, std::int64_t n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto largest = hn::Set(d, std::numeric_limits<T>::max());
  const auto zero = hn::Zero(Wide());
  Moments low{zero, zero};
  Moments high{zero, zero};
  auto abs_max = hn::Zero(d);
  std::size_t zeros = 0;
  std::size_t finite = 0;
  for (std::int64_t i = 0; i < n; i += lanes) {
    const auto valid = hn::FirstN(d, static_cast<std::size_t>(std::min(lanes, n - i)));
    auto v = n - i >= lanes ? hn::LoadU(d, x + i) : hn::MaskedLoad(valid, d, x + i);
    const auto is_finite = hn::Le(hn::Abs(v), largest);  // false for NaN
    zeros += hn::CountTrue(d, hn::And(valid, hn::Eq(v, hn::Zero(d))));
    finite += hn::CountTrue(d, hn::And(valid, is_finite));
    v = hn::IfThenElseZero(is_finite, v);
    abs_max = hn::Max(abs_max, hn::Abs(v));
    add(d, v, low, high);
  }
  Sums sums;
  sums.sum = total(low.sum, high.sum);
  sums.squares = total(low.squares, high.squares);
  sums.abs_max = hn::GetLane(hn::MaxOfLanes(d, abs_max));
  sums.zeros = static_cast<std::int64_t>(zeros);
  sums.finite = static_cast<std::int64_t>(finite);
  return sums;
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
