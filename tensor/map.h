#pragma once

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

template <class F, class Out, class... In, std::size_t... K>
void map_elements(const Nest& nest, const F& f, Out* out, const std::tuple<const In*...>& in,
                  std::index_sequence<K...>) {
  nest.parallel_walk(map_grain, [&](std::int64_t n, const std::int64_t* offsets,
                                    const std::int64_t* strides) {
    Out* to = out + offsets[0];
    [[maybe_unused]] const std::tuple<const In*...> from = {std::get<K>(in) + offsets[K + 1]...};
    if (strides[0] == 1 && ((strides[K + 1] == 1) && ...)) {  // for the compiler to vectorise
      for (std::int64_t i = 0; i < n; ++i) to[i] = f(std::get<K>(from)[i]...);
    } else {
      for (std::int64_t i = 0; i < n; ++i) {
        to[i * strides[0]] = f(std::get<K>(from)[i * strides[K + 1]]...);
      }
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
