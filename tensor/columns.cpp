#include "gradus/tensor/columns.h"

#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/columns.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "gradus/tensor/wide-inl.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

/// Calls step(tag, c, r, count) for vectors of columns c and `count` rows from r on, then for
/// single columns. A few rows at a time: the accumulators, which lie in memory, are then loaded and
/// stored less often, and the rows still read in their order.
template <class D, class Step>
HWY_INLINE void down_columns(D d, std::int64_t rows, std::int64_t n, const Step& step) {
  constexpr std::int64_t together = 4;
  const hn::CappedTag<hn::TFromD<D>, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t r = 0; r < rows; r += together) {
    const std::int64_t count = std::min(together, rows - r);
    std::int64_t c = 0;
    if (count == together) {
      for (; c + lanes <= n; c += lanes)
        step(d, c, r, std::integral_constant<std::int64_t, together>());
    } else {
      for (; c + lanes <= n; c += lanes) step(d, c, r, count);
    }
    for (; c < n; ++c) step(one, c, r, count);
  }
}

template <class T>
struct SumStep {
  const T* x;
  std::int64_t stride;
  double* acc;

  template <class D, class Count>
  HWY_INLINE void operator()(D d, std::int64_t c, std::int64_t r, Count count) const {
    auto a = hn::LoadU(d, acc + c);
    for (std::int64_t i = 0; i < count; ++i) a = hn::Add(a, load_wide(d, x + (r + i) * stride + c));
    hn::StoreU(a, d, acc + c);
  }
};

template <class T>
struct SquaresStep {
  const T* x;
  std::int64_t stride;
  double* acc;

  template <class D, class Count>
  HWY_INLINE void operator()(D d, std::int64_t c, std::int64_t r, Count count) const {
    auto a = hn::LoadU(d, acc + c);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto v = load_wide(d, x + (r + i) * stride + c);
      a = hn::MulAdd(v, v, a);
    }
    hn::StoreU(a, d, acc + c);
  }
};

template <class T>
struct MomentsStep {
  const T* x;
  std::int64_t stride;
  const double* shift;
  double* sum;
  double* squares;

  template <class D, class Count>
  HWY_INLINE void operator()(D d, std::int64_t c, std::int64_t r, Count count) const {
    const auto s = hn::LoadU(d, shift + c);
    auto a = hn::LoadU(d, sum + c);
    auto b = hn::LoadU(d, squares + c);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto v = hn::Sub(load_wide(d, x + (r + i) * stride + c), s);
      a = hn::Add(a, v);
      b = hn::MulAdd(v, v, b);
    }
    hn::StoreU(a, d, sum + c);
    hn::StoreU(b, d, squares + c);
  }
};

template <class T>
struct DotsStep {
  const T* g;
  const T* x;
  std::int64_t stride;
  const double* shift;
  double* sum;
  double* dot;

  template <class D, class Count>
  HWY_INLINE void operator()(D d, std::int64_t c, std::int64_t r, Count count) const {
    const auto s = hn::LoadU(d, shift + c);
    auto a = hn::LoadU(d, sum + c);
    auto b = hn::LoadU(d, dot + c);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t at = (r + i) * stride + c;
      const auto v = load_wide(d, g + at);
      a = hn::Add(a, v);
      b = hn::MulAdd(v, hn::Sub(load_wide(d, x + at), s), b);
    }
    hn::StoreU(a, d, sum + c);
    hn::StoreU(b, d, dot + c);
  }
};

template <class T, bool greatest>
struct ExtremeStep {
  const T* x;
  std::int64_t stride;
  T* acc;

  template <class D, class Count>
  HWY_INLINE void operator()(D d, std::int64_t c, std::int64_t r, Count count) const {
    auto a = hn::LoadU(d, acc + c);
    for (std::int64_t i = 0; i < count; ++i) {
      a = extreme<greatest>(a, hn::LoadU(d, x + (r + i) * stride + c));
    }
    hn::StoreU(a, d, acc + c);
  }
};

template <class T>
void sum_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride, double* acc) {
  down_columns(hn::ScalableTag<double>(), rows, n, SumStep<T>{x, stride, acc});
}

template <class T>
void square_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                    double* acc) {
  down_columns(hn::ScalableTag<double>(), rows, n, SquaresStep<T>{x, stride, acc});
}

template <class T>
void moments_of_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                        const double* shift, double* sum, double* squares) {
  down_columns(hn::ScalableTag<double>(), rows, n, MomentsStep<T>{x, stride, shift, sum, squares});
}

template <class T>
void dot_columns(std::int64_t rows, std::int64_t n, const T* g, const T* x, std::int64_t stride,
                 const double* shift, double* sum, double* dot) {
  down_columns(hn::ScalableTag<double>(), rows, n, DotsStep<T>{g, x, stride, shift, sum, dot});
}

template <class T, bool greatest>
void extreme_of_columns(std::int64_t rows, std::int64_t n, const T* x, std::int64_t stride,
                        T* acc) {
  down_columns(hn::ScalableTag<T>(), rows, n, ExtremeStep<T, greatest>{x, stride, acc});
}

template <class T>
constexpr columns::Loops<T> column_loops = {
    sum_columns<T>, square_columns<T>,           moments_of_columns<T>,
    dot_columns<T>, extreme_of_columns<T, true>, extreme_of_columns<T, false>};

const columns::Loops<float>* float_columns() { return &column_loops<float>; }
const columns::Loops<double>* double_columns() { return &column_loops<double>; }

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {

HWY_EXPORT(float_columns);
HWY_EXPORT(double_columns);

template <>
const columns::Loops<float>& columns::loops() {
  return *HWY_DYNAMIC_DISPATCH(float_columns)();
}
template <>
const columns::Loops<double>& columns::loops() {
  return *HWY_DYNAMIC_DISPATCH(double_columns)();
}

}  // namespace gradus::kernel
#endif
