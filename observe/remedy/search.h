#pragma once

#include <map>

#include "gradus/observe/remedy/trial.h"

namespace gradus::observe {

/// Looks for the remedies that make a network learn the batch.
///
/// Note [Search for a cure]
/// Plans are tried in causal order, each for `steps` steps, and where that promises an excellent
/// result for 4 times as long. At the first of which worth() reaches 0.7 the search ends: earlier
/// ones that could still do about as well are tried for longer, too, and the most causal of those
/// that do is taken, not the best. Where none is excellent, the three best of the others are tried
/// for longer, and then those plans that train nearly any deep network; if nothing reaches 0.5 by
/// then, the two best so far with one remedy more each; and if that does not reach 0.15, the best
/// with yet another. A plan that three times its rate would undo counts for less, and a tenth of
/// its rate is tried, too. Nothing is taken that is not clearly better than the untouched network,
/// at the end or sooner.
class Search {
 public:
  /// All must outlive the search.
  Search(nn::Module& net, const Batch& batch, const LossFunction& loss,
         const WhatIfOptions& options);

  /// Whether the network learns as it is, if slowly, and nothing speaks against it: neither its
  /// gradients nor units that are all equal, nor an output that does not fit the loss.
  bool is_healthy();

  /// A plan, with its longer trial; the empty one where none does better than nothing. Those whose
  /// cures are named come first, in that order.
  struct Tried {
    Plan plan;
    Outcome outcome;
    Outcome shorter;        ///< of the shorter trial, where `outcome` is of the longer
    std::size_t order = 0;  ///< among all plans that were tried
    bool steady = true;     ///< a somewhat higher rate would do, too
    double worth() const;
    bool does_about_as_well_as(const Tried& best) const;
  };
  Tried run(const std::vector<Cure>& named_first);

  /// The longer trial of the network as it is.
  const Outcome& untouched();

 private:
  /// Tries each, until one is excellent.
  bool find_excellent(const std::vector<Plan>& plans);
  /// Trains for longer and takes note of what is better. Whether it is excellent.
  bool examine(const Tried& shorter);
  bool is_excellent_at_lower_rate(const Tried& unsteady);
  bool is_better(const Tried& tried);
  bool is_steady(const Tried& tried);
  Tried try_longer(const Tried& shorter);
  Tried with_best_rate(Tried tried);
  bool is_slow();
  bool is_allowed(const Plan& plan) const;
  bool has_equal_units() const;
  const Tried* highest() const;  ///< null where none is better than the untouched network
  /// The most causal of those that do about as well as the best.
  Tried best();
  std::vector<Plan> with_companions(std::size_t from, std::size_t bases) const;
  /// Of one trial, which is made when it is first asked for.
  const Outcome& outcome_of(const Plan& plan, int steps);

  nn::Module& net_;
  const Batch& batch_;
  const WhatIfOptions& options_;
  Trials trials_;
  std::map<std::pair<std::string, int>, Outcome> outcomes_;  // by the plan's title and the steps
  std::vector<Tried> tried_;                                 // shorter trials
  std::vector<Tried> better_;  // longer trials that do better than the untouched network
};

}  // namespace gradus::observe
