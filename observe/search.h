#pragma once

#include "gradus/observe/trial.h"

namespace gradus::observe {

/// Looks for the remedies that make a network learn the batch.
///
/// Note [Search for a cure]
/// Plans are tried in causal order, each for `steps` steps. One that shows any learning is trained
/// for 4 times as long, and the first that then has learned() >= 0.3 is taken: the most causal cure
/// that works, not the fastest. Where none does, the two best are combined with others, up to three
/// remedies together. If nothing reaches 0.3, the best is taken that clearly does better than the
/// untouched network.
class Search {
 public:
  /// All must outlive the search.
  Search(nn::Module& net, const Batch& batch, const LossFunction& loss,
         const WhatIfOptions& options);

  /// Whether the network learns as it is, if slowly, and nothing speaks against it: neither its
  /// gradients nor equal units, layers of zeros, or an output that does not fit the loss.
  bool is_healthy();

  /// A plan, with its longer trial; the empty one where none does better than nothing. Those whose
  /// cures are named come first, in that order.
  struct Tried {
    Plan plan;
    Outcome outcome;
  };
  Tried run(const std::vector<Cure>& named_first);

  /// The longer trial of the network as it is.
  const Outcome& untouched();

 private:
  std::optional<Tried> accepted(const std::vector<Plan>& plans);
  bool is_slow();
  Tried try_longer(const Plan& plan);
  Tried with_best_rate(Tried tried);
  bool works(const Outcome& outcome);

  nn::Module& net_;
  const Batch& batch_;
  const WhatIfOptions& options_;
  Trials trials_;
  std::optional<Outcome> untouched_;
  std::vector<Tried> short_;  // every applicable plan that was tried
  Tried best_;                // of the longer trials
};

}  // namespace gradus::observe
