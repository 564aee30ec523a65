#pragma once

#include "gradus/optim/optimizer.h"

namespace gradus::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};
/// Throws Error on a negative number, or nesterov without momentum or with dampening.
void validate(const SGDOptions& options);
std::vector<Option> describe(SGDOptions& options);

/// Stochastic gradient descent, as torch.optim.SGD: with g = grad + weight_decay p,
///   b = g at the first step, then momentum b + (1 - dampening) g
///   p = p - lr (nesterov ? g + momentum b : b)      (p - lr g without momentum)
/// `optim::SGD(net.parameters(), {.lr = 0.1, .momentum = 0.9})`
class SGD final : public OptimizerOf<SGDOptions> {
 public:
  explicit SGD(const std::vector<Tensor>& params, const SGDOptions& options = {},
               Where at = Where::here());
  explicit SGD(const std::vector<Group>& groups, Where at = Where::here());

 private:
  BufferSet buffers_for(const SGDOptions& options) const override;
  void update(const Slot& slot, const Tensor& param, const Tensor& grad, std::int64_t begin,
              std::int64_t n) const override;
};

}  // namespace gradus::optim
