#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/line_sums.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/line.h"
#include "gradus/tensor/wide-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

using Wide = hn::ScalableTag<double>;

/// The sums of the terms that step(tag, i, sums...) adds to the vectors it is given, from the first
/// element on. Four chains hide the latency of the additions.
template <class Step>
HWY_INLINE double add_up(std::int64_t n, const Step& step) {
  const Wide d;
  const hn::CappedTag<double, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto a = hn::Zero(d), b = hn::Zero(d), c = hn::Zero(d), e = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = step(d, i, a);
    b = step(d, i + lanes, b);
    c = step(d, i + 2 * lanes, c);
    e = step(d, i + 3 * lanes, e);
  }
  for (; i + lanes <= n; i += lanes) a = step(d, i, a);
  auto rest = hn::Zero(one);
  for (; i < n; ++i) rest = step(one, i, rest);
  const auto all = hn::Add(hn::Add(a, b), hn::Add(c, e));
  return hn::GetLane(hn::SumOfLanes(d, all)) + hn::GetLane(rest);
}

template <class T>
struct Value {
  const T* x;
  template <class D, class V>
  HWY_INLINE V operator()(D d, std::int64_t i, V sum) const {
    return hn::Add(sum, load_wide(d, x + i));
  }
};

template <class T>
struct Magnitude {
  const T* x;
  template <class D, class V>
  HWY_INLINE V operator()(D d, std::int64_t i, V sum) const {
    return hn::Add(sum, hn::Abs(load_wide(d, x + i)));
  }
};

template <class T>
struct NonZero {
  const T* x;
  template <class D, class V>
  HWY_INLINE V operator()(D d, std::int64_t i, V sum) const {
    const auto counts = hn::Ne(load_wide(d, x + i), hn::Zero(d));
    return hn::Add(sum, hn::IfThenElseZero(counts, hn::Set(d, 1.0)));
  }
};

template <class T>
struct SquareMinus {
  const T* x;
  double shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, std::int64_t i, V sum) const {
    const V v = hn::Sub(load_wide(d, x + i), hn::Set(d, shift));
    return hn::MulAdd(v, v, sum);
  }
};

template <class T>
struct ProductMinus {
  const T* g;
  const T* x;
  double shift;
  template <class D, class V>
  HWY_INLINE V operator()(D d, std::int64_t i, V sum) const {
    return hn::MulAdd(load_wide(d, g + i), hn::Sub(load_wide(d, x + i), hn::Set(d, shift)), sum);
  }
};

template <class T>
double sum_values(std::int64_t n, const T* x) {
  return add_up(n, Value<T>{x});
}
template <class T>
double sum_magnitudes(std::int64_t n, const T* x) {
  return add_up(n, Magnitude<T>{x});
}
template <class T>
double count_nonzeros(std::int64_t n, const T* x) {
  return add_up(n, NonZero<T>{x});
}
template <class T>
double sum_squares_minus(std::int64_t n, const T* x, double shift) {
  return add_up(n, SquareMinus<T>{x, shift});
}
template <class T>
double sum_products_minus(std::int64_t n, const T* g, const T* x, double shift) {
  return add_up(n, ProductMinus<T>{g, x, shift});
}

template <class T>
std::array<double, 2> sum_moments(std::int64_t n, const T* x, double shift) {
  const Wide d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto s = hn::Set(d, shift);
  auto sum_a = hn::Zero(d), sum_b = hn::Zero(d), squares_a = hn::Zero(d), squares_b = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::Sub(load_wide(d, x + i), s);
    const auto b = hn::Sub(load_wide(d, x + i + lanes), s);
    sum_a = hn::Add(sum_a, a);
    sum_b = hn::Add(sum_b, b);
    squares_a = hn::MulAdd(a, a, squares_a);
    squares_b = hn::MulAdd(b, b, squares_b);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum_a, sum_b)));
  double squares = hn::GetLane(hn::SumOfLanes(d, hn::Add(squares_a, squares_b)));
  for (; i < n; ++i) {
    const double v = static_cast<double>(x[i]) - shift;
    sum += v;
    squares += v * v;
  }
  return {sum, squares};
}

template <class T>
constexpr line::Sums<T> line_sums = {sum_values<T>,        sum_magnitudes<T>,     count_nonzeros<T>,
                                     sum_squares_minus<T>, sum_products_minus<T>, sum_moments<T>};

const line::Sums<float>* float_sums() { return &line_sums<float>; }
const line::Sums<double>* double_sums() { return &line_sums<double>; }

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(float_sums);
HWY_EXPORT(double_sums);

template <>
const line::Sums<float>& line::sums() {
  return *HWY_DYNAMIC_DISPATCH(float_sums)();
}
template <>
const line::Sums<double>& line::sums() {
  return *HWY_DYNAMIC_DISPATCH(double_sums)();
}

}  // namespace gradus::kernel
#endif
