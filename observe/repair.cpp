#include "gradus/observe/repair.h"

#include <algorithm>

#include "gradus/observe/remedy/search.h"
#include "gradus/observe/remedy/surgery.h"
#include "gradus/observe/wrapped.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/statistics.h"

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

std::vector<std::string> advice_for(const Plan& plan, const Repair& repair,
                                    const WhatIfOptions& options) {
  std::vector<std::string> advice;
  if (plan.rate != 1) {
    advice.push_back(fmt::format("train at rate {:g} instead of {:g}", repair.lr, options.lr));
  }
  if (plan.clip_norm > 0) {
    advice.push_back(fmt::format(
        "optim::clip_grad_norm_(net.parameters(), {:g});  // between backward() and step()",
        plan.clip_norm));
  }
  if (plan.initializes() || plan.changes_structure()) {
    advice.emplace_back("make a new optimiser from net.parameters(), and a new Monitor");
  }
  return advice;
}

Repair untouched(const std::string& verdict, const WhatIfOptions& options) {
  Repair repair;
  repair.verdict = verdict;
  repair.lr = options.lr;
  repair.clip_norm = options.clip_norm;
  return repair;
}

std::string not_to_be_mended(const Batch& batch) {
  if (!batch.inputs.defined() || !batch.inputs.is_floating()) return "";
  const Statistics x = statistics(batch.inputs.detach());
  if (x.nonfinite == 0) return "";
  return fmt::format("{} of {} inputs are NaN or infinite, which no change to the network mends",
                     x.nonfinite, x.count);
}

Repair apply_best(nn::Module& net, const std::vector<Cure>& named, bool only_if_sick,
                  const Batch& batch, const LossFunction& loss, const WhatIfOptions& options) {
  if (const std::string why = not_to_be_mended(batch); !why.empty()) {
    return untouched("left as it is: " + why, options);
  }
  Repair result;
  Plan plan;
  {
    Search search(net, batch, loss, options);
    result.before = result.after = search.untouched();
    if (only_if_sick && search.is_healthy()) {
      result.verdict = "left as it is: the network learns";
    } else {
      const Search::Tried best = search.run(named);
      plan = best.plan;
      result.after = best.outcome;
      result.verdict = plan.empty() ? "left as it is: no remedy made it learn better"
                                    : "repaired: " + plan.title();
    }
  }
  if (!plan.empty()) result.changes = apply(net, plan, batch, loss, options.seed);
  result.cures = plan.cures();
  result.lr = result.after.lr;
  result.clip_norm = result.after.clip_norm;
  result.advice = advice_for(plan, result, options);
  return result;
}

std::string course(const Outcome& outcome) {
  if (!outcome.not_applicable.empty()) return outcome.not_applicable;
  std::string text =
      outcome.finite ? fmt::format("loss {:.3g} -> {:.3g}", outcome.first_loss, outcome.last_loss)
                     : std::string("loss not finite");
  if (outcome.last_ratio) {
    text += fmt::format(", dL/dz first/last {:.2g}", *outcome.last_ratio);
  }
  return text;
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
  if (!findings.empty()) return apply_best(net, cures_of(findings), false, batch, loss, options);
  return untouched("left as it is: there are no findings", options);
}

std::string to_string(const Repair& repair) {
  std::string text = wrapped(repair.verdict, 2);
  for (const std::string& line : repair.changes) text += "\n  " + wrapped(line, 4, 2);
  if (!repair.advice.empty()) text += "\nleft to the program:";
  for (const std::string& line : repair.advice) text += "\n  " + line;
  if (repair.before.title.empty()) return text;  // nothing was tried
  text += "\non the batch, as it was: " + course(repair.before);
  if (repair.changed()) text += "\non the batch, now:       " + course(repair.after);
  return text;
}

}  // namespace gradus::observe
