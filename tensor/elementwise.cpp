#include "gradus/tensor/elementwise.h"

#include <algorithm>
#include <array>

#include "gradus/tensor/map.h"

namespace gradus::kernel {
namespace {

constexpr std::size_t max_inputs = 3;

Nest nest_of(const Tensor& out, std::span<const Tensor* const> in) {
  auto layout = [&](std::size_t k) { return in[k]->layout().broadcast_to(out.shape()); };
  switch (in.size()) {
    case 1:
      return Nest::any_order(out.shape(), {out.layout(), layout(0)});
    case 2:
      return Nest::any_order(out.shape(), {out.layout(), layout(0), layout(1)});
    default:
      return Nest::any_order(out.shape(), {out.layout(), layout(0), layout(1), layout(2)});
  }
}

}  // namespace

template <class T>
void elementwise_dense(std::int64_t n, T* out, std::span<const T* const> in, std::int64_t grain,
                       DenseLoop<T> loop, const void* function) {
  if (n <= grain) {  // before all that a parallel run has to prepare
    if (n > 0) loop(function, n, out, in.data());
    return;
  }
  parallel_for(0, n, grain, [&](std::int64_t begin, std::int64_t end) {
    std::array<const T*, max_inputs> from;
    for (std::size_t k = 0; k < in.size(); ++k) from[k] = in[k] + begin;
    loop(function, end - begin, out + begin, from.data());
  });
}

template <class T>
void elementwise(const Tensor& out, std::span<const Tensor* const> in, std::int64_t grain,
                 DenseLoop<T> loop, const void* function) {
  std::array<const T*, max_inputs> base;
  bool dense = out.is_contiguous();
  for (std::size_t k = 0; k < in.size(); ++k) {
    base[k] = static_cast<const T*>(in[k]->storage()->data());
    dense = dense && in[k]->shape() == out.shape() && in[k]->is_contiguous();
  }
  T* const to = static_cast<T*>(out.storage()->data());

  if (dense) {
    for (std::size_t k = 0; k < in.size(); ++k) base[k] += in[k]->layout().offset;
    elementwise_dense<T>(out.numel(), to + out.layout().offset, {base.data(), in.size()}, grain,
                         loop, function);
    return;
  }
  nest_of(out, in).parallel_walk(
      grain, [&](std::int64_t n, const std::int64_t* offsets, const std::int64_t* strides) {
        const bool all_ones = std::all_of(strides, strides + in.size() + 1,
                                          [](std::int64_t stride) { return stride == 1; });
        const std::int64_t step = all_ones ? n : detail::block;
        alignas(64) std::array<std::array<T, detail::block>, max_inputs + 1> buffers;
        for (std::int64_t begin = 0; begin < n; begin += step) {
          const std::int64_t m = std::min(step, n - begin);
          std::array<const T*, max_inputs> from{};
          for (std::size_t k = 0; k < in.size(); ++k) {
            const std::int64_t stride = strides[k + 1];
            from[k] = detail::packed(base[k] + offsets[k + 1] + begin * stride, stride, m,
                                     buffers[k].data());
          }
          T* const target = to + offsets[0] + begin * strides[0];
          T* const results = strides[0] == 1 ? target : buffers[max_inputs].data();
          loop(function, m, results, from.data());
          if (results == target) continue;
          for (std::int64_t i = 0; i < m; ++i) target[i * strides[0]] = results[i];
        }
      });
}

template void elementwise_dense(std::int64_t, float*, std::span<const float* const>, std::int64_t,
                                DenseLoop<float>, const void*);
template void elementwise_dense(std::int64_t, double*, std::span<const double* const>, std::int64_t,
                                DenseLoop<double>, const void*);
template void elementwise(const Tensor&, std::span<const Tensor* const>, std::int64_t,
                          DenseLoop<float>, const void*);
template void elementwise(const Tensor&, std::span<const Tensor* const>, std::int64_t,
                          DenseLoop<double>, const void*);

}  // namespace gradus::kernel
