#pragma once

#include "gradus/tensor/tensor.h"

namespace gradus::data {

/// Samples and what is to be predicted of them: row i of `targets` belongs to row i of `inputs`.
/// A batch is a small one. `auto [x, y] = dataset;` takes it apart.
struct Dataset {
  Tensor inputs;   ///< (N, ...)
  Tensor targets;  ///< (N, ...); class labels are (N) int64

  std::int64_t size() const { return inputs.size(0); }
};

/// The part to learn from and the part held out. `auto [train, test] = data::digits();`
struct TrainTest {
  Dataset train;
  Dataset test;
};

}  // namespace gradus::data
