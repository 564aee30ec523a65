#include "gradus/observe/remedy/search.h"

#include <algorithm>
#include <cmath>

#include "gradus/autograd/grad_mode.h"
#include "gradus/autograd/operators.h"
#include "gradus/observe/sort_stably.h"
#include "gradus/observe/theory/recursion.h"
#include "gradus/tensor/context.h"
#include "gradus/tensor/statistics.h"

namespace gradus::observe {
namespace {

// Of worth(), see there.
constexpr double kExcellent = 0.7;
constexpr double kGood = 0.5;
constexpr double kFair = 0.15;
constexpr double kSlow = 0.02;     // learned() of a network that is slow but not sick
constexpr double kUnsteady = 0.6;  // of its worth is left to a plan on the brink of divergence
constexpr double kAbout = 0.75;    // of the best, to do about as well
constexpr double kBetter = 0.05;   // what a change must gain
constexpr double kAsFar = 0.9;     // of the best one's score after the longer trial
// Scores of a shorter trial: one that makes the plan excellent if the longer trial is perfect, and
// one that is worth a longer trial where the plan is more causal than an excellent one.
constexpr double kPromising = 2 * kExcellent - 1;
constexpr double kSome = 0.1;
constexpr int kLonger = 4;

bool learns_slowly(const Outcome& o) {
  const double fall = (o.first_loss - o.last_loss) / std::max(std::abs(o.constant_loss), 1e-30);
  return o.learned() >= kSlow && fall >= kSlow / 2;
}

bool ratio_within(const Outcome& o, double factor) {
  const auto inside = [&](const std::optional<double>& ratio) {
    return !ratio || (*ratio > 1 / factor && *ratio < factor);
  };
  return inside(o.first_ratio) && inside(o.last_ratio);
}

/// Plans made of nothing but named cures first, by the last named of them; the others as they were.
void put_named_first(const std::vector<Cure>& named, std::vector<Plan>& plans) {
  const auto rank = [&](const Plan& plan) {
    std::ptrdiff_t last = 0;
    for (Cure cure : plan.cures())
      last = std::max(last, std::ranges::find(named, cure) - named.begin());
    return last;
  };
  sort_stably(plans, std::less(), rank);
}

}  // namespace

Search::Search(nn::Module& net, const Batch& batch, const LossFunction& loss,
               const WhatIfOptions& options)
    : net_(net), batch_(batch), options_(options), trials_(net, batch, loss, options) {}

const Outcome& Search::untouched() { return outcome_of({}, options_.steps * kLonger); }

const Outcome& Search::outcome_of(const Plan& plan, int steps) {
  const auto [found, is_new] = outcomes_.try_emplace({plan.title(), steps});
  if (is_new) found->second = trials_.run(plan, steps);
  return found->second;
}

bool Search::is_healthy() {
  return untouched().finite && learns_slowly(untouched()) && ratio_within(untouched(), 1e4) &&
         !outcome_of({.other_loss = true}, 1).not_applicable.empty() && !has_equal_units();
}

/// Whether all units of a hidden layer have the same weights, but for rounding; if so they are 0.
bool Search::has_equal_units() const {
  NoGrad no_grad;
  const Trace run = trace(net_, batch_.inputs, context.at);
  for (std::size_t i = 0; i < run.layers.size(); ++i) {
    const Tensor weight = role_of(run.layers[i]).weight;
    if (!weight.defined() || weight.size(0) < 2 || std::ranges::count(run.end.sources, i) > 0) {
      continue;
    }
    const double apart = statistics(weight - weight[Slice(0, 1)]).rms;
    if (apart <= 1e-4 * statistics(weight).rms) return true;
  }
  return false;
}

/// The gradient arrives everywhere, but the weights hardly move.
bool Search::is_slow() {
  return untouched().finite && untouched().largest_move > 0 && untouched().largest_move < 0.01 &&
         ratio_within(untouched(), 30);
}

/// At the end, or sooner. An output that does not fit the loss is wrong even where it learns.
bool Search::is_better(const Tried& tried) {
  if (tried.outcome.score() > untouched().score() + kBetter) return true;
  if (tried.outcome.score() < untouched().score() - kBetter) return false;
  return tried.plan.other_loss ||
         tried.shorter.score() > outcome_of({}, options_.steps).score() + kBetter;
}

/// The mean of both trials' scores: to have learned the batch after all is half of it, to have done
/// so soon the other.
double Search::Tried::worth() const {
  const double mean = (outcome.score() + std::max(shorter.score(), 0.0)) / 2;
  return steady ? mean : mean - (1 - kUnsteady) * std::abs(mean);
}

/// Learned about as much as soon, or steadily as much in the end.
bool Search::Tried::does_about_as_well_as(const Tried& best) const {
  if (worth() >= best.worth() - (1 - kAbout) * std::abs(best.worth())) return true;
  return steady && worth() >= kGood && outcome.score() >= kAsFar * best.outcome.score();
}

/// Other batches have other gradients than this one: a plan that three times the rate would undo
/// stands on the brink.
bool Search::is_steady(const Tried& tried) {
  Plan faster = tried.plan;
  faster.rate *= 3;
  return outcome_of(faster, options_.steps).learned() >= tried.shorter.learned() / 2;
}

bool Search::examine(const Tried& shorter) {
  Tried longer = try_longer(shorter);
  if (!is_better(longer)) return false;
  Tried tried = with_best_rate(std::move(longer));
  const bool learns = tried.worth() >= kExcellent;
  tried.steady = is_steady(tried);
  better_.push_back(tried);
  return learns && (tried.steady || is_excellent_at_lower_rate(tried));
}

/// Of a plan that lacks nothing but steadiness.
bool Search::is_excellent_at_lower_rate(const Tried& unsteady) {
  Plan slower = unsteady.plan;
  slower.rate *= 0.1;
  if (!is_allowed(slower)) return false;
  Tried tried = try_longer({slower, outcome_of(slower, options_.steps), {}, unsteady.order});
  if (!is_better(tried)) return false;
  tried.steady = is_steady(tried);
  better_.push_back(tried);
  return tried.worth() >= kExcellent;
}

bool Search::is_allowed(const Plan& plan) const {
  return !options_.cures || std::ranges::all_of(plan.cures(), [&](Cure cure) {
    return std::ranges::count(*options_.cures, cure) > 0;
  });
}

bool Search::find_excellent(const std::vector<Plan>& plans) {
  std::vector<Tried> doubtful;
  for (const Plan& plan : plans) {
    if (!is_allowed(plan)) continue;
    Tried tried{plan, outcome_of(plan, options_.steps), {}, tried_.size()};
    if (!tried.outcome.not_applicable.empty()) continue;
    tried_.push_back(tried);
    if (tried.outcome.score() < kPromising) {
      doubtful.push_back(std::move(tried));
    } else if (examine(tried)) {
      for (const Tried& t : doubtful) {
        if (t.outcome.score() >= kSome) examine(t);
      }
      return true;
    }
  }
  sort_stably(doubtful, std::greater(), [](const Tried& t) { return t.outcome.score(); });
  for (std::size_t i = 0; i < std::min<std::size_t>(doubtful.size(), 3); ++i) {
    if (doubtful[i].outcome.finite && examine(doubtful[i])) return true;
  }
  return false;
}

Search::Tried Search::try_longer(const Tried& shorter) {
  return {shorter.plan, outcome_of(shorter.plan, options_.steps * kLonger), shorter.outcome,
          shorter.order};
}

/// Ten times as low a rate, or as high, may work better still.
Search::Tried Search::with_best_rate(Tried tried) {
  while (tried.plan.rate != 1) {
    Plan further = tried.plan;
    further.rate *= further.rate < 1 ? 0.1 : 10;
    Tried next = try_longer({further, outcome_of(further, options_.steps), {}, tried.order});
    if (!(next.worth() > tried.worth() + kBetter)) break;
    tried = std::move(next);
  }
  return tried;
}

const Search::Tried* Search::highest() const {
  const auto found = std::ranges::max_element(better_, {}, &Tried::worth);
  return found == better_.end() ? nullptr : &*found;
}

Search::Tried Search::best() {
  const Tried* highest = this->highest();
  if (highest == nullptr) return {Plan(), untouched(), {}};
  const Tried* first = highest;
  for (const Tried& t : better_) {
    if (t.order < first->order && t.does_about_as_well_as(*highest)) first = &t;
  }
  return *first;
}

/// The best of the plans tried since `from`, each with one remedy more.
std::vector<Plan> Search::with_companions(std::size_t from, std::size_t bases) const {
  std::vector<Tried> best(tried_.begin() + static_cast<std::ptrdiff_t>(from), tried_.end());
  sort_stably(best, std::greater(), [](const Tried& t) { return t.outcome.score(); });
  std::vector<Plan> plans;
  for (std::size_t b = 0; b < std::min(bases, best.size()); ++b) {
    for (const Plan& companion : companions()) {
      Plan plan = combined(best[b].plan, companion);
      if (plan.cures().size() > best[b].plan.cures().size()) plans.push_back(std::move(plan));
    }
  }
  return plans;
}

Search::Tried Search::run(const std::vector<Cure>& named_first) {
  std::vector<Plan> plans =
      first_line(is_slow() || std::ranges::count(named_first, Cure::HigherRate) > 0);
  put_named_first(named_first, plans);
  if (find_excellent(plans) || find_excellent(second_line())) return best();
  std::size_t since = 0, bases = 2;
  for (const double enough : {kGood, kFair}) {
    if (highest() != nullptr && highest()->worth() >= enough) break;
    plans = with_companions(since, bases);
    since = tried_.size();
    bases = 1;
    if (find_excellent(plans)) break;
  }
  return best();
}

}  // namespace gradus::observe
