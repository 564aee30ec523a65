#include <cmath>

#include "gradus/tensor/creation.h"
#include "gradus/tensor/line.h"
#include "gradus/tensor/ops.h"
#include "gradus/tensor/parallel.h"

namespace gradus::kernel {

Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim) {
  check(x.is_floating(), "needs floating-point numbers, got {}; convert with to(float32) first",
        x.dtype());
  Dims wrapped = wrap_dims(dims, x.dim());
  Tensor out = empty(reduced(x.shape(), wrapped, keepdim), x.dtype());
  std::int64_t results = out.numel();
  if (results == 0) return out;

  // The reduced dimensions move to the end, where they make rows.
  Dims order;
  for (int d = 0; d < x.dim(); ++d) {
    if (!wrapped.contains(d)) order.push_back(d);
  }
  if (x.dim() > 0) {
    for (std::int64_t d : wrapped) order.push_back(d);
  }
  Tensor rows = contiguous(x.alias(x.layout().permute(order)));
  std::int64_t n = x.numel() / results;

  visit_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = rows.data<T>();
    T* to = out.data<T>();
    std::int64_t grain = std::max<std::int64_t>((1 << 14) / std::max<std::int64_t>(n, 1), 1);
    parallel_for(0, results, grain, [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t k = b; k < e; ++k) {
        T top = line::max(n, from + k * n);
        // exp(x - top) is undefined at an infinite maximum, which then is the result.
        to[k] = std::isfinite(top)
                    ? top + static_cast<T>(std::log(line::sum_exp_minus(n, from + k * n, top)))
                    : top;
      }
    });
  });
  return out;
}

}  // namespace gradus::kernel
