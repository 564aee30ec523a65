#pragma once

#include <limits>

#include "gradus/observe/remedy/plan.h"
#include "gradus/observe/remedy/sandbox.h"
#include "gradus/observe/what_if.h"

namespace gradus::observe {

/// Trains a network on one batch, with one plan after another, each from the state that the network
/// is in. At the end of the scope it is as it was.
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
