#include "gradus/observe/repair.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "gradus/observe/lint.h"
#include "gradus/observe/surgery.h"
#include "gradus/observe/trial.h"
#include "gradus/tensor/context.h"

namespace gradus::observe {
namespace {

constexpr double kTrains = 0.25;  // learned() from which a plan is taken for a cure

/// A plan with what came of it.
struct Tried {
  Plan plan;
  Outcome outcome;
};

class Search {
 public:
  Search(nn::Module& net, const Batch& batch, const LossFunction& loss,
         const WhatIfOptions& options)
      : trials_(net, batch, loss, options) {}

  const Outcome& untouched() {
    if (!untouched_) untouched_ = trials_.run({});
    return *untouched_;
  }

  /// The best of up to three remedies together; empty where none does better than nothing.
  Plan run(const std::vector<Plan>& remedies);

 private:
  Tried try_(const Plan& plan) { return {plan, trials_.run(plan)}; }

  Trials trials_;
  std::optional<Outcome> untouched_;
};

/// The most causal plan among those that do about as well as the best.
const Tried& choose(const std::vector<Tried>& tried) {
  const auto best =
      std::ranges::max_element(tried, {}, [](const Tried& t) { return t.outcome.score(); });
  const double enough = best->outcome.score() - 0.1;
  return *std::ranges::find_if(tried, [&](const Tried& t) { return t.outcome.score() >= enough; });
}

Plan Search::run(const std::vector<Plan>& remedies) {
  std::vector<Tried> bases{{Plan(), untouched()}};
  Tried chosen = bases[0];
  for (int depth = 0; depth < 3 && chosen.outcome.learned() < kTrains; ++depth) {
    std::vector<Tried> tried;
    for (const Tried& base : bases) {
      for (const Plan& remedy : remedies) {
        const Plan plan = combined(base.plan, remedy);
        if (plan.cures().size() <= base.plan.cures().size()) continue;
        tried.push_back(try_(plan));
        if (!tried.back().outcome.not_applicable.empty()) tried.pop_back();
      }
    }
    if (tried.empty()) break;
    const Tried& best = choose(tried);
    if (best.outcome.score() > chosen.outcome.score() + 0.02) chosen = best;
    std::ranges::stable_sort(tried, std::ranges::greater(),
                             [](const Tried& t) { return t.outcome.score(); });
    bases.clear();
    for (const Tried& t : tried) {
      const bool fresh_start = depth == 0 && t.plan.cures() == std::vector{Cure::MatchedInit};
      if (bases.size() < 2 || fresh_start) bases.push_back(t);
    }
  }
  return chosen.plan;
}

}  // namespace

Repair repair(nn::Module& net, const Batch& batch, const LossFunction& loss,
              const WhatIfOptions& options, Where at) {
  ContextScope scope(entering("repair", at));
  Repair result;
  Plan plan;
  {
    Search search(net, batch, loss, options);
    result.before = search.untouched();
    plan = search.run(single_remedies());
    Trials again(net, batch, loss, options);
    result.after = again.run(plan);
  }
  result.cures = plan.cures();
  result.lr = result.after.lr;
  result.clip_norm = result.after.clip_norm;
  result.changes = apply(net, plan, batch, loss, options.seed);
  return result;
}

std::string to_string(const Repair& repair) {
  std::string text = repair.after.title;
  for (const std::string& line : repair.changes) text += "\n  " + line;
  return text;
}

}  // namespace gradus::observe
