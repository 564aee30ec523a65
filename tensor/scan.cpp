#include <type_traits>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/lines-inl.h"
#include "gradus/tensor/ops.h"

namespace gradus::kernel {

Tensor cumsum(const Tensor& x, std::int64_t dim) {
  int wrapped = wrap_dim(dim, x.dim());
  if (x.dtype() == boolean) return cumsum(to(x, int64), dim);
  Tensor out = empty(x.shape(), x.dtype());
  visit(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) {
      map_lines<T>(
          out, wrapped,
          [](std::int64_t n, T* y, const T* line) {
            // Floats are added up in double, as in sum().
            std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t> total = 0;
            for (std::int64_t i = 0; i < n; ++i) {
              total += line[i];
              y[i] = static_cast<T>(total);
            }
          },
          x);
    }
  });
  return out;
}

}  // namespace gradus::kernel
