#include "gradus/observe/what_if.h"

#include <algorithm>
#include <cmath>

#include "gradus/observe/remedy/trial.h"
#include "gradus/observe/sort_stably.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {

double Outcome::learned() const {
  if (!finite) return -std::numeric_limits<double>::infinity();
  const double scale = std::abs(constant_loss);
  return scale > 0 && std::isfinite(scale) ? (constant_loss - last_loss) / scale : 0;
}

double Outcome::score() const {
  // Batch norm without skips, and SELU, change the gradient by some powers of ten by design.
  double decades = 0;
  for (const auto& ratio : {first_ratio, last_ratio}) {
    if (ratio && *ratio > 0) decades = std::max(decades, std::abs(std::log10(*ratio)));
  }
  return learned() - 0.1 * std::max(0.0, decades - 2);
}

WhatIf what_if(nn::Module& net, const Batch& batch, const LossFunction& loss,
               const WhatIfOptions& options, Where at) {
  ContextScope scope(entering("what_if", at));
  Trials trials(net, batch, loss, options);
  WhatIf result{.untouched = trials.run({}, options.steps),
                .outcomes = {},
                .steps = options.steps,
                .samples = batch.inputs.dim() > 0 ? batch.inputs.size(0) : 1};
  for (const Plan& plan : single_remedies()) {
    if (options.cures && std::ranges::count(*options.cures, plan.cures().front()) == 0) continue;
    result.outcomes.push_back(trials.run(plan, options.steps));
  }
  for (Outcome& o : result.outcomes) o.constant_loss = trials.least_constant_loss();
  result.untouched.constant_loss = trials.least_constant_loss();
  sort_stably(result.outcomes, std::greater(),
              [](const Outcome& o) { return std::pair(o.not_applicable.empty(), o.score()); });
  return result;
}

}  // namespace gradus::observe
