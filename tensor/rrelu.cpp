#include "gradus/tensor/creation.h"
#include "gradus/tensor/generator.h"
#include "gradus/tensor/iterate.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {

Tensor rrelu_slopes(const Tensor& x, double lower, double upper, Generator* generator) {
  check(x.is_floating(), "needs a float32 or float64 tensor, not {}; convert it with to(float32)",
        x.dtype());
  Tensor slopes = empty_like(x);
  Draws draws(generator);
  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(x.storage()->data());
    T* to = slopes.data<T>();
    const Nest nest = Nest::in_order(x.shape(), {x.layout()});
    nest.walk(0, nest.numel(),
              [&](std::int64_t n, const std::int64_t* offsets, const std::int64_t* strides) {
                for (std::int64_t i = 0; i < n; ++i) {
                  const T value = from[offsets[0] + i * strides[0]];
                  // PyTorch draws in double for either dtype.
                  *to++ = value <= 0
                              ? static_cast<T>(draws.uniform<double>() * (upper - lower) + lower)
                              : T{1};
                }
              });
  });
  return slopes;
}

}  // namespace gradus::kernel
