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

#include "gradus/tensor/elementwise.h"
#include "hwy/cache_control.h"
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

/// Larger results leave the cache before anyone reads them.
inline constexpr std::int64_t streaming_bytes = 8 << 20;

/// The whole vectors of map_dense for operands that do not fit the cache; returns how far it came.
/// Stores past the cache save reading what they overwrite, and the prefetches, a few lines beyond
/// the processor's own, cost nothing where memory is the limit.
template <class T, class F, class... In>
HWY_INLINE std::int64_t map_streaming(const F& f, std::int64_t n, T* out, const In*... in) {
  constexpr std::int64_t ahead = 2048 / sizeof(T);
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (reinterpret_cast<std::uintptr_t>(out) % (sizeof(T) * hn::Lanes(d)) != 0) return 0;
  std::int64_t i = 0;
  for (; i + ahead + lanes <= n; i += lanes) {
    (__builtin_prefetch(in + i + ahead), ...);
    hn::Stream(f(d, hn::LoadU(d, in + i)...), d, out + i);
  }
  if (i > 0) hwy::FlushStream();
  return i;
}

/// out[i] = f(d, in[i]...) for i < n, all contiguous. out may be one of the inputs. Every element
/// is computed by the same vector code, so its value does not depend on where it lies.
template <class T, bool streaming = false, class F, class... In>
HWY_INLINE void map_dense(const F& f, std::int64_t n, T* out, const In*... in) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  if constexpr (streaming) i = map_streaming(f, n, out, in...);
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(d, hn::LoadU(d, in + i)...), d, out + i);
  }
  if (i == n) return;
#if HWY_MEM_OPS_MIGHT_FAULT  // masked accesses may touch what lies behind the end
  const auto padded = [d, i, n](const T* from) HWY_ATTR {
    HWY_ALIGN T lane[hn::MaxLanes(d)] = {};
    std::copy(from + i, from + n, lane);
    return hn::Load(d, lane);
  };
  HWY_ALIGN T result[hn::MaxLanes(d)];
  hn::Store(f(d, padded(in)...), d, result);
  std::copy(result, result + (n - i), out + i);
#else
  const auto rest = hn::FirstN(d, static_cast<std::size_t>(n - i));
  hn::BlendedStore(f(d, hn::MaskedLoad(rest, d, in + i)...), rest, d, out + i);
#endif
}

/// map_dense as a DenseLoop: the one piece of code that is compiled for each functor.
template <class T, bool streaming, class F, std::size_t... K>
void dense_loop(const void* functor, std::int64_t n, T* out, const T* const* in) {
  map_dense<T, streaming>(*static_cast<const F*>(functor), n, out, in[K]...);
}

template <class T, class F, std::size_t... K>
void map_as(const Tensor& out, const F& f, std::index_sequence<K...>,
            const std::array<const Tensor*, sizeof...(K)>& in) {
  if constexpr (requires { F::is_cheap; }) {
    const bool streaming = out.numel() * std::int64_t{sizeof(T)} > streaming_bytes;
    elementwise<T>(out, in, cheap_grain,
                   streaming ? &dense_loop<T, true, F, K...> : &dense_loop<T, false, F, K...>, &f);
  } else {
    elementwise<T>(out, in, math_grain, &dense_loop<T, false, F, K...>, &f);
  }
}

/// out = f(d, in...), elementwise. Everything is of one dtype, float32 or float64, and the inputs
/// broadcast to out's shape; f is called as f(d, v...) with vectors of Highway's tag d. An input
/// may be `out` itself, but must not otherwise overlap it.
template <class F, class... In>
void map(const Tensor& out, const F& f, const In&... in) {
  visit_floating(out.dtype(), [&](auto zero) {
    map_as<decltype(zero)>(out, f, std::index_sequence_for<In...>(),
                           std::array<const Tensor*, sizeof...(In)>{&in...});
  });
}

}  // namespace gradus::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // include guard for each target
