#include "gradus/nn/shape.h"

#include "gradus/autograd/ops.h"

namespace gradus::nn {

Tensor Flatten::forward(const Tensor& x) { return flatten(x, start_, end_, caller()); }

std::string Flatten::extra_repr() const {
  return fmt::format("start_dim={}, end_dim={}", start_, end_);
}

}  // namespace gradus::nn
