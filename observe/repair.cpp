#include "gradus/observe/repair.h"

#include <algorithm>

#include "gradus/observe/search.h"
#include "gradus/observe/surgery.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

std::vector<Cure> cures_of(const Findings& findings) {
  std::vector<Cure> cures;
  for (const Finding& finding : findings.list) {
    for (const Remedy& remedy : finding.remedies) {
      if (std::ranges::count(cures, remedy.cure) == 0) cures.push_back(remedy.cure);
    }
  }
  return cures;
}

std::vector<std::string> advice_for(const Plan& plan, const Outcome& after,
                                    const WhatIfOptions& options) {
  std::vector<std::string> advice;
  if (plan.rate != 1) {
    advice.push_back(fmt::format("train at rate {:g} instead of {:g}", after.lr, options.lr));
  }
  if (plan.clip_norm > 0) {
    advice.push_back(fmt::format(
        "optim::clip_grad_norm_(net.parameters(), {:g});  // between backward() and step()",
        plan.clip_norm));
  }
  if (!plan.empty()) {
    advice.push_back("make a new optimiser from net.parameters(): the old one remembers what was");
  }
  return advice;
}

Repair apply_best(nn::Module& net, const std::vector<Cure>& named, bool only_if_sick,
                  const Batch& batch, const LossFunction& loss, const WhatIfOptions& options) {
  Repair result;
  Plan plan;
  {
    Search search(net, batch, loss, options);
    result.before = search.untouched();
    const bool leave = only_if_sick && search.is_healthy();
    Search::Tried best = leave ? Search::Tried{{}, result.before} : search.run(named);
    plan = best.plan;
    result.after = best.outcome;
  }
  if (!plan.empty()) result.changes = apply(net, plan, batch, loss, options.seed);
  result.cures = plan.cures();
  result.lr = result.after.lr;
  result.clip_norm = result.after.clip_norm;
  result.advice = advice_for(plan, result.after, options);
  return result;
}

}  // namespace

Repair repair(nn::Module& net, const Batch& batch, const LossFunction& loss,
              const WhatIfOptions& options, Where at) {
  ContextScope scope(entering("repair", at));
  return apply_best(net, {}, true, batch, loss, options);
}

Repair repair(nn::Module& net, const Findings& findings, const Batch& batch,
              const LossFunction& loss, const WhatIfOptions& options, Where at) {
  ContextScope scope(entering("repair", at));
  if (findings.empty()) {
    Repair nothing;
    nothing.lr = options.lr;
    nothing.clip_norm = options.clip_norm;
    return nothing;
  }
  return apply_best(net, cures_of(findings), false, batch, loss, options);
}

std::string to_string(const Repair& repair) {
  std::string text = repair.after.title;
  for (const std::string& line : repair.changes) text += "\n  " + line;
  return text;
}

}  // namespace gradus::observe
