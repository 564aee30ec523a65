#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gradus/nn/module.h"
#include "gradus/observe/findings.h"
#include "gradus/optim/optimizer.h"

namespace gradus::observe {

/// Inputs as the network takes them, targets as the loss does: of one training step.
struct Batch {
  Tensor inputs;
  Tensor targets;
};

/// The scalar that is minimised: a loss module, or anything else to call.
using LossFunction = std::function<Tensor(const Tensor& output, const Tensor& target)>;

using OptimizerFactory =
    std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>& params, double lr)>;

/// How the network is trained at present, and what may be tried.
struct WhatIfOptions {
  double lr = 0.01;
  double clip_norm = 0;             ///< 0: nothing is clipped
  OptimizerFactory optimizer = {};  ///< none: SGD without momentum
  int steps = 40;                   ///< of each trial
  std::uint64_t seed = 0;           ///< of new initial values and drawn samples
  /// Each step is on as many samples as the batch has, drawn from it with replacement: as noisy as
  /// with fresh batches. Not where samples depend on each other, as in a contrastive loss, or do
  /// not lie along the first dimension.
  bool resample = true;
  std::optional<std::vector<Cure>> cures = {};  ///< to try; none: all
};

/// What a few steps on the batch did to a network, as it is or with some remedies applied.
struct Outcome {
  std::vector<Cure> cures;           ///< applied together; empty for the untouched network
  std::string title;                 ///< "matched initialisation"
  std::vector<std::string> changes;  ///< "layer '3': Sigmoid -> ReLU"
  std::string not_applicable;        ///< why they could not be tried to the end; else empty
  double lr = 0;
  double clip_norm = 0;  ///< 0: nothing is clipped

  bool finite = false;    ///< the loss was, all along
  double first_loss = 0;  ///< before the first step
  double last_loss = 0;   ///< in evaluation mode after the last; the last finite one if it was not
  /// What the loss would be if every sample had the same output, in the best case that has been
  /// met: a network that tells samples apart does better.
  double constant_loss = 0;
  /// First over last RMS of dL/dz of the hidden linear layers, before the first step and after the
  /// last; absent where there are fewer than two, or no gradient arrived.
  std::optional<double> first_ratio;
  std::optional<double> last_ratio;
  /// How far the weight that moved most did, against its size at first: RMS over RMS.
  double largest_move = 0;

  /// The share of the constant output's loss that is gone: 0 for a network that says the same of
  /// all samples, 1 for one that has learned the batch by heart, less than 0 for a confused one.
  double learned() const;
  /// Greater is better: learned(), less a tenth for each decade of the gradient ratio beyond two.
  double score() const;
};

struct WhatIf {
  Outcome untouched;
  std::vector<Outcome> outcomes;  ///< best first, those that are not applicable last
  int steps = 0;
  std::int64_t samples = 0;
};

/// Tries each remedy on the network, for a few steps on one batch, and ranks them. The network is
/// left as it was: values, gradients, versions, structure, modes, buffers, the default generator.
/// Monitors do not see the trials; the network's own hooks are called, those of its parameters are
/// not. Remedies that change the structure work on modules in a Sequential, wherever in the network
/// it is. Throws Error where the network does not run on the batch, or the loss is not a scalar.
///
///   fmt::print("{}\n", observe::what_if(net, {x, y}, nn::CrossEntropyLoss(), {.lr = 0.1}));
WhatIf what_if(nn::Module& net, const Batch& batch, const LossFunction& loss,
               const WhatIfOptions& options = {}, Where at = Where::here());

/// A table, 80 columns wide.
std::string to_string(const WhatIf& what_if);

}  // namespace gradus::observe

template <>
struct fmt::formatter<gradus::observe::WhatIf> : gradus::TextFormatter {
  auto format(const gradus::observe::WhatIf& what_if, fmt::format_context& ctx) const {
    return write(gradus::observe::to_string(what_if), ctx);
  }
};
