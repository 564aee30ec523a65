#pragma once

#include "gradus/observe/remedy/trial.h"

namespace gradus::observe {

/// Looks for the remedies that make a network learn the batch.
///
/// Note [Search for a cure]
/// Plans are tried in causal order, each for `steps` steps, and where that promises an excellent
/// result for 4 times as long. The first of which worth() reaches 0.7 is taken: the most causal
/// cure that works well, not the fastest. Where none does, the three best of the others are tried
/// for longer, too, and it is the most causal of those that do about as well as the best, if that
/// reaches 0.5. Else come three remedies that together train nearly any deep network, and the two
/// best so far with one more each; if that does not reach 0.15, the best with yet another. A plan
/// that three times its rate would undo counts for less, and nothing is taken that is not clearly
/// better than the untouched network, at the end or sooner. The trials are noisy, see Note [Trials
/// stand in for training]: a lower standard would take what learns a batch only just.
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
    Outcome shorter;     ///< of the shorter trial, where `outcome` is of the longer
    bool steady = true;  ///< a somewhat higher rate would do, too
    double worth() const;
  };
  Tried run(const std::vector<Cure>& named_first);

  /// The longer trial of the network as it is.
  const Outcome& untouched();

 private:
  /// Tries each, until one is excellent.
  bool find_excellent(const std::vector<Plan>& plans);
  /// Trains for longer and takes note of what is better. Whether it is excellent.
  bool examine(const Tried& shorter);
  bool is_better(const Tried& tried);
  bool is_steady(const Tried& tried);
  Tried try_longer(const Plan& plan, const Outcome& shorter);
  Tried with_best_rate(Tried tried);
  bool is_slow();
  bool is_allowed(const Plan& plan) const;
  bool has_equal_units() const;
  /// An excellent one, else the most causal of those that do about as well as the best.
  Tried best() const;
  std::vector<Plan> with_companions(std::size_t from, std::size_t bases) const;

  nn::Module& net_;
  const Batch& batch_;
  const WhatIfOptions& options_;
  Trials trials_;
  std::optional<Outcome> untouched_, untouched_shorter_;
  std::vector<Tried> tried_;   // shorter trials
  std::vector<Tried> better_;  // longer trials that do better than the untouched network
};

}  // namespace gradus::observe
