#include "gradus/tensor/finite.h"

#include <atomic>

#include "gradus/tensor/iterate.h"

namespace gradus::kernel {

bool all_finite(const Tensor& x) {
  if (!x.defined() || !x.is_floating()) return true;
  std::atomic<bool> finite{true};
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* data = x.data<T>() - x.layout().offset;
    Nest nest = Nest::any_order(x.shape(), {x.layout()});
    nest.parallel_walk(1 << 17,
                       [&](std::int64_t n, const std::int64_t* at, const std::int64_t* by) {
                         // x - x is 0 for a finite number and NaN for any other, so the sum tells
                         // without a branch.
                         T sum = 0;
                         for (std::int64_t i = 0; i < n; ++i) {
                           T value = data[at[0] + i * by[0]];
                           sum += value - value;
                         }
                         if (!(sum == 0)) finite.store(false, std::memory_order_relaxed);
                       });
  });
  return finite.load(std::memory_order_relaxed);
}

}  // namespace gradus::kernel
