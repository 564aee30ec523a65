#pragma once

// Kernels along one dimension, for the sources of kernels only.

#include <array>
#include <memory>
#include <utility>

#include "gradus/tensor/iterate.h"
#include "gradus/tensor/tensor.h"

namespace gradus::kernel {

namespace detail {

/// Lines that are not contiguous are copied a few neighbours at a time, so that memory is read in
/// its order where another dimension is the dense one.
template <class T, class F, std::size_t... K>
void run_lines(const Tensor& out, std::int64_t dim, const F& f,
               const std::array<const Tensor*, sizeof...(K)>& in, std::index_sequence<K...>) {
  constexpr std::size_t operands = sizeof...(K) + 1;
  constexpr std::int64_t together = 16;
  constexpr std::int64_t grain = 1 << 14;
  std::int64_t n = out.dim() == 0 ? 1 : out.shape()[dim];
  std::array<std::int64_t, operands> along;
  bool dense = true;
  auto across = [&](const Tensor& x, std::size_t k) {
    Layout rest = x.layout();
    rest.offset = 0;
    along[k] = 1;
    if (x.dim() > 0) {
      along[k] = rest.strides[dim];
      rest.shape.erase(static_cast<int>(dim));
      rest.strides.erase(static_cast<int>(dim));
    }
    dense = dense && (along[k] == 1 || n == 1);
    return rest;
  };
  if (n == 0) return;
  Layout result = across(out, 0);
  Nest nest = Nest::any_order(result.shape, {result, across(*in[K], K + 1)...});
  T* to = out.data<T>();
  std::array<const T*, operands> from = {nullptr, in[K]->template data<T>()...};

  nest.parallel_walk(
      std::max<std::int64_t>(grain / n, 1),
      [&](std::int64_t m, const std::int64_t* at, const std::int64_t* by) {
        if (dense) {
          for (std::int64_t j = 0; j < m; ++j) {
            f(n, to + at[0] + j * by[0], (from[K + 1] + at[K + 1] + j * by[K + 1])...);
          }
          return;
        }
        std::int64_t width = std::min(m, together);
        auto memory =
            std::make_unique_for_overwrite<T[]>(operands * static_cast<std::size_t>(width * n));
        auto buffer = [&](std::size_t k) {
          return memory.get() + static_cast<std::int64_t>(k) * width * n;
        };
        for (std::int64_t j = 0; j < m; j += width) {
          std::int64_t lines = std::min(width, m - j);
          auto copy_in = [&](std::size_t k) {
            const T* first = from[k] + at[k] + j * by[k];
            T* b = buffer(k);
            for (std::int64_t i = 0; i < n; ++i) {
              for (std::int64_t l = 0; l < lines; ++l)
                b[l * n + i] = first[i * along[k] + l * by[k]];
            }
          };
          (copy_in(K + 1), ...);
          for (std::int64_t l = 0; l < lines; ++l) {
            f(n, buffer(0) + l * n, static_cast<const T*>(buffer(K + 1) + l * n)...);
          }
          T* first = to + at[0] + j * by[0];
          for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t l = 0; l < lines; ++l) {
              first[i * along[0] + l * by[0]] = buffer(0)[l * n + i];
            }
          }
        }
      });
}

}  // namespace detail

/// Calls f(n, T* out, const T* in...) with each line of n elements along `dim` (wrapped), as if
/// it were contiguous. The tensors have one shape and dtype T.
template <class T, class F, class... In>
void map_lines(const Tensor& out, std::int64_t dim, const F& f, const In&... in) {
  detail::run_lines<T>(out, dim, f, {&in...}, std::index_sequence_for<In...>());
}

}  // namespace gradus::kernel
