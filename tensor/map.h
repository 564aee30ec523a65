#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gradus/tensor/iterate.h"
#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

/// Elements that make a thread worth its while where each costs an operation or two.
inline constexpr std::int64_t map_grain = 1 << 16;

namespace detail {

/// n <= block numbers at a stride, as contiguous ones.
inline constexpr std::int64_t block = 256;
template <class T>
const T* packed(const T* from, std::int64_t stride, std::int64_t n, T* buffer) {
  if (stride == 1) return from;
  if (stride == 0) {
    std::fill_n(buffer, n, *from);
  } else {
    for (std::int64_t i = 0; i < n; ++i) buffer[i] = from[i * stride];
  }
  return buffer;
}

/// Operands that are not contiguous pass through buffers, so that the compiler has one loop to
/// vectorise.
template <class F, class Out, class... In, std::size_t... K>
void map_elements(const Nest& nest, const F& f, Out* out, const std::tuple<const In*...>& in,
                  std::index_sequence<K...>) {
  nest.parallel_walk(map_grain,
                     [&](std::int64_t n, const std::int64_t* offsets, const std::int64_t* strides) {
                       const bool dense = strides[0] == 1 && ((strides[K + 1] == 1) && ...);
                       const std::int64_t step = dense ? n : block;
                       Out results[block];
                       [[maybe_unused]] std::tuple<std::array<In, block>...> buffers;
                       for (std::int64_t begin = 0; begin < n; begin += step) {
                         const std::int64_t m = std::min(step, n - begin);
                         [[maybe_unused]] const std::tuple<const In*...> from = {
                             packed(std::get<K>(in) + offsets[K + 1] + begin * strides[K + 1],
                                    strides[K + 1], m, std::get<K>(buffers).data())...};
                         Out* const target = out + offsets[0] + begin * strides[0];
                         Out* const to = strides[0] == 1 ? target : results;
                         for (std::int64_t i = 0; i < m; ++i) to[i] = f(std::get<K>(from)[i]...);
                         if (to == target) continue;
                         for (std::int64_t i = 0; i < m; ++i) target[i * strides[0]] = to[i];
                       }
                     });
}

}  // namespace detail

/// out = f(in...), elementwise in plain C++ on elements of any types: `map_elements<bool, T,
/// T>(out, std::less<T>(), a, b)`. The inputs broadcast to out's shape. Floating arithmetic goes
/// through the vector loops of simd-inl.h instead.
template <Element Out, Element... In, class F>
void map_elements(
    const Tensor& out, const F& f,
    const typename std::type_identity<std::conditional_t<true, Tensor, In>>::type&... in) {
  const Nest nest =
      Nest::any_order(out.shape(), {out.layout(), in.layout().broadcast_to(out.shape())...});
  detail::map_elements(nest, f, out.data<Out>() - out.layout().offset,
                       std::tuple<const In*...>(in.template data<In>() - in.layout().offset...),
                       std::index_sequence_for<In...>());
}

}  // namespace gradus::kernel
