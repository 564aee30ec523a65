#include "gradus/autograd/anomaly.h"

#include <algorithm>

#include "gradus/tensor/context.h"
#include "gradus/tensor/finite.h"

namespace gradus {

void check_finite(const Tensor& output, std::span<const Tensor* const> inputs) {
  if (kernel::all_finite(output)) return;
  bool from_finite = std::all_of(inputs.begin(), inputs.end(),
                                 [](const Tensor* x) { return kernel::all_finite(*x); });
  if (!from_finite) return;
  bool backward = context.backward_of != nullptr && context.backward_of == context.op;
  fail(backward ? "its gradient is NaN or infinite, though the gradient it was given is finite"
                : "its result is NaN or infinite, though its inputs are finite");
}

}  // namespace gradus
