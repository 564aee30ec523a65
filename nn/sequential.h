#pragma once

#include "gradus/nn/module_list.h"

namespace gradus::nn {

/// Modules one after another: each takes the output of the one before. Without modules it returns
/// its input.
///
///   auto net = nn::Sequential{nn::Linear(64, 128), nn::ReLU(), nn::Linear(128, 10)};
///
/// Note [Order of construction]: braces make the layers from left to right, so that for a seed they
/// get PyTorch's initial values. In parentheses C++ leaves the order to the compiler (GCC begins at
/// the right), and the same seed gives other, equally good, values. So it is with Residual.
class Sequential : public ModuleList {
 public:
  using ModuleList::ModuleList;
  Tensor forward(const Tensor& x) override;
};

}  // namespace gradus::nn
