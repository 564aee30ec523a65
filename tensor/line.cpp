#include "gradus/tensor/line.h"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/line.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/simd-inl.h"
#include "gradus/tensor/simd_math-inl.h"
#include "gradus/tensor/wide-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

/// Vectors that are added up in T before the sum goes on in double: few enough to lose no digit
/// that matters, and enough to hide the conversion.
inline constexpr std::int64_t vectors_per_block = 32;

/// Adds up term(d, i) and term(d, i, count) for whole vectors and the rest of [0, n).
template <class T, class Term>
HWY_INLINE double add_up(std::int64_t n, const Term& term) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  double total = 0;
  std::int64_t i = 0;
  while (i + lanes <= n) {
    auto a = hn::Zero(d);
    auto b = hn::Zero(d);
    const std::int64_t end = std::min(n, i + vectors_per_block * lanes);
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      a = hn::Add(a, term(d, i));
      b = hn::Add(b, term(d, i + lanes));
    }
    if (i + lanes <= end) {
      a = hn::Add(a, term(d, i));
      i += lanes;
    }
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Add(a, b))));
  }
  if (i < n) total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, term.rest(d, i, n - i))));
  return total;
}

/// The last few elements of a line, the missing ones replaced by `fill`.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_rest(D d, const T* x, std::int64_t count, T fill) {
  HWY_ALIGN T lane[hn::MaxLanes(d)];
  std::fill(lane, lane + hn::Lanes(d), fill);
  std::copy(x, x + count, lane);
  return hn::Load(d, lane);
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_rest(D d, hn::Vec<D> v, T* y, std::int64_t count) {
  HWY_ALIGN T lane[hn::MaxLanes(d)];
  hn::Store(v, d, lane);
  std::copy(lane, lane + count, y);
}

template <class T>
struct ExpMinus {
  const T* x;
  T shift;
  T* y;  // null: the values are not wanted

  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, std::int64_t i) const {
    const auto e = Exp(d, hn::Sub(hn::LoadU(d, x + i), hn::Set(d, shift)));
    if (y != nullptr) hn::StoreU(e, d, y + i);
    return e;
  }
  template <class D>
  HWY_INLINE hn::Vec<D> rest(D d, std::int64_t i, std::int64_t count) const {
    const T nothing = -std::numeric_limits<T>::infinity();
    const auto e = Exp(d, hn::Sub(load_rest(d, x + i, count, nothing), hn::Set(d, shift)));
    if (y != nullptr) store_rest(d, e, y + i, count);
    return e;
  }
};

template <class T>
struct Product {
  const T* x;
  const T* y;
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, std::int64_t i) const {
    return hn::Mul(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
  }
  template <class D>
  HWY_INLINE hn::Vec<D> rest(D d, std::int64_t i, std::int64_t count) const {
    return hn::Mul(load_rest(d, x + i, count, T{0}), load_rest(d, y + i, count, T{0}));
  }
};

/// Four chains hide the latency of the comparisons.
template <bool greatest, class T>
T extreme_of(std::int64_t n, const T* x) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T neutral =
      greatest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  auto a = hn::Set(d, neutral), b = a, c = a, e = a;
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = extreme<greatest>(a, hn::LoadU(d, x + i));
    b = extreme<greatest>(b, hn::LoadU(d, x + i + lanes));
    c = extreme<greatest>(c, hn::LoadU(d, x + i + 2 * lanes));
    e = extreme<greatest>(e, hn::LoadU(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) a = extreme<greatest>(a, hn::LoadU(d, x + i));
  if (i < n) b = extreme<greatest>(b, load_rest(d, x + i, n - i, neutral));
  a = extreme<greatest>(extreme<greatest>(a, b), extreme<greatest>(c, e));
  if (!hn::AllFalse(d, hn::IsNaN(a))) return std::numeric_limits<T>::quiet_NaN();
  return hn::GetLane(greatest ? hn::MaxOfLanes(d, a) : hn::MinOfLanes(d, a));
}

float max_float(std::int64_t n, const float* x) { return extreme_of<true>(n, x); }
double max_double(std::int64_t n, const double* x) { return extreme_of<true>(n, x); }
float min_float(std::int64_t n, const float* x) { return extreme_of<false>(n, x); }
double min_double(std::int64_t n, const double* x) { return extreme_of<false>(n, x); }
double exp_minus_float(std::int64_t n, const float* x, float shift, float* y) {
  return add_up<float>(n, ExpMinus<float>{x, shift, y});
}
double exp_minus_double(std::int64_t n, const double* x, double shift, double* y) {
  return add_up<double>(n, ExpMinus<double>{x, shift, y});
}
double dot_float(std::int64_t n, const float* x, const float* y) {
  return add_up<float>(n, Product<float>{x, y});
}
double dot_double(std::int64_t n, const double* x, const double* y) {
  return add_up<double>(n, Product<double>{x, y});
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(max_float);
HWY_EXPORT(max_double);
HWY_EXPORT(min_float);
HWY_EXPORT(min_double);
HWY_EXPORT(exp_minus_float);
HWY_EXPORT(exp_minus_double);
HWY_EXPORT(dot_float);
HWY_EXPORT(dot_double);

namespace line {

float max(std::int64_t n, const float* x) { return HWY_DYNAMIC_DISPATCH(max_float)(n, x); }
double max(std::int64_t n, const double* x) { return HWY_DYNAMIC_DISPATCH(max_double)(n, x); }
float min(std::int64_t n, const float* x) { return HWY_DYNAMIC_DISPATCH(min_float)(n, x); }
double min(std::int64_t n, const double* x) { return HWY_DYNAMIC_DISPATCH(min_double)(n, x); }
double exp_minus(std::int64_t n, const float* x, float shift, float* y) {
  return HWY_DYNAMIC_DISPATCH(exp_minus_float)(n, x, shift, y);
}
double exp_minus(std::int64_t n, const double* x, double shift, double* y) {
  return HWY_DYNAMIC_DISPATCH(exp_minus_double)(n, x, shift, y);
}
double sum_exp_minus(std::int64_t n, const float* x, float shift) {
  return HWY_DYNAMIC_DISPATCH(exp_minus_float)(n, x, shift, nullptr);
}
double sum_exp_minus(std::int64_t n, const double* x, double shift) {
  return HWY_DYNAMIC_DISPATCH(exp_minus_double)(n, x, shift, nullptr);
}
double dot(std::int64_t n, const float* x, const float* y) {
  return HWY_DYNAMIC_DISPATCH(dot_float)(n, x, y);
}
double dot(std::int64_t n, const double* x, const double* y) {
  return HWY_DYNAMIC_DISPATCH(dot_double)(n, x, y);
}

}  // namespace line
}  // namespace gradus::kernel
#endif
