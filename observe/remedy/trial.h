#pragma once

#include <limits>

#include "gradus/observe/remedy/plan.h"
#include "gradus/observe/remedy/sandbox.h"
#include "gradus/observe/what_if.h"

namespace gradus::observe {

/// Trains a network on one batch, with one plan after another, each from the state that the network
/// is in. At the end of the scope it is as it was.
///
/// Note [Trials stand in for training]
/// What learns one fixed batch by heart need not train on batches that change. So each step but the
/// first takes as many samples as the batch has, drawn from it with replacement: its gradient then
/// varies from step to step about as much as between fresh batches of that size (the bootstrap,
/// Efron 1979). The result is the loss of the whole batch in evaluation mode, since that is how the
/// network will be used: a batch norm may look well in training by the statistics of each batch
/// while the running ones never catch up with weights that move fast.
class Trials {
 public:
  /// All must outlive the trials. Throws Error where the network does not run on the batch, or the
  /// loss is not a scalar.
  Trials(nn::Module& net, const Batch& batch, const LossFunction& loss,
         const WhatIfOptions& options);

  Outcome run(const Plan& plan, int steps);
  double least_constant_loss() const { return least_constant_loss_; }

 private:
  void train(Outcome& outcome, int steps);
  void evaluate(Outcome& outcome);
  Batch resampled(Generator& generator) const;
  std::optional<double> gradient_ratio() const;

  nn::Module& net_;
  const Batch& batch_;
  const LossFunction& loss_;
  const WhatIfOptions& options_;
  Sandbox sandbox_;
  /// Of all trials: outputs in the thousands make a poor measure of what a constant can do.
  double least_constant_loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace gradus::observe
