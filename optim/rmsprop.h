#pragma once

#include "gradus/optim/optimizer.h"

namespace gradus::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
};
/// Throws Error on a negative number, or alpha > 1.
void validate(const RMSpropOptions& options);
std::vector<Option> describe(RMSpropOptions& options);

/// RMSprop (Tieleman & Hinton 2012), as torch.optim.RMSprop: with g = grad + weight_decay p,
///   v = alpha v + (1 - alpha) g^2,  u = g / (sqrt(v) + eps)
///   b = momentum b + u,  p = p - lr b      (p - lr u without momentum)
/// centered (Graves 2013) takes the square of a running mean of g from v under the root.
class RMSprop final : public OptimizerOf<RMSpropOptions> {
 public:
  explicit RMSprop(const std::vector<Tensor>& params, const RMSpropOptions& options = {},
                   Where at = Where::here());
  explicit RMSprop(const std::vector<Group>& groups, Where at = Where::here());

 private:
  BufferSet buffers_for(const RMSpropOptions& options) const override;
  void update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
              std::int64_t n) const override;
};

}  // namespace gradus::optim
