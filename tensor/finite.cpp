#include "gradus/tensor/finite.h"

#include <algorithm>
#include <atomic>

#include "gradus/tensor/map.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gradus/tensor/finite.cpp"
#include "gradus/tensor/simd_targets.h"
#include "hwy/foreach_target.h"
// After foreach_target:
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Whether an element of x turns `test(element)` into something other than 0. Four vectors at a
/// time: their sums do not wait for each other.
template <class T, class Test>
HWY_INLINE bool any(const T* x, std::int64_t n, Test test) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto a = hn::Zero(d), b = a, c = a, e = a;
  std::int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = hn::Add(a, test(d, hn::LoadU(d, x + i)));
    b = hn::Add(b, test(d, hn::LoadU(d, x + i + lanes)));
    c = hn::Add(c, test(d, hn::LoadU(d, x + i + 2 * lanes)));
    e = hn::Add(e, test(d, hn::LoadU(d, x + i + 3 * lanes)));
  }
  for (; i < n; i += lanes) {
    const auto valid = hn::FirstN(d, static_cast<std::size_t>(n - i));
    a = hn::Add(a, test(d, hn::MaskedLoad(valid, d, x + i)));
  }
  const auto sum = hn::Add(hn::Add(a, b), hn::Add(c, e));
  return !hn::AllTrue(d, hn::Eq(sum, hn::Zero(d)));
}

// x - x is 0 for a finite number and NaN for any other.
struct NonFinite {
  template <class D, class V>
  HWY_INLINE V operator()(D, V v) const {
    return hn::Sub(v, v);
  }
};

struct NaN {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V v) const {
    return hn::IfThenElse(hn::Eq(v, v), hn::Zero(d), v);
  }
};

bool nonfinite_float(const float* x, std::int64_t n) { return any(x, n, NonFinite()); }
bool nonfinite_double(const double* x, std::int64_t n) { return any(x, n, NonFinite()); }
bool nan_float(const float* x, std::int64_t n) { return any(x, n, NaN()); }
bool nan_double(const double* x, std::int64_t n) { return any(x, n, NaN()); }

}  // namespace
}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gradus::kernel {
namespace {

HWY_EXPORT(nonfinite_float);
HWY_EXPORT(nonfinite_double);
HWY_EXPORT(nan_float);
HWY_EXPORT(nan_double);

struct NonFinite {
  bool operator()(const float* x, std::int64_t n) const {
    return HWY_DYNAMIC_DISPATCH(nonfinite_float)(x, n);
  }
  bool operator()(const double* x, std::int64_t n) const {
    return HWY_DYNAMIC_DISPATCH(nonfinite_double)(x, n);
  }
};

struct NaN {
  bool operator()(const float* x, std::int64_t n) const {
    return HWY_DYNAMIC_DISPATCH(nan_float)(x, n);
  }
  bool operator()(const double* x, std::int64_t n) const {
    return HWY_DYNAMIC_DISPATCH(nan_double)(x, n);
  }
};

constexpr std::int64_t grain = 1 << 17;  // elements that make a thread worth its while

template <class Any>
bool any_element(const Tensor& x, Any any) {
  if (!x.defined() || !x.is_floating()) return false;
  std::atomic<bool> found{false};
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if (x.numel() <= grain && x.is_contiguous()) {
      found.store(any(x.data<T>(), x.numel()), std::memory_order_relaxed);
      return;
    }
    const T* data = x.data<T>() - x.layout().offset;
    auto look = [&](const T* run, std::int64_t n) {
      if (any(run, n)) found.store(true, std::memory_order_relaxed);
    };
    Nest nest = Nest::any_order(x.shape(), {x.layout()});
    nest.parallel_walk(grain, [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
      const T* run = data + at[0];
      if (by[0] == 1) return look(run, n);
      if (by[0] == 0) return look(run, 1);
      T buffer[detail::block];
      for (std::int64_t i = 0; i < n; i += detail::block) {
        const std::int64_t m = std::min(detail::block, n - i);
        look(detail::packed(run + i * by[0], by[0], m, buffer), m);
      }
    });
  });
  return found.load(std::memory_order_relaxed);
}

}  // namespace

bool all_finite(const Tensor& x) { return !any_element(x, NonFinite()); }

bool has_nan(const Tensor& x) { return any_element(x, NaN()); }

}  // namespace gradus::kernel
#endif
