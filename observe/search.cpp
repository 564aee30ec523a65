#include "gradus/observe/search.h"

#include <algorithm>
#include <cmath>

#include "gradus/observe/lint.h"

namespace gradus::observe {
namespace {

constexpr double kTrains = 0.3;   // learned() of a cure, in the longer trial
constexpr double kLearns = 0.02;  // and of a network that is slow but not sick
constexpr double kBetter = 0.05;  // what a change must gain
constexpr int kLonger = 4;

bool learns_slowly(const Outcome& o) {
  const double fall = (o.first_loss - o.last_loss) / std::max(std::abs(o.constant_loss), 1e-30);
  return o.learned() >= kLearns && fall >= kLearns / 2;
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
  std::ranges::stable_sort(plans, {}, rank);
}

}  // namespace

Search::Search(nn::Module& net, const Batch& batch, const LossFunction& loss,
               const WhatIfOptions& options)
    : net_(net), batch_(batch), options_(options), trials_(net, batch, loss, options) {}

const Outcome& Search::untouched() {
  if (!untouched_) untouched_ = trials_.run({}, options_.steps * kLonger);
  return *untouched_;
}

bool Search::is_healthy() {
  if (!untouched().finite || !learns_slowly(untouched()) || !ratio_within(untouched(), 1e4)) {
    return false;
  }
  if (trials_.run({.other_loss = true}, 1).not_applicable.empty()) return false;
  const LintReport report = lint(net_, {.batch = batch_.inputs});
  return std::ranges::none_of(report.remarks, [](const Remark& remark) {
    return remark.severity == Severity::Error &&
           (remark.rule == "equal-units" || remark.rule == "zero-layer");
  });
}

/// The gradient arrives, but the loss hardly falls.
bool Search::is_slow() {
  return untouched().finite && ratio_within(untouched(), 30) &&
         untouched().first_loss - untouched().last_loss <
             kBetter * std::abs(untouched().constant_loss);
}

bool Search::works(const Outcome& outcome) {
  return outcome.learned() >= kTrains && outcome.learned() > untouched().learned() + kBetter;
}

std::optional<Search::Tried> Search::accepted(const std::vector<Plan>& plans) {
  for (const Plan& plan : plans) {
    Outcome outcome = trials_.run(plan, options_.steps);
    if (!outcome.not_applicable.empty()) continue;
    short_.push_back({plan, outcome});
    if (outcome.learned() < 0.1) continue;
    const Tried longer = try_longer(plan);
    if (works(longer.outcome)) return with_best_rate(longer);
  }
  return {};
}

Search::Tried Search::try_longer(const Plan& plan) {
  const Tried tried{plan, trials_.run(plan, options_.steps * kLonger)};
  if (tried.outcome.score() > best_.outcome.score() + kBetter) best_ = tried;
  return tried;
}

/// A rate that is a tenth of one that works may work better.
Search::Tried Search::with_best_rate(Tried tried) {
  while (tried.plan.rate < 1 && tried.plan.rate > 1e-4) {
    Plan lower = tried.plan;
    lower.rate /= 10;
    const Tried next = try_longer(lower);
    if (next.outcome.score() < tried.outcome.score() + kBetter) break;
    tried = next;
  }
  return tried;
}

Search::Tried Search::run(const std::vector<Cure>& named_first) {
  best_ = {Plan(), untouched()};
  std::vector<Plan> plans = first_line();
  if (!is_slow()) std::erase_if(plans, [](const Plan& plan) { return plan.rate > 1; });
  put_named_first(named_first, plans);
  for (std::size_t level = 0; level < 3; ++level) {
    const std::size_t before = short_.size();
    if (const auto found = accepted(plans)) return *found;
    std::vector<Tried> bases(short_.begin() + static_cast<std::ptrdiff_t>(before), short_.end());
    std::ranges::stable_sort(bases, std::ranges::greater(),
                             [](const Tried& t) { return t.outcome.score(); });
    plans.clear();
    for (std::size_t b = 0; b < std::min<std::size_t>(bases.size(), 2 - level / 2); ++b) {
      for (const Plan& companion : companions()) {
        Plan plan = combined(bases[b].plan, companion);
        if (plan.cures().size() > bases[b].plan.cures().size()) plans.push_back(std::move(plan));
      }
    }
  }
  return best_;
}

}  // namespace gradus::observe
