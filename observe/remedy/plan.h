#pragma once

#include <string>
#include <vector>

#include "gradus/observe/findings.h"

namespace gradus::observe {

/// Remedies to be applied together.
struct Plan {
  bool other_loss = false;  ///< the output as the loss wants it
  bool scale_input = false;
  std::string activation = {};  ///< "ReLU", "ELU": the one to use; "" leaves them as they are
  bool batch_norm = false;
  bool residual = false;
  bool init = false;     ///< matched initialisation
  double rate = 1;       ///< factor on the learning rate
  double clip_norm = 0;  ///< 0: as before

  bool empty() const { return cures().empty(); }
  /// Most causal first.
  std::vector<Cure> cures() const;
  /// "matched initialisation, rate x 0.1".
  std::string title() const;
  /// Whether new initial values are drawn: new activations and skips want them too.
  bool initializes() const { return init || residual || !activation.empty(); }
  bool changes_structure() const {
    return other_loss || scale_input || !activation.empty() || batch_norm || residual;
  }
};

/// Both together; where they differ, what `second` says.
Plan combined(const Plan& first, const Plan& second);

/// The remedies one by one, in the order of cause before consequence, cheap ones first.
std::vector<Plan> single_remedies();

/// What to try first on a sick network, in that order: single remedies, and pairs of which one
/// alone seldom helps, as a lower rate after a high one has spoilt the weights.
/// Higher rates come first for a network that is `slow`, and for no other.
std::vector<Plan> first_line(bool slow);

/// What trains nearly any deep network of features that go from layer to layer unchanged in number.
std::vector<Plan> second_line();

/// What may help beside a plan that did not suffice.
std::vector<Plan> companions();

}  // namespace gradus::observe
