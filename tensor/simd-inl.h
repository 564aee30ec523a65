// Vectorised elementwise loops with run-time dispatch, on Google Highway. A source that uses them
// is compiled once for each instruction set:
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "gradus/tensor/<this file>.cpp"
//   #include "gradus/tensor/simd_targets.h"
//   #include "hwy/foreach_target.h"
//   #include "gradus/tensor/simd-inl.h"
//
//   HWY_BEFORE_NAMESPACE();
//   namespace gradus::kernel::HWY_NAMESPACE {
//   struct Axpy {                                     // called with whole vectors
//     double alpha;
//     template <class D, class V>
//     HWY_INLINE V operator()(D d, V x, V y) const { return hn::MulAdd(constant(d, alpha), x, y); }
//   };
//   void axpy(const Tensor& out, double alpha, const Tensor& x, const Tensor& y) {
//     map(out, Axpy{alpha}, x, y);
//   }
//   }
//   HWY_AFTER_NAMESPACE();
//
//   #if HWY_ONCE
//   HWY_EXPORT(axpy);  ...  HWY_DYNAMIC_DISPATCH(axpy)(out, alpha, x, y);
//   #endif
//
// Functors are structs, not lambdas: a lambda does not inherit the target of its surroundings.

#if defined(GRADUS_TENSOR_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef GRADUS_TENSOR_SIMD_INL_H_
#undef GRADUS_TENSOR_SIMD_INL_H_
#else
#define GRADUS_TENSOR_SIMD_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "gradus/tensor/iterate.h"
#include "gradus/tensor/tensor.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace gradus::kernel::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Elements that make a thread worth its while: for a few arithmetic operations each, and for
/// exp and its kin.
inline constexpr std::int64_t cheap_grain = 1 << 17;
inline constexpr std::int64_t math_grain = 1 << 15;

/// `value` in every lane.
template <class D>
HWY_INLINE hn::Vec<D> constant(D d, double value) {
  return hn::Set(d, static_cast<hn::TFromD<D>>(value));
}

/// out[i] = f(d, in[i]...) for i < n, all contiguous. out may be one of the inputs. Every element
/// is computed by the same vector code, so its value does not depend on where it lies.
template <class T, class F, class... In>
HWY_INLINE void map_dense(const F& f, std::int64_t n, T* out, const In*... in) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(d, hn::LoadU(d, in + i)...), d, out + i);
  }
  if (i == n) return;
  const auto padded = [d, i, n](const T* from) HWY_ATTR {
    HWY_ALIGN T lane[hn::MaxLanes(d)] = {};
    std::copy(from + i, from + n, lane);
    return hn::Load(d, lane);
  };
  HWY_ALIGN T result[hn::MaxLanes(d)];
  hn::Store(f(d, padded(in)...), d, result);
  std::copy(result, result + (n - i), out + i);
}

/// One run of a nest: operand 0 is the output. Operands that are not contiguous pass through
/// buffers, so that there is one loop to compile whatever the strides.
template <class T, class F, std::size_t... K>
void map_run(const F& f, std::int64_t n, T* out, const std::array<const T*, sizeof...(K)>& in,
             const std::int64_t* strides, std::index_sequence<K...>) {
  if (strides[0] == 1 && ((strides[K + 1] == 1) && ...)) {
    map_dense(f, n, out, in[K]...);
    return;
  }
  constexpr std::int64_t chunk = 256;
  HWY_ALIGN T buffers[sizeof...(K) + 1][chunk];
  for (std::int64_t begin = 0; begin < n; begin += chunk) {
    const std::int64_t m = std::min(chunk, n - begin);
    const auto packed = [&](std::size_t k) {
      const T* from = in[k] + begin * strides[k + 1];
      const std::int64_t stride = strides[k + 1];
      T* buffer = buffers[k + 1];
      if (stride == 1) return from;
      if (stride == 0) {  // one value: the first chunk, the longest, serves for all
        if (begin == 0) std::fill_n(buffer, m, *from);
      } else {
        for (std::int64_t i = 0; i < m; ++i) buffer[i] = from[i * stride];
      }
      return static_cast<const T*>(buffer);
    };
    T* to = strides[0] == 1 ? out + begin : buffers[0];
    map_dense(f, m, to, packed(K)...);
    if (strides[0] != 1) {
      T* end = out + begin * strides[0];
      for (std::int64_t i = 0; i < m; ++i) end[i * strides[0]] = to[i];
    }
  }
}

template <class T, class F, std::size_t... K, class... In>
void map_as(const Tensor& out, const F& f, std::int64_t grain, std::index_sequence<K...> indices,
            const In&... in) {
  const Nest nest =
      Nest::any_order(out.shape(), {out.layout(), in.layout().broadcast_to(out.shape())...});
  T* const to = static_cast<T*>(out.storage()->data());
  const std::array<const T*, sizeof...(K)> from = {static_cast<const T*>(in.storage()->data())...};
  nest.parallel_walk(grain, [&](std::int64_t n, const std::int64_t* offsets,
                                const std::int64_t* strides) HWY_ATTR {
    map_run(f, n, to + offsets[0], {from[K] + offsets[K + 1]...}, strides, indices);
  });
}

/// out = f(d, in...), elementwise. Everything is of one dtype, float32 or float64, and the inputs
/// broadcast to out's shape; f is called as f(d, v...) with vectors of Highway's tag d. An input
/// may be `out` itself, but must not otherwise overlap it.
template <class F, class... In>
void map(const Tensor& out, const F& f, const In&... in) {
  constexpr std::int64_t grain = requires { F::is_cheap; }
  ? cheap_grain : math_grain;
  visit_floating(out.dtype(), [&](auto zero) {
    map_as<decltype(zero)>(out, f, grain, std::index_sequence_for<In...>(), in...);
  });
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
